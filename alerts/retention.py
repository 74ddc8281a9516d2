"""How long the ledger is kept."""

import logging
from datetime import datetime, timedelta

from django.conf import settings

from alerts.models import Delivery, Trouble

logger = logging.getLogger(__name__)

ROWS_AT_ONCE = 1_000


def purge(*, now: datetime) -> int:
    """Delete what was planned longer ago than ``LEDGER_RETENTION_DAYS``; how many deliveries went.

    In chunks by primary key, which is the order they were planned in. Safe to run twice, and to be killed.
    """
    before = now - timedelta(days=settings.LEDGER_RETENTION_DAYS)
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
