"""`status-pages/{id}/posts/`: what the page says of incidents, and notes that stay in the team."""

from typing import Any, cast

from django.utils import timezone
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import mixins, serializers, status
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import User
from actions.posts import write
from core.filters import FilterSet, IdFilter
from core.schema import can_answer
from core.showing import Showable
from incidents.models import Incident, Severity
from sentrypulse.api.fields import IdField, IdsField, LineField
from sentrypulse.api.incidents.fields import AuthorSerializer, StatusField
from sentrypulse.api.lookups import find_in_team
from sentrypulse.api.serializers import KnownFieldsOnly
from sentrypulse.api.statuspages.nested import Attributes, InPage, find_components
from statuspages import posts
from statuspages.markdown import render_markdown
from statuspages.models import Post, PostVisibility, StatusPage


class PostVisibilityField(serializers.ChoiceField):
    def __init__(self, **kwargs: Any) -> None:
        super().__init__(choices=PostVisibility.choices, **kwargs)


class PostSerializer(Showable, serializers.ModelSerializer[Post]):
    status = StatusField(read_only=True)
    visibility = PostVisibilityField(read_only=True)
    html = serializers.SerializerMethodField()
    author = AuthorSerializer(read_only=True, allow_null=True)
    automatic = serializers.SerializerMethodField()
    components = IdsField(read_only=True)
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
    components = IdsField(required=False, max_length=100, help_text="None: the whole page")

    def validate_components(self, ids: list[int]) -> Any:
        page: StatusPage = self.context["page"]
        found = find_components(page, ids)
        if found is None:
            raise ValidationError("An id names a component of this page.")
        return found


class PostCreateSerializer(OfPage):
    """Of an ``incident`` there is; or ``title`` and ``severity`` of one that is opened with it."""

    incident = IdField(required=False)
    title = LineField(required=False, max_length=200)
    severity = serializers.ChoiceField(choices=Severity.choices, default=Severity.MAJOR)
    status = StatusField(required=False, help_text="A public post moves the incident, too")
    visibility = PostVisibilityField(default=PostVisibility.PUBLIC)
    text = serializers.CharField(max_length=10_000, help_text="Markdown")
    notify = serializers.BooleanField(default=True, help_text="False: subscribers are not told")

    def validate(self, attrs: Attributes) -> Attributes:
        if attrs.get("incident") is not None:
            page: StatusPage = self.context["page"]
            attrs["incident"] = find_in_team(Incident, page.team, [attrs["incident"]], field="incident")[0]
        return attrs


class PostEditSerializer(OfPage):
    visibility = PostVisibilityField(required=False)
    text = serializers.CharField(required=False, max_length=10_000)


class PostFilter(FilterSet):
    visibility = filters.ChoiceFilter(choices=PostVisibility.choices)
    incident = IdFilter(field_name="incident_id")


class PostViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, mixins.DestroyModelMixin, InPage):
    """What the page says of incidents."""

    queryset = Post.objects.select_related("author").prefetch_related("components")
    serializer_class = PostSerializer
    filterset_class = PostFilter
    search_fields = ["text"]
    ordering = "-at"
    ordering_fields = ["at"]

    def _read(self, serializer_class: type[serializers.Serializer[Any]], **kwargs: Any) -> Attributes:
        page = getattr(self, "page", None)
        context = {**self.get_serializer_context(), "page": page}
        serializer = serializer_class(data=self.request.data, context=context, **kwargs)
        serializer.is_valid(raise_exception=True)
        return cast(Attributes, serializer.validated_data)

    def _answer(self, post: Post, code: int = status.HTTP_200_OK) -> Response:
        return Response(self.get_serializer(self.get_queryset().get(pk=post.pk)).data, status=code)

    @extend_schema(request=PostCreateSerializer, responses={201: PostSerializer})
    @can_answer(409)
    def create(self, request: Request, page_id: int) -> Response:
        """Say something; subscribers are told of public posts once."""
        asked = self._read(PostCreateSerializer)
        post = write(self.page, author=cast(User, request.user), now=timezone.now(), **asked)
        return self._answer(post, status.HTTP_201_CREATED)

    @extend_schema(request=PostEditSerializer, responses=PostSerializer)
    def partial_update(self, request: Request, page_id: int, pk: int) -> Response:
        """Mend what was said; nobody is told again."""
        post = self.get_object()
        posts.edit_post(post, **self._read(PostEditSerializer, partial=True))
        return self._answer(post)

    def perform_destroy(self, instance: Post) -> None:
        posts.delete_post(instance)
