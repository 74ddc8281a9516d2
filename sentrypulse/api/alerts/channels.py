"""`channels/`: where alerts go."""

from collections.abc import Sequence
from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.exceptions import Throttled
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.fields import TeamField
from accounts.models import Role, User
from accounts.outside_calls import hold_place
from accounts.throttles import count_attempt
from actions import alerting as actions
from alerts.models import Channel, ChannelQuerySet
from alerts.recipients import read_waiting
from core.schema import can_answer
from delivery.config import describe_kinds
from delivery.message import Outcome
from delivery.registry import KINDS
from sentrypulse.api.fields import LineField
from sentrypulse.api.serializers import KnownFieldsOnly
from sentrypulse.api.viewsets import TeamRowsViewSet


class ChannelSerializer(KnownFieldsOnly):
    """A channel. Secrets in ``config`` are taken and never given back; sent back without them, they stay."""

    id = serializers.IntegerField(read_only=True)
    team = TeamField(role=Role.ADMIN)
    name = LineField(max_length=100)
    kind = serializers.ChoiceField(
        choices=list(KINDS),
        help_text="Fixed once created",
        error_messages={"invalid_choice": f"There is no kind {{input}}; choose one of {', '.join(KINDS)}."},
    )
    config = serializers.DictField(default=dict, help_text="By kind; see channels/kinds")
    to_owners = serializers.BooleanField(
        default=False, help_text="E-mail only: also to whoever owns or administers the team"
    )
    enabled = serializers.BooleanField(default=True)
    awaiting_consent = serializers.ListField(
        child=serializers.CharField(),
        read_only=True,
        help_text="E-mail only: addresses that get nothing, since they have not agreed to yet",
    )
    disabled_reason = serializers.CharField(read_only=True, help_text="Why we switched it off")
    created_at = serializers.DateTimeField(read_only=True)

    def validate_kind(self, kind: str) -> str:
        if self.instance and self.instance.kind != kind:
            raise serializers.ValidationError(
                f"A channel keeps its kind ({self.instance.kind}); make a new one instead."
            )
        return kind


class TestResultSerializer(serializers.Serializer[Any]):
    """What the receiver answered. ``outcome`` is ``retry`` where it may work another time."""

    outcome = serializers.ChoiceField(choices=[outcome.value for outcome in Outcome])
    status = serializers.IntegerField(allow_null=True, help_text="HTTP or SMTP status of the answer")
    answer = serializers.CharField()
    took_ms = serializers.IntegerField()
    delivery = serializers.IntegerField(help_text="Its row in the ledger")


class FormFieldSerializer(serializers.Serializer[Any]):
    """A field of a kind's form. ``default``, ``choices`` and ``example`` are null where there are none."""

    name = serializers.CharField()
    help = serializers.CharField(allow_blank=True)
    must_be = serializers.CharField(help_text="The end of the sentence: Must be …")
    input = serializers.CharField(help_text="How to show it, such as `text`, `password`, `choice`, `url`")
    secret = serializers.BooleanField(help_text="Taken, and never given back")
    choices = serializers.ListField(child=serializers.CharField(), allow_null=True)
    example = serializers.JSONField(allow_null=True)

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        """These are names of every field's own, so they cannot be declared above."""
        return {
            **super().get_fields(),
            "label": serializers.CharField(),
            "required": serializers.BooleanField(),
            "default": serializers.JSONField(allow_null=True),
        }


class ChannelKindSerializer(serializers.Serializer[Any]):
    kind = serializers.ChoiceField(choices=list(KINDS))
    help = serializers.CharField()

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        """``label`` and ``fields`` are names of every serializer's own."""
        form = FormFieldSerializer(many=True)
        return {**super().get_fields(), "label": serializers.CharField(), "fields": form}


@extend_schema_view(create=extend_schema(responses={201: ChannelSerializer}))
class ChannelViewSet(TeamRowsViewSet[Channel]):
    """Where alerts go. A new team has one already: its owners by e-mail."""

    write_role = Role.ADMIN
    queryset = Channel.objects.none()
    serializer_class = ChannelSerializer
    filterset_fields = ["team", "kind", "enabled"]
    search_fields = ["name"]
    ordering = "id"
    ordering_fields = ["id", "name", "created_at"]
    lookup_value_regex = "[0-9]+"

    def read_rows(self, user: User) -> ChannelQuerySet:
        return Channel.objects.for_user(user)

    def complete(self, rows: Sequence[Channel]) -> None:
        waiting = read_waiting(rows)
        for channel in rows:
            vars(channel)["awaiting_consent"] = waiting.get(channel.pk, [])

    @can_answer(409)
    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        fields = self.read_body()
        channel = Channel(team=fields.pop("team"), kind=fields.pop("kind"))
        actions.save_channel(channel, **fields, now=timezone.now())
        return self.show(channel, status.HTTP_201_CREATED)

    def update(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        channel = self.get_object()
        fields = self.read_body(channel, partial=kwargs.get("partial", False))
        fields.pop("kind", None)
        if kwargs.get("partial") and "config" in fields:
            fields["config"] = {**channel.config, **fields["config"]}
        actions.save_channel(channel, **fields, now=timezone.now())
        return self.show(channel)

    def partial_update(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Change the fields that are sent; of ``config``, too, only those that are sent."""
        return self.update(request, *args, **{**kwargs, "partial": True})

    def destroy(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Delete the channel. Rules lose it; what it was told stays in the ledger."""
        actions.delete_channel(self.get_object())
        return Response(status=status.HTTP_204_NO_CONTENT)

    @extend_schema(responses=ChannelKindSerializer(many=True))
    @action(detail=False, methods=["get"], pagination_class=None, filter_backends=[])
    def kinds(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """The kinds there are, each with the fields of its form."""
        return Response(describe_kinds())

    @extend_schema(request=None, responses=TestResultSerializer)
    @action(detail=True, methods=["post"])
    @can_answer(409, 429)
    def test(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Send a test now and show what the receiver answered. A channel that takes it is switched on."""
        channel = self.get_object()
        now = timezone.now()
        if wait_s := count_attempt("test_channel", str(channel.pk), now=now.timestamp()):
            raise Throttled(wait_s)
        with hold_place(request.user):
            row, receipt = actions.test_channel(channel, now=now)
        return Response(
            {
                "outcome": receipt.outcome,
                "status": receipt.status,
                "answer": receipt.answer,
                "took_ms": receipt.took_ms,
                "delivery": row.pk,
            }
        )
