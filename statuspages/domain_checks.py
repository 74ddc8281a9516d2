"""Look up the DNS proofs of custom domains that are not proven yet."""

import logging
from datetime import datetime, timedelta

from core.errors import RuleViolation
from core.isolation import do_each
from statuspages.models import StatusPage
from statuspages.services import verify_domain

logger = logging.getLogger(__name__)

AT_ONCE = 50
ASK_FOR = timedelta(days=14)
"""A page is tried until this long after its last edit. After that, people verify the domain by the API."""


def verify_pending(*, now: datetime) -> int:
    """Try the ``AT_ONCE`` pages that were edited last; return how many domains are proven now."""
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
