"""`status-pages/`: what a team shows, how it looks, and whether its copy is out."""

import re
from typing import Any, cast

from django.db.models import QuerySet
from django.http import HttpResponse
from django.utils import timezone
from django_filters import rest_framework as filters
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_field
from rest_framework import serializers, status, viewsets
from rest_framework.decorators import action
from rest_framework.exceptions import ValidationError
from rest_framework.parsers import BaseParser
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.fields import TeamField
from accounts.models import Team, User
from accounts.outside_calls import hold_place
from core.filters import FilterSet, IdFilter
from core.schema import can_answer
from monitors.models import Monitor
from sentrypulse.api.fields import IdField, IdsField, LineField, PasswordField
from sentrypulse.api.lookups import find_in_team
from sentrypulse.api.serializers import KnownFieldsOnly, SentWhole
from sentrypulse.api.statuspages.nested import Attributes, find_components
from sentrypulse.api.viewsets import TeamRowsViewSet
from statuspages import publishing, services
from statuspages.domains import record_of
from statuspages.logos import KINDS, MAX_BYTES
from statuspages.models import Language, StatusPage, Theme, Visibility
from statuspages.notifications import page_url
from statuspages.page_files import answer_file
from statuspages.posts import TEMPLATES, fill_template
from statuspages.previews import make_preview, preview_url
from statuspages.rendering import render_page


class ComponentSerializer(SentWhole):
    """A line of the page. Sent back with its ``id`` it stays the same one, whatever else changed."""

    id = IdField(required=False)
    group = LineField(max_length=100, allow_blank=True, default="")
    name = LineField(max_length=100)
    description = LineField(max_length=300, allow_blank=True, default="")
    monitors = IdsField(default=list, max_length=100, help_text="Ids of monitors of the page's team")


class DomainSerializer(serializers.Serializer[Any]):
    record_name = serializers.CharField()
    record_value = serializers.CharField()
    verified_at = serializers.DateTimeField(allow_null=True)


class PublicationSerializer(serializers.Serializer[Any]):
    published_at = serializers.DateTimeField(allow_null=True)
    url = serializers.CharField(allow_null=True, help_text="Where the copy lies; null while there is none")
    problem = serializers.CharField(help_text="Why the last try failed; empty when all is well")


_IGNORED = {"id", "url", "domain", "has_password", "has_logo", "publication", "created_at"}


