"""API keys on the wire."""

from typing import Any, cast

from django.db.models import QuerySet
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, viewsets
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import services
from accounts.fields import TeamField
from accounts.models import ApiKey, Role, Scope, User
from accounts.permissions import SignedIn
from core.filters import FilterSet, IdFilter
from core.showing import Showable
from core.timestamps import TimestampField
from sentrypulse.api.fields import LineField


class ApiKeySerializer(Showable, serializers.ModelSerializer[ApiKey]):
    team = TeamField()
    name = LineField(max_length=100)
    prefix = serializers.CharField(source="__str__", read_only=True, help_text="How the key starts.")
    expires_at = TimestampField(required=False, allow_null=True, help_text="Empty: never")
    made_by = serializers.EmailField(source="user.email", read_only=True)

    class Meta:
        model = ApiKey
        fields = [
            "id", "team", "name", "prefix", "scope", "made_by", "created_at", "last_used_at", "expires_at"
        ]  # fmt: skip
        read_only_fields = ["created_at", "last_used_at"]

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if self.instance is not None:
            fixed = [
                name
                for name in ("scope", "expires_at")
                if attrs.get(name, was := getattr(self.instance, name)) != was
            ]
            if fixed:
                raise serializers.ValidationError(
                    {name: ["This is fixed once the key is made; make a new key."] for name in fixed}
                )
        return attrs


class NewApiKeySerializer(ApiKeySerializer):
    key = serializers.SerializerMethodField(help_text="The whole key. It is shown this once; keep it safe.")

    class Meta(ApiKeySerializer.Meta):
        fields = [*ApiKeySerializer.Meta.fields, "key"]

    def get_key(self, key: ApiKey) -> str:
        return str(self.context["secret"])


class ApiKeyFilter(FilterSet):
    team = IdFilter(field_name="team_id")

    class Meta:
        model = ApiKey
        fields = ["scope"]


class ApiKeyViewSet(viewsets.ModelViewSet[ApiKey]):
    """Your keys, and everybody's in the teams that you administer. Deleting revokes at once."""

    queryset = ApiKey.objects.none()
    serializer_class = ApiKeySerializer
    permission_classes = (SignedIn,)
    write_role = Role.VIEWER  # who was demoted must still be able to revoke; making one needs member
    http_method_names = ["get", "head", "options", "post", "patch", "delete"]
    filterset_class = ApiKeyFilter
    search_fields = ["name", "prefix"]
    ordering = "-pk"

    def get_queryset(self) -> QuerySet[ApiKey]:
        return ApiKey.objects.for_user(self.request.user).select_related("user")

    @extend_schema(responses={201: NewApiKeySerializer})
    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Make a key. It acts as you, in one team, within its scope; the answer alone shows it whole."""
        serializer = self.get_serializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        given = serializer.validated_data
        key, secret = services.create_api_key(
            cast(User, request.user),
            team=given["team"],
            name=given["name"],
            scope=Scope(given.get("scope", Scope.READ)),
            expires_at=given.get("expires_at"),
            now=timezone.now(),
        )
        context = {**self.get_serializer_context(), "secret": secret}
        return Response(NewApiKeySerializer(key, context=context).data, status=201)

    def perform_update(self, serializer: serializers.BaseSerializer[ApiKey]) -> None:
        key = cast(ApiKey, serializer.instance)
        services.rename_api_key(key, name=serializer.validated_data.get("name", key.name))

    def perform_destroy(self, instance: ApiKey) -> None:
        services.revoke_api_key(instance, now=timezone.now())
