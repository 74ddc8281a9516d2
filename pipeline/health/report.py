"""Is the product itself well? What checks, alerts and pages need, in figures that show no team's data.

The whole is not ``ok`` when checks or alerts do not happen. What only makes figures or pages late is told in
its own part, and leaves the whole ``ok``.
"""

import time
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import wraps
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.db import DatabaseError, InterfaceError, connection
from django.db.models import F, QuerySet

from alerts.models import Delivery, Trouble
from analytics.models import Archiving
from analytics.uptime import read_rolled_until
from core.engine import Engine
from core.isolation import leave_out
from monitors.models import Heartbeat
from outbox.models import OutgoingStatus
from pipeline import dispatch
from pipeline.health import encryption_key, overdue, own_network, shortages, signs, vitals
from pipeline.jobs import listening
from pipeline.models import Cursor, Sign
from pipeline.queues.base import QueuesAway
from pipeline.timetable import find_job
from statuspages import publishing
from statuspages.models import Notice

Part = dict[str, Any]

STALE_AFTER_S = {Engine.EMBEDDED: 60, Engine.CELERY: 60, Engine.SERVERLESS: 180}
"""Seconds. Lambda's clock comes once a minute, never to the second: it counts as silent when the alarm
does."""
JOBS_STALE_AFTER = {engine: timedelta(seconds=2 * stale_s) for engine, stale_s in STALE_AFTER_S.items()}
NO_RECEIPT_AFTER = timedelta(seconds=120)
PAGES_OVERDUE_AFTER = timedelta(minutes=3)
WORKERS_SEEN_WITHIN = timedelta(seconds=150)
PINGS_STALE_AFTER = timedelta(seconds=60)
ROLLUPS_STALE_AFTER_S = 3 * 3600
WRITE_EVERY_S = 10.0
KEYS_TRIED = 20
COUNT_AT_MOST, NEWEST_LOOKED_AT = 1_000, 200
AWAY = {"OperationalError", "InterfaceError"}
NO_ANSWER = "Unknown: the database does not answer."


def examine(*, now: datetime) -> Part:
    """What ``/api/v1/health`` answers. Never raises."""
    database = _ask_database()
    broker, queues = _ask_queues()
    needed = {
        "database": database,
        "writes": _ask_writes(now=now) if database["ok"] else {"ok": False, "error": NO_ANSWER},
        "scheduler": _ask_scheduler(now=now),
        "broker": broker,
        "checks": _ask_checks(now=now),
        "alerts": _ask_alerts(now=now),
        "heartbeats": _ask_pings(now=now),
        "jobs": _ask_jobs(now=now),
        "loops": _ask_loops(),
        "workers": _ask_workers(now=now),
        "secrets": _ask_secrets(),
        "network": _ask_network(now=now),
        "resources": _ask_resources(now=now),
    }
    return {
        "ok": all(part is None or part["ok"] for part in needed.values()),
        "engine": settings.ENGINE,
        **needed,
        "pages": _ask_pages(now=now),
        "rollups": _ask_rollups(now=now),
        "archive": _ask_archive(),
        "watchdog": _ask_watchdog(),
        "mail": _ask_mail(),
        "queues": queues,
        "dead_letters": sum(queue["dead_letters"] for queue in queues.values()) if broker["ok"] else None,
    }


def _unless_away(ask: Callable[..., Part | None]) -> Callable[..., Part | None]:
    """Answer for a part that fails: the database may go away between two questions, and a row that cannot be
    read must not keep the other parts from being told."""

    @wraps(ask)
    def asked(**given: Any) -> Part | None:
        try:
            return ask(**given)
        except (DatabaseError, InterfaceError):
            connection.close()
            return {"ok": False, "error": NO_ANSWER}
        except Exception as fault:  # noqa: BLE001  # whatever a row holds; logged
            leave_out("examine", ("part", ask.__name__.removeprefix("_ask_")), fault)
            return {"ok": False, "error": "Unknown: a row of it cannot be read; the log says which."}

    return asked


# The stores


def _ask_database() -> Part:
    started = time.perf_counter()
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except (DatabaseError, InterfaceError):
        connection.close()
        return {"ok": False, "error": "The database does not answer."}
    return {"ok": True, "took_ms": round((time.perf_counter() - started) * 1000, 1)}


_last_write: tuple[float, bool] = (float("-inf"), True)


def _ask_writes(*, now: datetime) -> Part:
    """Whether the database takes writes. This process tries every ten seconds at most; after a failure, each
    time."""
    global _last_write
    tried_at, taken = _last_write
    if time.monotonic() - tried_at > WRITE_EVERY_S or not taken:
        taken = signs.save_sign("health", at=now, every=timedelta())
        _last_write = time.monotonic(), taken
    refused = any(loop.is_failing and loop.error in AWAY for loop in vitals.list_loops())
    if taken and not refused:
        return {"ok": True}
    return {"ok": False, "error": "The database takes nothing: its disk may be full, or it is read-only."}


