"""In which regions is our own network down? Their results say so, because edges have no database. For
operators."""

import logging
from collections.abc import Iterable
from datetime import datetime, timedelta

from core.instants import whole_ms
from pipeline.models import NetworkOutage
from probes.errors import ErrorCode
from probes.result import CheckResult

logger = logging.getLogger(__name__)

OVER_AFTER = timedelta(minutes=3)
"""An outage is over after so long without a further result that is blamed on it."""


def save_outages(results: Iterable[CheckResult]) -> None:
    """Write down the regions whose results say that their own network was down. Other results cost nothing.
    Safe to run twice and at once."""
    found: dict[str, list[datetime]] = {}
    for result in results:
        if result.error_code == ErrorCode.OWN_NETWORK:
            found.setdefault(result.region, []).append(whole_ms(result.checked_at))
    for region, moments in sorted(found.items()):
        first, last = min(moments), max(moments)
        outage, new = NetworkOutage.objects.get_or_create(
            pk=region, defaults={"since": first, "seen_at": last}
        )
        if not new and first - outage.seen_at > OVER_AFTER:
            new = bool(
                NetworkOutage.objects.filter(pk=region, seen_at=outage.seen_at).update(
                    since=first, seen_at=last
                )
            )
        else:
            NetworkOutage.objects.filter(pk=region, seen_at__lt=last).update(seen_at=last)
        if new:
            logger.error("own network is down region=%s: its checks that fail are unknown", region)


def find_outages(*, now: datetime) -> list[NetworkOutage]:
    """The outages of regions whose own network is down, or was within the last three minutes."""
    recent = NetworkOutage.objects.filter(seen_at__gt=now - OVER_AFTER)
    return list(recent.order_by("region"))
