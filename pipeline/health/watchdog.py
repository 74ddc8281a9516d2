"""Watches ourselves: which of Celery's workers answer, and whether we are well. Once a minute it tells a dead
man's switch elsewhere that we are; when the switch hears nothing, it tells people by its own means."""

import logging
from collections.abc import Iterable
from datetime import datetime, timedelta

from django.conf import settings

from core.instants import to_ms
from delivery.message import Content, DeliveryMessage, Outcome, Receipt
from pipeline import dispatch
from pipeline.health import signs
from pipeline.health.report import examine
from pipeline.messages import Deliveries, encode
from pipeline.models import Sign

logger = logging.getLogger(__name__)

ORIGIN = "watchdog"
EVERY = timedelta(seconds=50)
"""A minute, less what the job's rhythm may be late."""
FORGET_WORKERS_AFTER = timedelta(minutes=10)
"""A worker that is silent for so long was taken away, and is not missed."""
_ill_before = False


def watch_ourselves(*, owner: str, now: datetime) -> None:
    """Examine our health; if we are well, tell the watchdog, once a minute. The call takes the same queue and
    guard as an alert, so the watchdog hears nothing when alerts would get stuck there."""
    look_at_workers(now=now)
    report = examine(now=now)
    _tell_log(report)
    if report["ok"] and settings.WATCHDOG_URL and _is_due(signs.WATCHDOG_CALLED, now=now):
        dispatch.send_body("deliveries", encode(Deliveries([_make_call(settings.WATCHDOG_URL, now=now)])))
        signs.save_sign(signs.WATCHDOG_CALLED, at=now, every=timedelta())


def _is_due(name: str, *, now: datetime) -> bool:
    """Whether it was not done within this minute. A sign from a clock that ran ahead does not count."""
    sign = Sign.objects.filter(pk=name).first()
    return sign is None or not timedelta() <= now - sign.seen_at < EVERY


def _tell_log(report: dict[str, object]) -> None:
    """Log what is wrong, from the second look in a row on: at a start not everything has come round yet."""
    global _ill_before
    ill = {
        name: part["error"] for name, part in report.items() if isinstance(part, dict) and part.get("error")
    }
    if not report["ok"] and _ill_before:
        logger.error("not well: %s", "; ".join(f"{name}: {error}" for name, error in ill.items()))
    _ill_before = not report["ok"]


def _make_call(url: str, *, now: datetime) -> DeliveryMessage:
    key = f"{ORIGIN}:{to_ms(now)}"
    return DeliveryMessage(
        id=key,
        attempt=1,
        key=key,
        kind=ORIGIN,
        config={"url": url},
        content=Content(subject="Alive", text="SentryPulse is well."),
    )


def settle_calls(receipts: Iterable[Receipt], *, now: datetime) -> None:
    """Note what the watchdog answered. It is called again in a minute anyway."""
    for receipt in receipts:
        detail = ""
        if receipt.outcome is not Outcome.SENT:
            detail = f"It answers {receipt.status}." if receipt.status else "It could not be reached."
            logger.warning("watchdog not told: %s", detail)
        signs.save_sign(signs.WATCHDOG, at=receipt.at, detail=detail, every=timedelta())


def look_at_workers(*, now: datetime) -> None:
    """Note which workers answer, and for which planes. Does nothing where the engine has no workers, or its
    broker cannot ask them."""
    if not _is_due(signs.WORKERS_ASKED, now=now) or (found := dispatch.queues().workers()) is None:
        return
    signs.save_sign(signs.WORKERS_ASKED, at=now, every=timedelta())
    for name, planes in found.items():
        signs.save_sign(signs.WORKER + name, at=now, detail=",".join(sorted(planes)), every=timedelta())
    seen = signs.read(prefix=signs.WORKER)
    signs.delete_signs([name for name, sign in seen.items() if now - sign.seen_at > FORGET_WORKERS_AFTER])
