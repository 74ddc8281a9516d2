"""Accounts on the wire, and where. `sentrypulse.api.urls` mounts the viewsets of teams and keys."""

from django.urls import URLPattern, path

from accounts.account_adapter import RESET
from sentrypulse.api.accounts.auth import (
    ConfirmResetView,
    LogoutView,
    MeView,
    PasswordView,
    RefreshView,
    RegisterView,
    ResetView,
    TokenView,
)
from sentrypulse.api.accounts.keys import ApiKeyViewSet
from sentrypulse.api.accounts.teams import AcceptView, InvitationViewSet, MemberViewSet, TeamViewSet

__all__ = ["AUTH_PATHS", "ApiKeyViewSet", "InvitationViewSet", "MemberViewSet", "TeamViewSet"]

AUTH_PATHS: list[URLPattern] = [
    path("auth/register", RegisterView.as_view()),
    path("auth/token", TokenView.as_view()),
    path("auth/token/refresh", RefreshView.as_view()),
    path("auth/logout", LogoutView.as_view()),
    path("auth/me", MeView.as_view()),
    path("auth/password", PasswordView.as_view()),
    path("auth/password/reset", ResetView.as_view()),
    path("auth/password/reset/confirm", ConfirmResetView.as_view(), name=RESET),
    path("teams/<int:team_id>/members/", MemberViewSet.as_view({"get": "list"})),
    path(
        "teams/<int:team_id>/members/<int:pk>/",
        MemberViewSet.as_view({"get": "retrieve", "patch": "partial_update", "delete": "destroy"}),
    ),
    path("teams/<int:team_id>/invitations/", InvitationViewSet.as_view({"get": "list", "post": "create"})),
    path(
        "teams/<int:team_id>/invitations/<int:pk>/",
        InvitationViewSet.as_view({"get": "retrieve", "delete": "destroy"}),
    ),
    path("invitations/accept", AcceptView.as_view()),
]
