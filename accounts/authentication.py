"""Who is asking: a bearer token or an API key (sessions are DRF's own). Registered in the settings."""

import hashlib
import re
import secrets
from datetime import datetime, timedelta

from django.db.models import Exists, OuterRef, Q
from django.utils import timezone
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request
from rest_framework_simplejwt.authentication import JWTAuthentication
from rest_framework_simplejwt.exceptions import InvalidToken
from rest_framework_simplejwt.tokens import Token

from accounts.models import ApiKey, Membership, User

KEY_SHAPE = re.compile(rf"{ApiKey.KEY_START}([a-z2-7]{{8}})_[A-Za-z0-9_-]{{43}}", re.ASCII)
USED_AT_STEP = timedelta(minutes=1)


class TokenAuthentication(JWTAuthentication):
    """``Authorization: Bearer <access token>``; dead after 15 minutes or when the password changes."""

    def get_validated_token(self, raw_token: bytes) -> Token:
        try:
            return super().get_validated_token(raw_token)
        except InvalidToken as error:
            raise AuthenticationFailed(
                "This access token is not valid or has expired; refresh it or log in."
            ) from error


class ApiKeyAuthentication(BaseAuthentication):
    """``X-API-Key: sp_<prefix>_<secret>``: acts as the member who made the key, in the key's team only."""

    header = "X-API-Key"

    def authenticate(self, request: Request) -> tuple[User, ApiKey] | None:
        raw = request.headers.get(self.header)
        if raw is None:
            return None
        now = timezone.now()
        key = find_live_key(raw.strip(), now=now)
        if key is None:
            raise AuthenticationFailed("This API key is unknown, revoked or expired; make a new one.")
        note_use(key, now=now)
        user = key.user
        user.api_key = key
        return user, key

    def authenticate_header(self, request: Request) -> str:
        return self.header


def hash_secret(secret: str) -> str:
    """The hash of a random secret of 256 bits. Such a secret needs no slow hash."""
    return hashlib.sha256(secret.encode()).hexdigest()


def find_live_key(raw: str, *, now: datetime) -> ApiKey | None:
    """The key, unless it is wrong, revoked or expired, or its user is no active member any more."""
    shape = KEY_SHAPE.fullmatch(raw)
    if shape is None:
        return None
    # A key lives as long as the membership it was made in: who left and came back has to make a new one.
    member = Membership.objects.filter(
        team=OuterRef("team"), user=OuterRef("user"), joined_at__lte=OuterRef("created_at")
    )
    key = (
        ApiKey.objects.select_related("user")
        .filter(Exists(member), prefix=shape[1], user__is_active=True)
        .first()
    )
    if key is None or not secrets.compare_digest(key.secret_hash, hash_secret(raw)):
        return None
    return key if key.is_live(now=now) else None


def note_use(key: ApiKey, *, now: datetime) -> None:
    """Write ``last_used_at``, at most once a minute, however many requests come at once."""
    before = now - USED_AT_STEP
    if key.last_used_at is None or key.last_used_at <= before:
        stale = Q(last_used_at__isnull=True) | Q(last_used_at__lte=before)
        ApiKey.objects.filter(stale, pk=key.pk).update(last_used_at=now)
        key.last_used_at = now