class StatusPageSerializer(KnownFieldsOnly, serializers.ModelSerializer[StatusPage]):
    """``components`` are all of them, in their order: those that a change leaves out are gone."""

    ignored = frozenset(_IGNORED)
    team = TeamField()
    title = LineField(max_length=100)
    slug = serializers.CharField(max_length=63, help_text="Its address: /status/{slug}/")
    description = LineField(max_length=500, allow_blank=True, required=False)
    visibility = serializers.ChoiceField(choices=Visibility.choices, required=False)
    password = PasswordField(required=False, help_text="For visibility `password`; kept as a hash")
    has_password = serializers.SerializerMethodField()
    timezone = serializers.CharField(max_length=64, required=False, help_text="The team's, if left out.")
    language = serializers.ChoiceField(choices=Language.choices, required=False)
    theme = serializers.ChoiceField(choices=Theme.choices, required=False)
    accent = serializers.CharField(
        max_length=7, required=False, help_text="#rrggbb; texts on it stay readable"
    )
    custom_css = serializers.CharField(
        max_length=20_000, required=False, allow_blank=True, trim_whitespace=False,
        help_text="Below `.page`. Fetches nothing; what is not known to be harmless is refused.",
    )  # fmt: skip
    custom_domain = serializers.CharField(max_length=253, required=False, allow_blank=True)
    history_days = serializers.IntegerField(required=False, min_value=30, max_value=90)
    components = ComponentSerializer(many=True, required=False)
    url = serializers.SerializerMethodField(help_text="Where people read it.")
    has_logo = serializers.SerializerMethodField()
    domain = serializers.SerializerMethodField(help_text="The TXT record that proves the custom domain.")
    publication = serializers.SerializerMethodField()

    class Meta:
        model = StatusPage
        fields = ["id", "team", "slug", "title", "description", "visibility", "password", "has_password"]
        fields += ["timezone", "language", "theme", "accent", "custom_css", "has_logo", "custom_domain"]
        fields += ["domain", "show_response_times", "automatic_posts", "history_days", "components", "url"]
        fields += ["publication", "created_at"]
        read_only_fields = ["created_at"]

    def get_has_password(self, page: StatusPage) -> bool:
        return bool(page.password_hash)

    def get_has_logo(self, page: StatusPage) -> bool:
        return hasattr(page, "logo")

    def get_url(self, page: StatusPage) -> str:
        return page_url(page)

    @extend_schema_field(DomainSerializer(allow_null=True))
    def get_domain(self, page: StatusPage) -> dict[str, Any] | None:
        if not page.custom_domain:
            return None
        name, value = record_of(page.custom_domain, page.domain_token)
        return {"record_name": name, "record_value": value, "verified_at": page.verified_at}

    @extend_schema_field(PublicationSerializer)
    def get_publication(self, page: StatusPage) -> dict[str, Any]:
        row = page.publication
        where = publishing.copy_url(row.place) if row.place else None
        return {"published_at": row.published_at, "url": where, "problem": row.problem}

    def validate(self, attrs: Attributes) -> Attributes:
        team: Team = self.instance.team if self.instance else attrs["team"]
        if not self.instance:
            attrs.setdefault("timezone", team.timezone)
        if "components" in attrs:
            asked = {pk for component in attrs["components"] for pk in component["monitors"]}
            found = {m.pk: m for m in find_in_team(Monitor, team, sorted(asked), field="components")}
            for component in attrs["components"]:
                component["monitors"] = [found[pk] for pk in component["monitors"]]
        return attrs


class StatusPageFilter(FilterSet):
    visibility = filters.ChoiceFilter(choices=Visibility.choices)
    team = IdFilter(field_name="team_id")


class PictureParser(BaseParser):
    """The body as it is: a picture."""

    media_type = "image/*"

    def parse(self, stream: Any, media_type: Any = None, parser_context: Any = None) -> Any:
        return stream.read(MAX_BYTES + 1)


class TemplatesSerializer(serializers.Serializer[Any]):
    investigating = serializers.CharField()
    identified = serializers.CharField()
    monitoring = serializers.CharField()
    resolved = serializers.CharField()


class PagePreviewSerializer(serializers.Serializer[Any]):
    url = serializers.CharField(help_text="For a frame on this site; whoever has it can read the draft")
    expires_at = serializers.DateTimeField()


_ID = OpenApiParameter("id", OpenApiTypes.INT, OpenApiParameter.PATH)
_COMPONENTS = OpenApiParameter("components", description="Ids of the page's components, such as `1,2`")


