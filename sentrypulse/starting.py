"""What every start asks before it does anything."""

from collections.abc import Callable

from django.conf import settings
from django.core.management.base import CommandError

from core import descriptors
from pipeline.health.encryption_key import find_key_fault, reseal_all


def check_descriptors() -> None:
    """Raises ``CommandError`` when the system gives so few that nothing would work, health among it."""
    if fault := descriptors.explain_low_limit():
        raise CommandError(fault)


def check_encryption_key(tell: Callable[[str], object]) -> None:
    """Raises ``CommandError`` when FIELD_ENCRYPTION_KEY does not open what is stored. What an older of
    several keys opens is sealed with the newest, so that the older may be taken away."""
    if fault := find_key_fault():
        raise CommandError(fault)
    if count := reseal_all():
        tell(f"{count} secrets are sealed with the newest key now.")


def tell_where_mail_goes(tell: Callable[[str], object]) -> None:
    """Nobody should wait for e-mails that are only printed."""
    if settings.EMAIL_URL.startswith("consolemail:"):
        tell("EMAIL_URL is not set: e-mails, alerts among them, only go to the console.")
