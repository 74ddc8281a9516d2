"""The first administrator, made at the very first start."""

import secrets
from collections.abc import Callable

from django.conf import settings

from accounts.models import Team, User


def ensure_administrator(tell: Callable[[str], object]) -> Team:
    """The administrator's team; at the very first start make him, and ``tell`` his password this once."""
    administrator = User.objects.filter(is_superuser=True).order_by("pk").first()
    if administrator is None:
        password = secrets.token_urlsafe(12)
        administrator = User.objects.create_superuser(settings.ADMIN_EMAIL, password, name="Administrator")
        tell(
            f"\n  Your administrator (shown only this once):\n\n"
            f"    e-mail    {administrator.email}\n    password  {password}\n"
        )
    team, _ = Team.objects.get_or_create(personal_of=administrator, defaults={"name": "Administrator"})
    return team