def _ask_queues() -> tuple[Part, dict[str, dict[str, int]]]:
    """Whether the queues answer, and their figures."""
    try:
        return {"ok": True}, dispatch.queues().figures()
    except QueuesAway as error:
        return {"ok": False, "error": str(error)}, {}


# Checks


@_unless_away
def _ask_scheduler(*, now: datetime) -> Part:
    cursor = Cursor.objects.filter(pk="checks").first()
    if cursor is None:
        return {"ok": False, "error": "The schedule has not started yet."}
    lag_s = (now - cursor.moved_at).total_seconds()
    stale_after_s = STALE_AFTER_S[settings.ENGINE]
    return {"ok": abs(lag_s) < stale_after_s, "sent_until": cursor.sent_until, "lag_s": round(lag_s, 1)}


@_unless_away
def _ask_checks(*, now: datetime) -> Part:
    """The kinds and regions whose checks are due and bring no results."""
    late = overdue.find_overdue(now=now)
    if not late:
        return {"ok": True, "overdue": []}
    return {"ok": False, "error": "Checks are due and bring no results.", "overdue": late}


@_unless_away
def _ask_network(*, now: datetime) -> Part:
    """Whether anything answers from at least one region. Regions from which nothing does are named."""
    down = [
        outage.region for outage in own_network.find_outages(now=now) if outage.region in settings.REGIONS
    ]
    part: Part = {"ok": len(down) < len(settings.REGIONS), "down": down}
    return part if part["ok"] else part | {"error": "Nothing answers from here: our own network is down."}


@_unless_away
def _ask_resources(*, now: datetime) -> Part:
    """Whether descriptors, ports and memory suffice, in the regions where checks are made and in this
    process."""
    short = shortages.find_regions(now=now)
    if not short and not shortages.is_here():
        return {"ok": True, "short": short}
    error = "File descriptors, ports or memory ran out, so checks are unknown; raise the limit (ulimit -n)."
    return {"ok": False, "error": error, "short": short}


def _ask_loops() -> Part | None:
    """The loops of this process; None when none run here."""
    loops = vitals.list_loops()
    if not loops:
        return None
    ill = [loop for loop in loops if loop.is_stuck or loop.is_failing]
    part: Part = {
        "ok": not any(loop.needed for loop in ill),
        "count": len(loops),
        "stuck": [loop.name for loop in ill if loop.is_stuck],
        "failing": {loop.name: loop.error for loop in ill if loop.is_failing},
        "replaced": vitals.replaced(),
    }
    return part | ({"error": "A loop stands still or fails each time."} if not part["ok"] else {})


@_unless_away
def _ask_workers(*, now: datetime) -> Part | None:
    """Celery's workers, as the last look found them; None where nobody looks. Each plane needs one that
    answers. One of several that is silent is counted, and leaves the part ``ok``."""
    if settings.ENGINE != Engine.CELERY:
        return None
    seen = signs.read(prefix=signs.WORKER)
    if not seen:
        return None
    here = [sign for sign in seen.values() if now - sign.seen_at < WORKERS_SEEN_WITHIN]
    planes = {plane for sign in here for plane in sign.detail.split(",")}
    missing = sorted({"core", "edge"} - planes)
    part: Part = {"ok": not missing, "seen": len(here), "silent": len(seen) - len(here)}
    return part | ({"error": f"No worker answers for {' and '.join(missing)}."} if missing else {})


@_unless_away
def _ask_secrets() -> Part:
    if encryption_key.try_key(most=KEYS_TRIED).is_wrong:
        return {"ok": False, "error": "FIELD_ENCRYPTION_KEY does not open what is stored."}
    return {"ok": True}


@_unless_away
def _ask_jobs(*, now: datetime) -> Part:
    """The jobs that somebody waits for and that have run before: those that did not come round in time."""
    since, late = signs.read_resumed_at(), []
    for name, sign in signs.read(prefix=signs.JOB).items():
        job = find_job(name.removeprefix(signs.JOB))
        seen_at = max(sign.seen_at, since) if since else sign.seen_at
        if job and now - seen_at > JOBS_STALE_AFTER[settings.ENGINE]:
            late.append({"job": job.name, "age_s": round((now - seen_at).total_seconds())})
    return {"ok": not late, "late": late} | ({"error": "Jobs do not come round."} if late else {})


# Alerts and pages


