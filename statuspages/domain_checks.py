"""Custom domains that wait for their proof: looked up again and again, less often the longer they wait."""

import logging
from datetime import datetime, timedelta

from core.errors import RuleViolation
from core.isolation import do_each
from statuspages.models import StatusPage
from statuspages.services import verify_domain

logger = logging.getLogger(__name__)

AT_ONCE = 50
ASK_FOR = timedelta(days=14)
"""Since the page was last edited; who needs longer presses the button."""


def verify_pending(*, now: datetime) -> int:
    """Try those that are asked for and not proven yet; how many became so."""
    pending = StatusPage.objects.filter(verified_domain__isnull=True, updated_at__gte=now - ASK_FOR)
    proven = 0
    for page in pending.exclude(custom_domain="").order_by("-updated_at")[:AT_ONCE]:
        proven += sum(
            do_each(
                "verify domains", [page], lambda one: _verify(one, now=now), name=lambda one: ("page", one.pk)
            )
        )
    return proven


def _verify(page: StatusPage, *, now: datetime) -> bool:
    try:
        return bool(verify_domain(page, now=now))
    except RuleViolation as missing:
        logger.info("domain pending page=%d: %s", page.pk, missing)
        return False
