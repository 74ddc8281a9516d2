"""Accounts on the wire, for programs: register, log in, refresh, log out, me, passwords. The app signs in by
``/_allauth/browser/v1/``."""

import time
from typing import Any, cast

from allauth.account.internal.flows.password_change import finalize_password_change
from django.contrib.auth import authenticate
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.authentication import SessionAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts import library_forms, services, throttles, tokens
from accounts.addresses import fold_email, read_email
from accounts.models import Team, User
from accounts.permissions import SignedIn
from core.schema import can_answer
from sentrypulse.api.accounts.wire import TeamSerializer
from sentrypulse.api.fields import LineField, PasswordField


class UserSerializer(serializers.ModelSerializer[User]):
    class Meta:
        model = User
        fields = ["id", "email", "name", "joined_at"]


class MeSerializer(UserSerializer):
    email = serializers.EmailField(required=False)
    name = LineField(max_length=100, allow_blank=True, required=False)
    email_verified = serializers.SerializerMethodField(
        help_text="Was a link that was mailed to the address followed?"
    )
    teams = TeamSerializer(many=True, read_only=True)

    class Meta(UserSerializer.Meta):
        fields = [*UserSerializer.Meta.fields, "email_verified", "teams"]
        read_only_fields = ["joined_at"]

    def validate_email(self, email: str) -> str:
        if self.instance is not None and fold_email(email) != self.instance.email:
            raise serializers.ValidationError("The address cannot be changed here; ask an operator.")
        return email

    def get_email_verified(self, user: User) -> bool:
        return user.email_verified_at is not None


class PairSerializer(serializers.Serializer[Any]):
    access = serializers.CharField(read_only=True)
    refresh = serializers.CharField(read_only=True)


class RegisterSerializer(PairSerializer):
    email = serializers.EmailField(max_length=254, write_only=True)
    password = PasswordField()
    name = LineField(max_length=100, allow_blank=True, default="", write_only=True)
    invitation = LineField(
        max_length=100,
        allow_blank=True,
        default="",
        write_only=True,
        help_text="The token of an invitation, where the server takes invited people only (SIGNUP=invite)",
    )
    user = UserSerializer(read_only=True)

    def validate_email(self, email: str) -> str:
        return read_email(email)


class LoginSerializer(PairSerializer):
    email = serializers.CharField(max_length=254, write_only=True)
    password = PasswordField()


class RefreshSerializer(serializers.Serializer[Any]):
    refresh = serializers.CharField()
    access = serializers.CharField(read_only=True)


class LogoutSerializer(serializers.Serializer[Any]):
    refresh = serializers.CharField(write_only=True)


class ChangePasswordSerializer(PairSerializer):
    current_password = PasswordField()
    new_password = PasswordField()


class ResetSerializer(serializers.Serializer[Any]):
    email = serializers.EmailField(max_length=254)


class DetailSerializer(serializers.Serializer[Any]):
    detail = serializers.CharField(help_text="One sentence")


class ConfirmResetSerializer(serializers.Serializer[Any]):
    uid = serializers.CharField(max_length=100)
    token = serializers.CharField(max_length=100)
    new_password = PasswordField()


class PublicView(APIView):
    """For people without a session. A stale token in the header must not keep them from logging in."""

    authentication_classes = ()
    permission_classes = (AllowAny,)
    max_body_bytes = 65_536
    serializer_class: type[serializers.Serializer[Any]]

    def get_authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="api"'

    def read(self, request: Request) -> dict[str, Any]:
        serializer = self.serializer_class(data=request.data)
        serializer.is_valid(raise_exception=True)
        return dict(serializer.validated_data)


class RegisterView(PublicView):
    serializer_class = RegisterSerializer
    throttle_classes = (throttles.RegisterThrottle,)

    @extend_schema(responses={201: RegisterSerializer})
    @can_answer(403)
    def post(self, request: Request) -> Response:
        """Make an account with a personal team, logged in at once. 403 where SIGNUP does not allow it."""
        user = library_forms.sign_up(request._request, **self.read(request))
        throttles.note_login(request._request, user.email, now=time.time())
        return Response({"user": UserSerializer(user).data, **tokens.issue_tokens(user)}, status=201)