class StatusPageViewSet(TeamRowsViewSet[StatusPage], viewsets.ModelViewSet[StatusPage]):
    """What a team shows the public. A slug is known to the whole installation, all else is the team's."""

    queryset = StatusPage.objects.none()
    serializer_class = StatusPageSerializer
    filterset_class = StatusPageFilter
    search_fields = ["title", "slug"]
    ordering = "-pk"
    ordering_fields = ["title", "created_at"]

    def read_rows(self, user: User) -> QuerySet[StatusPage]:
        return StatusPage.objects.for_api(user).select_related("team")

    @can_answer(409)
    def perform_create(self, serializer: serializers.BaseSerializer[StatusPage]) -> None:
        asked = dict(serializer.validated_data)
        page = services.create_page(asked.pop("team"), now=timezone.now(), **asked)
        serializer.instance = self.get_queryset().get(pk=page.pk)

    @can_answer(409)
    def perform_update(self, serializer: serializers.BaseSerializer[StatusPage]) -> None:
        page = cast(StatusPage, serializer.instance)
        asked = {name: value for name, value in serializer.validated_data.items() if name != "team"}
        services.update_page(page, now=timezone.now(), **asked)
        serializer.instance = self.get_queryset().get(pk=page.pk)

    def perform_destroy(self, instance: StatusPage) -> None:
        services.delete_page(instance)

    @extend_schema(
        methods=["PUT"],
        request=dict.fromkeys(KINDS, OpenApiTypes.BINARY),
        responses={200: StatusPageSerializer},
        parameters=[_ID],
    )
    @extend_schema(methods=["DELETE"], request=None, responses={200: StatusPageSerializer}, parameters=[_ID])
    @action(detail=True, methods=["put", "delete"], parser_classes=[PictureParser])
    def logo(self, request: Request, pk: str) -> Response:
        """Put the picture's bytes here (PNG, JPEG or WebP), or delete it."""
        page = self.get_object()
        if request.method == "DELETE":
            services.remove_logo(page)
        else:
            data = request.data
            services.set_logo(page, data if isinstance(data, bytes) else b"")
        return self.show_stored(page)

    @extend_schema(request=None, responses={200: StatusPageSerializer}, parameters=[_ID])
    @action(detail=True, methods=["post"], url_path="domain/verify")
    @can_answer(409, 429)
    def verify_domain(self, request: Request, pk: str) -> Response:
        """Look the TXT record up now; from then on the domain leads to the page."""
        page = self.get_object()
        with hold_place(request.user):
            services.verify_domain(page, now=timezone.now())
        return self.show_stored(page)

    @extend_schema(request=None, responses={200: StatusPageSerializer}, parameters=[_ID])
    @action(detail=True, methods=["post"])
    @can_answer(409, 429)
    def publish(self, request: Request, pk: str) -> Response:
        """Render the page and write its copy now, rather than within seconds."""
        page = self.get_object()
        with hold_place(request.user):
            publishing.publish_now(page, now=timezone.now())
        return self.show_stored(page)

    @extend_schema(methods=["GET"], responses={(200, "text/html"): OpenApiTypes.STR}, parameters=[_ID])
    @extend_schema(methods=["POST"], responses={201: PagePreviewSerializer}, parameters=[_ID])
    @action(detail=True, methods=["get", "post"])
    @can_answer(409)
    def preview(self, request: Request, pk: str) -> HttpResponse:
        """GET: the page as it would look now, whoever may see it. POST: a draft of it, at an address for a
        frame, for ten minutes; fields that are left out are as they are stored, and nothing is changed."""
        if request.method == "POST":
            return self._preview_draft()
        file = render_page(self.get_object(), now=timezone.now())["index.html"]
        return cast(HttpResponse, answer_file(request._request, file, open_to_all=False, listed=False))

    def _preview_draft(self) -> Response:
        page = self.get_object()
        asked = self.read_body(page, partial=True)
        asked.pop("team", None)
        made = make_preview(page, now=timezone.now(), **asked)
        told = {"url": preview_url(made), "expires_at": made.expires_at}
        return Response(PagePreviewSerializer(told).data, status=status.HTTP_201_CREATED)

    @extend_schema(responses=TemplatesSerializer, parameters=[_ID, _COMPONENTS])
    @action(detail=True, methods=["get"], url_path="post-templates")
    def post_templates(self, request: Request, pk: str) -> Response:
        """Texts to begin a post with, by status, in the page's language; `?components=1,2` names those."""
        page = self.get_object()
        wanted = request.query_params.get("components", "")
        if wanted and not all(re.fullmatch("[0-9]{1,18}", part) for part in wanted.split(",")):
            raise ValidationError({"components": ["Give ids, separated by commas."]})
        ids = [int(part) for part in wanted.split(",") if part]
        found = find_components(page, ids)
        if found is None:
            raise ValidationError({"components": ["An id names a component of this page."]})
        names = [component.name for component in found]
        return Response(
            {
                name: fill_template(text, language=page.language, names=names)
                for name, text in TEMPLATES.items()
            }
        )
