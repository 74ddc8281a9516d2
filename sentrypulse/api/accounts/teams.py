"""Teams on the wire: the teams, their members, and invitations to them."""

from typing import Any, cast

from django.conf import settings
from django.db.models import QuerySet
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers, viewsets
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts import services, throttles
from accounts.addresses import read_email
from accounts.models import Invitation, Membership, Role, Team, User
from accounts.permissions import SignedIn, require_role
from actions.alerting import edit_team
from core.schema import can_answer
from core.showing import Showable
from sentrypulse.api.accounts.wire import TeamSerializer


class TeamViewSet(viewsets.ModelViewSet[Team]):
    """Teams that you belong to. Admins change one, its owner deletes it with all that it owns."""

    queryset = Team.objects.none()
    serializer_class = TeamSerializer
    permission_classes = (SignedIn,)
    search_fields = ["name"]
    ordering = "pk"

    @property
    def write_role(self) -> Role:
        return Role.OWNER if self.action == "destroy" else Role.ADMIN

    def get_queryset(self) -> QuerySet[Team]:
        return Team.objects.for_user(self.request.user)

    @can_answer(409)
    def perform_create(self, serializer: serializers.BaseSerializer[Team]) -> None:
        team = services.create_team(
            cast(User, self.request.user), now=timezone.now(), **serializer.validated_data
        )
        serializer.instance = self.get_queryset().get(pk=team.pk)

    def perform_update(self, serializer: serializers.BaseSerializer[Team]) -> None:
        team = cast(Team, serializer.instance)
        new = {"name": team.name, "timezone": team.timezone, **serializer.validated_data}
        edit_team(team, **new)

    @can_answer(409)
    def perform_destroy(self, instance: Team) -> None:
        services.delete_team(instance)


class InTeam(viewsets.GenericViewSet[Any]):
    """What lies under ``teams/{team_id}/``: a stranger to the team gets 404 before anything else."""

    permission_classes = (SignedIn,)
    write_role: Role = Role.ADMIN

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        needed = Role.VIEWER if request.method in SAFE_METHODS else self.write_role
        require_role(request.user, kwargs["team_id"], needed)

    def get_queryset(self) -> QuerySet[Any]:
        return super().get_queryset().filter(team_id=self.kwargs.get("team_id"))


class MemberSerializer(Showable, serializers.ModelSerializer[Membership]):
    email = serializers.EmailField(source="user.email", read_only=True)
    name = serializers.CharField(source="user.name", read_only=True)

    class Meta:
        model = Membership
        fields = ["id", "team", "user", "email", "name", "role", "joined_at"]
        read_only_fields = ["team", "user", "joined_at"]
        extra_kwargs = {"role": {"required": True}}


class MemberViewSet(
    mixins.ListModelMixin,
    mixins.RetrieveModelMixin,
    mixins.UpdateModelMixin,
    mixins.DestroyModelMixin,
    InTeam,
):
    """Who is in the team. Admins change roles and remove members, up to their own; all may leave."""

    queryset = Membership.objects.select_related("user")
    serializer_class = MemberSerializer
    http_method_names = ["get", "head", "options", "patch", "delete"]
    filterset_fields = ["role"]
    search_fields = ["user__email", "user__name"]
    ordering = "pk"

    @property
    def write_role(self) -> Role:  # type: ignore[override]  # leaving needs no role; the service looks closer
        return Role.VIEWER if self.action == "destroy" else Role.ADMIN

    @can_answer(409)
    def perform_update(self, serializer: serializers.BaseSerializer[Membership]) -> None:
        membership, by = cast(Membership, serializer.instance), cast(User, self.request.user)
        role = Role(serializer.validated_data.get("role", membership.role))
        serializer.instance = services.change_role(membership, by=by, role=role)

    @can_answer(409)
    def perform_destroy(self, instance: Membership) -> None:
        services.remove_member(instance, by=cast(User, self.request.user), now=timezone.now())


class InvitationSerializer(Showable, serializers.ModelSerializer[Invitation]):
    role = serializers.ChoiceField(choices=Role.choices, default=Role.MEMBER)
    invited_by = serializers.EmailField(
        source="invited_by.email", read_only=True, default=None, allow_null=True
    )

    class Meta:
        model = Invitation
        fields = ["id", "team", "email", "role", "invited_by", "created_at", "expires_at"]
        read_only_fields = ["team", "created_at", "expires_at"]

    def validate_email(self, email: str) -> str:
        return read_email(email)


class NewInvitationSerializer(InvitationSerializer):
    accept_url = serializers.SerializerMethodField(help_text="The link that was mailed; shown this once.")

    class Meta(InvitationSerializer.Meta):
        fields = [*InvitationSerializer.Meta.fields, "accept_url"]

    def get_accept_url(self, invitation: Invitation) -> str:
        return f"{settings.APP_URL}/invitations/accept?token={self.context['token']}"


class InvitationViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, mixins.DestroyModelMixin, InTeam):
    """Who is asked to join and has not answered. Admins invite, up to their own role, and withdraw."""

    queryset = Invitation.objects.filter(accepted_at__isnull=True).select_related("invited_by")
    serializer_class = InvitationSerializer
    throttle_classes = (throttles.InviteThrottle,)
    filterset_fields = ["role"]
    search_fields = ["email"]
    ordering = "-pk"

    @extend_schema(request=InvitationSerializer, responses={201: NewInvitationSerializer})
    @can_answer(409)
    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Mail an invitation. To the same address again: a new link, and the old one is dead."""
        serializer = self.get_serializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        given = serializer.validated_data
        invitation, token = services.invite(
            Team.objects.get(pk=kwargs["team_id"]),
            by=cast(User, request.user),
            email=given["email"],
            role=Role(given["role"]),
            now=timezone.now(),
        )
        return Response(NewInvitationSerializer(invitation, context={"token": token}).data, status=201)

    def perform_destroy(self, instance: Invitation) -> None:
        services.withdraw_invitation(instance)


class AcceptSerializer(serializers.Serializer[Any]):
    token = serializers.CharField(max_length=100)


class AcceptView(APIView):
    permission_classes = (SignedIn,)
    serializer_class = AcceptSerializer

    @extend_schema(responses={200: TeamSerializer})
    def post(self, request: Request) -> Response:
        """Join the team that you were invited to, signed in with the invited address."""
        serializer = AcceptSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        user = cast(User, request.user)
        team = services.accept_invitation(user, token=serializer.validated_data["token"], now=timezone.now())
        return Response(TeamSerializer(Team.objects.for_user(user).get(pk=team.pk)).data)
