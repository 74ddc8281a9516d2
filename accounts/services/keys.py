"""API keys: made, renamed, revoked. How one authenticates is ``accounts.authentication``."""

import base64
import secrets
from datetime import datetime

from django.core.exceptions import ValidationError

from accounts.authentication import hash_secret
from accounts.models import ApiKey, Role, Scope, Team, User
from accounts.permissions import require_role


def create_api_key(
    user: User,
    *,
    team: Team,
    name: str,
    now: datetime,
    scope: Scope = Scope.READ,
    expires_at: datetime | None = None,
) -> tuple[ApiKey, str]:
    """The key and its secret, which is stored only as a hash and can never be shown again."""
    require_role(user, team.pk, Role.MEMBER)
    if expires_at is not None and expires_at <= now:
        raise ValidationError(
            {"expires_at": ["This is in the past; choose a later moment or leave it empty."]}
        )
    # Lower case, because MariaDB compares without case; 40 bits, because prefixes are unique.
    prefix = base64.b32encode(secrets.token_bytes(5)).decode().lower()
    secret = f"{ApiKey.KEY_START}{prefix}_{secrets.token_urlsafe(32)}"
    key = ApiKey.objects.create(
        team=team,
        user=user,
        name=name,
        prefix=prefix,
        secret_hash=hash_secret(secret),
        scope=scope,
        created_at=now,
        expires_at=expires_at,
    )
    return key, secret


def rename_api_key(key: ApiKey, *, name: str) -> ApiKey:
    key.name = name
    key.save(update_fields=["name"])
    return key


def revoke_keys_of(user: User, *, now: datetime, team_id: int | None = None) -> int:
    """End all keys of the user (in one team, if given) for good. Returns how many were valid."""
    keys = ApiKey.objects.filter(user=user, revoked_at__isnull=True)
    return (keys if team_id is None else keys.filter(team_id=team_id)).update(revoked_at=now)


def revoke_api_key(key: ApiKey, *, now: datetime) -> None:
    """End the key at once and for good. A second call does not change when it ended. The row stays for
    operators to see."""
    ApiKey.objects.filter(pk=key.pk, revoked_at__isnull=True).update(revoked_at=now)
    key.refresh_from_db(fields=["revoked_at"])
