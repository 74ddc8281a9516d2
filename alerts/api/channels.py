"""`channels/`: where alerts go."""

from typing import Any, cast

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import serializers, status, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.wire import LineField
from accounts.fields import TeamField
from accounts.models import Role, User
from alerts import services
from alerts.defaults import ensure_defaults
from alerts.models import Channel, ChannelQuerySet
from delivery.config import FORMS, describe_kinds
from monitors.api.conditional import Conditional
from monitors.api.serializers import KnownFieldsOnly


class ChannelSerializer(KnownFieldsOnly):
    """A channel. Secrets in ``config`` are taken and never given back; sent back without them, they stay."""

    id = serializers.IntegerField(read_only=True)
    team = TeamField(role=Role.ADMIN)
    name = LineField(max_length=100)
    kind = serializers.ChoiceField(
        choices=list(FORMS),
        help_text="Fixed once created",
        error_messages={"invalid_choice": f"There is no kind {{input}}; choose one of {', '.join(FORMS)}."},
    )
    config = serializers.DictField(default=dict, help_text="By kind; see channels/kinds")
    to_owners = serializers.BooleanField(
        default=False, help_text="E-mail only: also to whoever owns or administers the team"
    )
    enabled = serializers.BooleanField(default=True)
    disabled_reason = serializers.CharField(read_only=True, help_text="Why we switched it off")
    created_at = serializers.DateTimeField(read_only=True)

    def validate_kind(self, kind: str) -> str:
        if self.instance and self.instance.kind != kind:
            raise serializers.ValidationError(
                f"A channel keeps its kind ({self.instance.kind}); make a new one instead."
            )
        return kind


@extend_schema_view(create=extend_schema(responses={201: ChannelSerializer}))
class ChannelViewSet(Conditional, viewsets.GenericViewSet[Channel]):
    """Where alerts go. A new team has one already: its owners by e-mail."""

    write_role = Role.ADMIN
    queryset = Channel.objects.none()
    serializer_class = ChannelSerializer
    filterset_fields = ["team", "kind", "enabled"]
    search_fields = ["name"]
    ordering = "id"
    ordering_fields = ["id", "name", "created_at"]
    lookup_value_regex = "[0-9]+"

    def get_queryset(self) -> ChannelQuerySet:
        if getattr(self, "swagger_fake_view", False):
            return Channel.objects.none()
        return Channel.objects.for_user(cast(User, self.request.user))

    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        page = self.paginate_queryset(self.filter_queryset(self.get_queryset())) or []
        return self.get_paginated_response(self.get_serializer(page, many=True).data)

    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return Response(self.get_serializer(self.get_object()).data)

    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        serializer = self.get_serializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        fields = dict(serializer.validated_data)
        ensure_defaults([fields["team"].pk])
        channel = services.save_channel(Channel(team=fields.pop("team"), kind=fields.pop("kind")), **fields)
        return Response(self.get_serializer(channel).data, status=status.HTTP_201_CREATED)

    def update(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        channel = self.get_object()
        serializer = self.get_serializer(channel, data=request.data, partial=kwargs.get("partial", False))
        serializer.is_valid(raise_exception=True)
        fields = dict(serializer.validated_data)
        fields.pop("kind", None)
        if kwargs.get("partial") and "config" in fields:
            fields["config"] = {**channel.config, **fields["config"]}
        return Response(self.get_serializer(services.save_channel(channel, **fields)).data)

    def partial_update(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Change the fields that are sent; of ``config``, too, only those that are sent."""
        return self.update(request, *args, **{**kwargs, "partial": True})

    def destroy(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Delete the channel. Rules lose it; what it was told stays in the ledger."""
        self.get_object().delete()
        return Response(status=status.HTTP_204_NO_CONTENT)

    @extend_schema(responses=OpenApiTypes.OBJECT)
    @action(detail=False, methods=["get"], pagination_class=None, filter_backends=[])
    def kinds(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """The kinds there are, each with the fields of its form."""
        return Response(describe_kinds())
