"""The pairs of tokens that a log-in is made of: issue, rotate, end, forget."""

from datetime import datetime
from typing import Any

from django.contrib.auth.models import update_last_login
from rest_framework.exceptions import AuthenticationFailed
from rest_framework_simplejwt.exceptions import ExpiredTokenError, TokenError
from rest_framework_simplejwt.settings import api_settings
from rest_framework_simplejwt.token_blacklist.models import OutstandingToken
from rest_framework_simplejwt.tokens import RefreshToken
from rest_framework_simplejwt.utils import get_md5_hash_password

from accounts.models import User

_ENDED = "This refresh token is not valid, was used or has ended; log in."


def _end(token: RefreshToken) -> bool:
    """True for the one that ended it."""
    ended: Any = token.blacklist()  # get_or_create's pair, whatever its hints say
    return bool(ended[1])


class _MaybeEndedToken(RefreshToken):
    def check_blacklist(self) -> None:
        """Ending what has ended is fine."""


def issue_tokens(user: User) -> dict[str, str]:
    """A new pair, ``access`` and ``refresh``, for a user who has just proved who they are."""
    refresh = RefreshToken.for_user(user)
    update_last_login(type(user), user)
    return {"access": str(refresh.access_token), "refresh": str(refresh)}


def rotate_refresh_token(raw: str) -> dict[str, str]:
    """Trade a refresh token for a new pair; of two at once one wins. Raises 401 if it is worth nothing.

    simplejwt's own serializer copies the claims without looking at the password, and lets both of two win.
    """
    try:
        token = RefreshToken(raw)  # type: ignore[arg-type]  # its hints ask for a Token, its code for the text
    except TokenError as error:
        raise AuthenticationFailed(_ENDED) from error
    user = User.objects.filter(pk=token[api_settings.USER_ID_CLAIM], is_active=True).first()
    if user is None or token.get(api_settings.REVOKE_TOKEN_CLAIM) != get_md5_hash_password(user.password):
        raise AuthenticationFailed(_ENDED)
    if not _end(token):
        raise AuthenticationFailed(_ENDED)
    fresh = RefreshToken.for_user(user)
    return {"access": str(fresh.access_token), "refresh": str(fresh)}


def end_refresh_token(raw: str) -> bool:
    """Put it on the deny-list; again changes nothing. False if it never was a refresh token."""
    try:
        _MaybeEndedToken(raw).blacklist()  # type: ignore[arg-type]  # as above
    except ExpiredTokenError:
        return True
    except TokenError:
        return False
    return True


def purge_expired_tokens(*, now: datetime, limit: int = 10_000) -> int:
    """Forget up to ``limit`` refresh tokens that have expired anyway; the rows deleted. Safe to run twice."""
    old = list(
        OutstandingToken.objects.filter(expires_at__lt=now)
        .order_by("pk")
        .values_list("pk", flat=True)[:limit]
    )
    deleted, _ = OutstandingToken.objects.filter(pk__in=old).delete()
    return deleted
