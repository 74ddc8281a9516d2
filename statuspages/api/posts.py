"""`status-pages/{id}/posts/`: what the page says of incidents, and notes that stay in the team."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, cast

from django.db import transaction
from django.utils import timezone
from django_filters import rest_framework as filters  # type: ignore[import-untyped]  # it ships no types
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import mixins, serializers, status
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.wire import LineField
from accounts.models import User
from incidents.api.incidents import AuthorSerializer, StatusField
from incidents.models import Incident, Severity
from incidents.reconcile import IncidentEvent
from monitors.api.serializers import KnownFieldsOnly
from statuspages import posts
from statuspages.api.nested import BIGGEST_ID, Attributes, InPage, find_components
from statuspages.models import Post, PostVisibility, StatusPage
from statuspages.prose import render_markdown


class ComponentIdsField(serializers.ListField):
    child = serializers.IntegerField(min_value=1, max_value=BIGGEST_ID)

    def to_representation(self, data: Any) -> list[int]:
        return sorted(component.pk for component in data.all())


class PostVisibilityField(serializers.ChoiceField):
    def __init__(self, **kwargs: Any) -> None:
        super().__init__(choices=PostVisibility.choices, **kwargs)


class PostSerializer(serializers.ModelSerializer[Post]):
    status = StatusField(read_only=True)
    visibility = PostVisibilityField(read_only=True)
    html = serializers.SerializerMethodField()
    author = AuthorSerializer(read_only=True, allow_null=True)
    automatic = serializers.SerializerMethodField()
    components = ComponentIdsField(read_only=True)
    at = serializers.DateTimeField(read_only=True)

    class Meta:
        model = Post
        fields = ["id", "page", "incident", "visibility", "status", "text", "html", "author", "automatic"]
        fields += ["components", "at"]
        read_only_fields = fields

    def get_html(self, post: Post) -> str:
        return render_markdown(post.text)

    @extend_schema_field(serializers.BooleanField())
    def get_automatic(self, post: Post) -> bool:
        return post.key is not None


class OfPage(KnownFieldsOnly):
    components = ComponentIdsField(required=False, max_length=100, help_text="None: the whole page")

    def validate_components(self, ids: list[int]) -> Any:
        page: StatusPage = self.context["page"]
        found = find_components(page, ids)
        if found is None:
            raise ValidationError("An id names a component of this page.")
        return found


class PostCreateSerializer(OfPage):
    """Of an ``incident`` there is; or ``title`` and ``severity`` of one that is opened with it."""

    incident = serializers.IntegerField(required=False, min_value=1, max_value=BIGGEST_ID)
    title = LineField(required=False, max_length=200)
    severity = serializers.ChoiceField(choices=Severity.choices, default=Severity.MAJOR)
    status = StatusField(required=False, help_text="A public post moves the incident, too")
    visibility = PostVisibilityField(default=PostVisibility.PUBLIC)
    text = serializers.CharField(max_length=10_000, help_text="Markdown")
    notify = serializers.BooleanField(default=True, help_text="False: subscribers are not told")

    def validate(self, attrs: Attributes) -> Attributes:
        if attrs.get("incident") is not None:
            page: StatusPage = self.context["page"]
            incident = Incident.objects.filter(team=page.team_id, pk=attrs["incident"]).first()
            if incident is None:
                raise ValidationError({"incident": ["There is no such incident in this team."]})
            attrs["incident"] = incident
        return attrs


class PostEditSerializer(OfPage):
    visibility = PostVisibilityField(required=False)
    text = serializers.CharField(required=False, max_length=10_000)


class PostFilter(filters.FilterSet):  # type: ignore[misc]  # it ships no types
    visibility = filters.ChoiceFilter(choices=PostVisibility.choices)
    incident = filters.NumberFilter(
        field_name="incident_id", min_value=1, max_value=BIGGEST_ID, decimal_places=0
    )


class PostViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, mixins.DestroyModelMixin, InPage):
    """What the page says of incidents."""

    queryset = Post.objects.select_related("author").prefetch_related("components")
    serializer_class = PostSerializer
    filterset_class = PostFilter
    search_fields = ["text"]
    ordering = "-at"
    ordering_fields = ["at"]

    def tell(self, events: Sequence[IncidentEvent], *, now: datetime) -> None:
        """For apps above that tell people. Called in the change's transaction."""

    def _read(self, serializer_class: type[serializers.Serializer[Any]], **kwargs: Any) -> Attributes:
        page = getattr(self, "page", None)
        context = {**self.get_serializer_context(), "page": page}
        serializer = serializer_class(data=self.request.data, context=context, **kwargs)
        serializer.is_valid(raise_exception=True)
        return cast(Attributes, serializer.validated_data)

    def _answer(self, post: Post, code: int = status.HTTP_200_OK) -> Response:
        return Response(self.get_serializer(self.get_queryset().get(pk=post.pk)).data, status=code)

    @extend_schema(request=PostCreateSerializer, responses={201: PostSerializer})
    def create(self, request: Request, page_id: int) -> Response:
        """Say something; subscribers are told of public posts once."""
        asked, now = self._read(PostCreateSerializer), timezone.now()
        with transaction.atomic():
            post = posts.write_post(self.page, author=cast(User, request.user), now=now, **asked)
            if post.visibility == PostVisibility.PUBLIC or post.event == "opened":
                self.tell([IncidentEvent(post.event, post.incident)], now=now)
        return self._answer(post, status.HTTP_201_CREATED)

    @extend_schema(request=PostEditSerializer, responses=PostSerializer)
    def partial_update(self, request: Request, page_id: int, pk: int) -> Response:
        """Mend what was said; nobody is told again."""
        post = self.get_object()
        posts.edit_post(post, **self._read(PostEditSerializer, partial=True))
        return self._answer(post)

    def perform_destroy(self, instance: Post) -> None:
        posts.delete_post(instance)