@_unless_away
def _ask_alerts(*, now: datetime) -> Part:
    """Whether alerts that were due by now have been sent, and whether receipts come back."""
    before = now - timedelta(seconds=STALE_AFTER_S[settings.ENGINE])
    since = signs.read_resumed_at()
    if since and since > before:
        return {"ok": True, "overdue": 0}  # we have just come back
    unsent = _count_due(Delivery.objects.filter(due_at__lte=before))
    # A woken trouble has ``look_at`` = ``told_from`` until the next round (``alerts/waking.py``): not late.
    unplanned = _count_due(Trouble.objects.filter(look_at__lte=before).exclude(look_at=F("told_from")))
    if unsent or unplanned:
        return {"ok": False, "error": "Alerts are due and are not sent.", "overdue": unsent + unplanned}
    never_answered = Delivery.objects.filter(status=OutgoingStatus.SENDING, attempts__gte=3, answer="")
    if (unanswered := _count_due(never_answered)) and not _any_settled(since=now - NO_RECEIPT_AFTER):
        error = "Alerts are sent, and nobody says what became of them."
        return {"ok": False, "error": error, "overdue": unanswered}
    return {"ok": True, "overdue": 0}


def _any_settled(*, since: datetime) -> bool:
    newest = Delivery.objects.order_by("-pk").values_list("settled_at", flat=True)[:NEWEST_LOOKED_AT]
    return any(settled_at is not None and settled_at > since for settled_at in newest)


def _count_due(rows: QuerySet[Any]) -> int:
    """How many rows there are, counted up to a thousand."""
    return len(rows.order_by().values_list("pk", flat=True)[:COUNT_AT_MOST])


@_unless_away
def _ask_pages(*, now: datetime) -> Part:
    """Copies of pages and notices to subscribers that are late. Pages are served all the same."""
    copies = publishing.count_overdue(before=now - PAGES_OVERDUE_AFTER)
    letters = _count_due(Notice.objects.filter(due_at__lte=now - PAGES_OVERDUE_AFTER))
    part: Part = {"ok": not (copies or letters), "copies_overdue": copies, "letters_overdue": letters}
    return part | ({"error": "Pages are not published, or their readers not told."} if not part["ok"] else {})


@_unless_away
def _ask_pings(*, now: datetime) -> Part:
    """Whether the web server says that it listens to pings. While it does not, no heartbeat is found late."""
    heard_until = listening.heard_until(now=now)
    lag_s = round((now - heard_until).total_seconds(), 1)
    waited_for = Heartbeat.objects.filter(deadline_at__isnull=False, monitor__enabled=True)
    if now - heard_until <= PINGS_STALE_AFTER or not waited_for.exists():
        return {"ok": True, "lag_s": lag_s}
    error = "No web server of ours (`up`, `serve`) has listened to pings for a while: nobody is found late."
    return {"ok": False, "error": error, "lag_s": lag_s}


# Parts that leave the whole ok


@_unless_away
def _ask_rollups(*, now: datetime) -> Part:
    """How many seconds the roll-ups are behind. Figures are right all the same, only slower to read."""
    rolled_until = read_rolled_until()
    if rolled_until is None:
        return {"ok": True, "rolled_until": None, "lag_s": 0.0}
    lag_s = (now - rolled_until).total_seconds()
    return {"ok": lag_s < ROLLUPS_STALE_AFTER_S, "rolled_until": rolled_until, "lag_s": round(lag_s, 1)}


@_unless_away
def _ask_archive() -> Part | None:
    """Whether the archive took what the last purge gave it. If not, results wait in the database. None where
    there is no archive."""
    if not settings.ARCHIVE_URL:
        return None
    state = Archiving.objects.filter(pk=Archiving.RESULTS).first()
    if state is None:
        return {"ok": True, "written_at": None}
    if state.problem:  # its text may name a bucket, and health is public
        error = "The archive takes nothing, so no raw result is purged; the admin says why (Archiving)."
        return {"ok": False, "written_at": state.written_at, "error": error}
    return {"ok": True, "written_at": state.written_at}


def _ask_mail() -> Part | None:
    """Whether e-mails can leave. None where the edge sends them: only the edge knows its EMAIL_URL."""
    if settings.ENGINE == Engine.SERVERLESS:
        return None
    if urlsplit(settings.EMAIL_URL).scheme in {"consolemail", "dummymail"}:
        return {"ok": False, "error": "EMAIL_URL is not set: e-mails only go to the console."}
    return {"ok": True}


@_unless_away
def _ask_watchdog() -> Part | None:
    """What the watchdog (a dead man's switch) answered to the last call; None where there is none."""
    if not settings.WATCHDOG_URL:
        return None
    sign = Sign.objects.filter(pk=signs.WATCHDOG).first()
    if sign is None:
        return {"ok": True, "told_at": None}
    return {"ok": sign.detail == "", "told_at": sign.seen_at} | (
        {"error": sign.detail} if sign.detail else {}
    )