class TokenView(PublicView):
    serializer_class = LoginSerializer
    throttle_classes = (throttles.LoginThrottle,)

    @extend_schema(responses={200: PairSerializer})
    @can_answer(401)
    def post(self, request: Request) -> Response:
        """Log in with e-mail address and password."""
        given = self.read(request)
        # Django hashes also for an unknown address, so that both take the same time.
        user = authenticate(request._request, email=given["email"], password=given["password"])
        if not isinstance(user, User):
            raise AuthenticationFailed("No active account has this address and password.")
        throttles.note_login(request._request, fold_email(given["email"]), now=time.time())
        return Response(tokens.issue_tokens(user))


class RefreshView(PublicView):
    serializer_class = RefreshSerializer

    @extend_schema(responses={200: PairSerializer})
    @can_answer(401)
    def post(self, request: Request) -> Response:
        """Trade a refresh token for a new pair; each works once."""
        return Response(tokens.rotate_refresh_token(self.read(request)["refresh"]))


class LogoutView(PublicView):
    serializer_class = LogoutSerializer

    @extend_schema(responses={204: None})
    def post(self, request: Request) -> Response:
        """End a session: its refresh token is denied from now on."""
        if not tokens.end_refresh_token(self.read(request)["refresh"]):
            raise serializers.ValidationError({"refresh": ["This is not a refresh token of ours."]})
        return Response(status=204)


class ResetView(PublicView):
    serializer_class = ResetSerializer
    throttle_classes = (throttles.ResetThrottle,)

    @extend_schema(responses={202: DetailSerializer})
    def post(self, request: Request) -> Response:
        """Mail a link to choose a new password. The answer does not tell whether there is an account."""
        library_forms.request_password_reset(request._request, email=self.read(request)["email"])
        return Response({"detail": "If an account has this address, a link is on its way."}, status=202)


class ConfirmResetView(PublicView):
    serializer_class = ConfirmResetSerializer
    throttle_classes = (throttles.ResetThrottle,)

    @extend_schema(responses={204: None})
    def post(self, request: Request) -> Response:
        """Choose a new password with what the link carried; every session and API key ends."""
        given = self.read(request)
        library_forms.reset_password(
            request._request, uid=given["uid"], token=given["token"], new=given["new_password"]
        )
        return Response(status=204)


class MeView(APIView):
    permission_classes = (SignedIn,)
    serializer_class = MeSerializer

    @extend_schema(responses={200: MeSerializer})
    def get(self, request: Request) -> Response:
        """Who you are, your teams and your role in each."""
        return self._answer(cast(User, request.user))

    @extend_schema(responses={200: MeSerializer})
    def patch(self, request: Request) -> Response:
        user = cast(User, request.user)
        serializer = MeSerializer(user, data=request.data, partial=True)
        serializer.is_valid(raise_exception=True)
        return self._answer(services.rename_user(user, name=serializer.validated_data.get("name", user.name)))

    def _answer(self, user: User) -> Response:
        teams = TeamSerializer(Team.objects.for_user(user).order_by("pk"), many=True)
        told = {"email_verified": user.email_verified_at is not None, "teams": teams.data}
        return Response({**UserSerializer(user).data, **told})


class PasswordView(APIView):
    permission_classes = (SignedIn,)
    serializer_class = ChangePasswordSerializer
    throttle_classes = (throttles.PasswordThrottle,)

    @extend_schema(responses={200: PairSerializer})
    def post(self, request: Request) -> Response:
        """Change the password. Every other session and token ends; the answer is a fresh pair."""
        serializer = ChangePasswordSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        given, user = serializer.validated_data, cast(User, request.user)
        services.change_password(
            user, current=given["current_password"], new=given["new_password"], now=timezone.now()
        )
        if isinstance(request.successful_authenticator, SessionAuthentication):
            finalize_password_change(request._request, user)  # this session goes on, and is listed
        return Response(tokens.issue_tokens(user))
