"""Signs of life: when each part of the product last did its work. Only health reads them: when one cannot be
written, the work itself was done all the same."""

import logging
from datetime import datetime, timedelta

from django.db import DatabaseError, InterfaceError, transaction

from pipeline.models import Sign

logger = logging.getLogger(__name__)

RESUMED = "schedule resumed"
"""The moment from which slots were sent again, after a break in which they were skipped."""
JOB = "job: "
WORKER = "worker: "
WORKERS_ASKED = "workers asked"
WATCHDOG, WATCHDOG_CALLED = "watchdog", "watchdog called"
EVERY = timedelta(seconds=30)

_written: dict[str, datetime] = {}


def save_sign(name: str, *, at: datetime, detail: str = "", every: timedelta = EVERY) -> bool:
    """Write down that ``name`` did its work at ``at``, once in ``every`` by this process. False: it could not
    be written."""
    last = _written.get(name)
    if last is not None and timedelta() <= at - last < every:
        return True
    try:
        with transaction.atomic():
            Sign.objects.update_or_create(pk=name[:100], defaults={"seen_at": at, "detail": detail[:200]})
    except (DatabaseError, InterfaceError) as error:
        logger.warning("sign of life not written name=%r: %s", name, error)
        return False
    _written[name] = at
    return True


def save_job_sign(name: str, *, at: datetime) -> None:
    """Note that a job that somebody waits for came round."""
    save_sign(JOB + name, at=at)


def read(*, prefix: str = "") -> dict[str, Sign]:
    """The signs by name, those that begin with ``prefix``. Database errors propagate."""
    return {sign.pk: sign for sign in Sign.objects.filter(name__startswith=prefix)}


def read_resumed_at() -> datetime | None:
    """When the schedule last went on after a break in which slots were skipped; None: never."""
    return Sign.objects.filter(pk=RESUMED).values_list("seen_at", flat=True).first()


def delete_signs(names: list[str]) -> None:
    Sign.objects.filter(pk__in=names).delete()
