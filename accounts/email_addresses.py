"""django-allauth's row of a user's address, which follows the user's own row.

The library has a table of addresses, and trusts two conditional unique constraints there: one verified row
an address, one primary row a user. MySQL and MariaDB do not make these. Here a user has one row, of the
address in ``User.email``, which is unique on every database; so both hold. ``ACCOUNT_MAX_EMAIL_ADDRESSES``
and the gate (``sentrypulse/sign_in_gate.py``) keep the library from adding others.
"""

from datetime import datetime

from allauth.account.models import EmailAddress
from django.db import transaction

from accounts.models import User


def sync_address(user: User) -> None:
    """Make the row, or mend it. It is verified if ``email_verified_at`` is set."""
    mended = {"primary": True, "verified": user.email_verified_at is not None}
    with transaction.atomic():
        EmailAddress.objects.filter(user=user).exclude(email=user.email).delete()
        EmailAddress.objects.update_or_create(user=user, email=user.email, defaults=mended)


def ensure_address(user: User) -> None:
    """Make the row of the user's address when there is none, as for a user whom an operator made. Otherwise
    write nothing."""
    if not EmailAddress.objects.filter(user=user, email=user.email).exists():
        sync_address(user)


def note_verified(user: User, *, now: datetime) -> None:
    """The user followed a link mailed to the address; the first time counts."""
    with transaction.atomic():
        first = User.objects.filter(pk=user.pk, email_verified_at__isnull=True)
        if first.update(email_verified_at=now):
            user.email_verified_at = now
            sync_address(user)
