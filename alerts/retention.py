"""Delete old rows of the ledger."""

import logging
from datetime import datetime

from alerts.models import Delivery, Trouble
from core.retention import deliveries_kept

logger = logging.getLogger(__name__)

ROWS_AT_ONCE = 1_000


def purge_ledger(*, now: datetime) -> int:
    """Delete deliveries that were planned more than ``LEDGER_RETENTION_DAYS`` ago, and closed troubles that
    have none left; return the number of deleted deliveries.

    It deletes in chunks, in the order of primary keys, which is the order of planning. Safe to run twice, and
    to be killed at any moment.
    """
    before = now - deliveries_kept()
    gone = 0
    while True:
        oldest = list(Delivery.objects.order_by("pk").values_list("pk", "planned_at")[:ROWS_AT_ONCE])
        old = [pk for pk, planned_at in oldest if planned_at < before]
        Delivery.objects.filter(pk__in=old).delete()
        gone += len(old)
        if len(old) < ROWS_AT_ONCE:
            break
    closed = Trouble.objects.filter(closed_at__lt=before, look_at__isnull=True, deliveries__isnull=True)
    while ids := list(closed.order_by("pk").values_list("pk", flat=True)[:ROWS_AT_ONCE]):
        Trouble.objects.filter(pk__in=ids).delete()
    if gone:
        logger.info("purge deliveries=%d", gone)
    return gone
