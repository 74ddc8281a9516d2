"""`alert-templates/`: a team's own words. `alert-settings/`: when many changes become a digest."""

from collections.abc import Mapping
from typing import Any, cast

from django.db.models import QuerySet
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, viewsets
from rest_framework.decorators import action
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.fields import TeamField
from accounts.models import Role, Team, User
from accounts.selectors import team_ids_for
from alerts import services
from alerts.defaults import ensure_defaults
from alerts.messages.render import PARTS, read_default, render_parts
from alerts.messages.samples import sample_facts
from alerts.models import AlertSettings, Event, MessageTemplate, OwnEvent
from sentrypulse.api.serializers import KnownFieldsOnly
from sentrypulse.api.viewsets import TeamRowsViewSet


class PartsSerializer(KnownFieldsOnly):
    subject = serializers.CharField(default="", allow_blank=True, max_length=500)
    text = serializers.CharField(default="", allow_blank=True, max_length=10_000, trim_whitespace=False)
    markdown = serializers.CharField(default="", allow_blank=True, max_length=10_000, trim_whitespace=False)
    html = serializers.CharField(default="", allow_blank=True, max_length=20_000, trim_whitespace=False)


class EventField(serializers.ChoiceField):
    def __init__(self, **kwargs: Any) -> None:
        super().__init__(choices=[*Event.choices, *OwnEvent.choices], **kwargs)


class MessageTemplateSerializer(PartsSerializer):
    """A part left empty is ours; Liquid, with the names that ``alert-templates/defaults`` shows."""

    id = serializers.IntegerField(read_only=True)
    team = TeamField()
    event = EventField()

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        known: MessageTemplate | None = self.instance
        event = attrs["event"] if "event" in attrs or known is None else known.event
        team = known.team if known else attrs["team"]
        others = MessageTemplate.objects.filter(team=team, event=event)
        if others.exclude(pk=known.pk if known else 0).exists():
            raise ValidationError(
                {"event": [f"The team has a template for {event} already; change that one."]}
            )
        return refuse_broken(event, attrs)


def refuse_broken(event: str, parts: Mapping[str, Any]) -> dict[str, Any]:
    """Raise with what is wrong with each part, tried on an example."""
    own = {part: str(parts[part]) for part in PARTS if parts.get(part)}
    _, faults = render_parts(sample_facts(event, now=timezone.now()), own, strict=True)
    if faults:
        by_part = {fault.partition(":")[0]: [fault.partition(":")[2].strip()] for fault in faults}
        raise ValidationError(by_part)
    return dict(parts)


class TemplatePreviewSerializer(PartsSerializer):
    event = EventField(default=Event.DOWN)


class TemplatePartsSerializer(serializers.Serializer[Any]):
    subject = serializers.CharField()
    text = serializers.CharField()
    markdown = serializers.CharField()
    html = serializers.CharField()


class PreviewedSerializer(TemplatePartsSerializer):
    faults = serializers.ListField(child=serializers.CharField(), help_text="Where ours stands in, and why")


class DefaultsSerializer(serializers.Serializer[Any]):
    templates = TemplatePartsSerializer()
    names = serializers.DictField(help_text="What the templates may use, with example values")


class MessageTemplateViewSet(TeamRowsViewSet[MessageTemplate], viewsets.ModelViewSet[MessageTemplate]):
    """A team's own words, by event. What breaks when it is sent falls back to ours, and says so."""

    http_method_names = ["get", "post", "patch", "put", "delete", "head", "options"]
    write_role = Role.MEMBER
    queryset = MessageTemplate.objects.none()
    serializer_class = MessageTemplateSerializer
    filterset_fields = ["team", "event"]
    ordering = "id"
    ordering_fields = ["id"]
    lookup_value_regex = "[0-9]+"

    def read_rows(self, user: User) -> QuerySet[MessageTemplate]:
        return MessageTemplate.objects.filter(team_id__in=team_ids_for(user))

    def perform_create(self, serializer: Any) -> None:
        serializer.instance = MessageTemplate.objects.create(**serializer.validated_data)

    def perform_update(self, serializer: Any) -> None:
        for name, value in serializer.validated_data.items():
            setattr(serializer.instance, name, value)
        serializer.instance.save()

    @extend_schema(request=TemplatePreviewSerializer, responses=PreviewedSerializer)
    @action(detail=False, methods=["post"], pagination_class=None, filter_backends=[])
    def preview(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """What an example would say. Nothing is stored, and faults are told instead of refused."""
        body = TemplatePreviewSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        facts = sample_facts(body.validated_data["event"], now=timezone.now())
        parts, faults = render_parts(facts, {part: body.validated_data[part] for part in PARTS}, strict=True)
        return Response({**parts, "faults": faults})

    @extend_schema(responses=DefaultsSerializer)
    @action(detail=False, methods=["get"], pagination_class=None, filter_backends=[])
    def defaults(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Our templates, and the names they may use with example values."""
        names = sample_facts(Event.DOWN, now=timezone.now())
        return Response({"templates": {part: read_default(part) for part in PARTS}, "names": names})


class AlertSettingsSerializer(KnownFieldsOnly):
    team = serializers.IntegerField(source="team_id", read_only=True)
    digest_over = serializers.IntegerField(
        min_value=1,
        max_value=1000,
        help_text="More changes than these within a minute are one digest a channel",
    )


class AlertSettingsViewSet(TeamRowsViewSet[AlertSettings]):
    """Each team's own, by the team's id."""

    write_role = Role.MEMBER
    queryset = AlertSettings.objects.none()
    serializer_class = AlertSettingsSerializer
    filter_backends = []
    ordering = "team_id"
    conditional_actions = ()
    lookup_value_regex = "[0-9]{1,18}"  # a key to another table: Django looks for any number in those

    def read_rows(self, user: User) -> QuerySet[AlertSettings]:
        return AlertSettings.objects.filter(pk__in=team_ids_for(user))

    def partial_update(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        mine = team_ids_for(cast(User, request.user))
        ensure_defaults([pk for pk in mine if str(pk) == self.kwargs["pk"]])
        settings = self.get_object()
        changes = self.read_body(settings, partial=True)
        if changes:
            services.set_digest_over(Team(pk=settings.pk), changes["digest_over"])
        settings.refresh_from_db()
        return self.show(settings)
