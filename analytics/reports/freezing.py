"""When a month's figures become final, and how they are corrected: by a next version, never by a change.

A version's digest is the SHA-256 over its head, with the digest of the version that it corrects, and its
lines, each as canonical JSON (sorted keys, no spaces, ASCII) on a line of its own. So nobody changes a
figure, a name or an earlier version unseen.
"""

import hashlib
import json
import logging
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from django.db import IntegrityError, transaction
from django.db.models import Exists, Min, OuterRef, Q, Subquery

from accounts.models import Team
from analytics.calendar import date_of, next_month
from analytics.models import SlaLine, SlaReport
from analytics.reports.figures import Month, read_sla_lines
from analytics.retention import hours_kept_from
from analytics.uptime import read_rolled_until
from core.errors import RuleViolation
from core.instants import EPOCH, to_ms, whole_ms
from core.isolation import do_each
from core.time_zones import find_zone
from monitors.models import Monitor
from monitors.recording import REPLAY_WITHIN

logger = logging.getLogger(__name__)

FREEZE, FREEZE_AT_ONCE = "freeze reports", 200
_EASTMOST = timedelta(hours=14)
"""Where a month begins first: UTC+14."""


def zone_of(team: Team) -> ZoneInfo:
    try:
        return find_zone(team.timezone)
    except ValueError:  # a zone that left the database must stop nobody
        return ZoneInfo("UTC")


def are_hours_kept(month: Month, *, now: datetime) -> bool:
    """Whether the month can still be computed."""
    return month.first > EPOCH.date() and month.start >= hours_kept_from(now)


# Freezing


def freeze_due(*, now: datetime, most: int = FREEZE_AT_ONCE) -> int:
    """Freeze each month that is over, settled and rolled up, ``most`` at once; how many were frozen.

    Safe to run twice at once: the unique constraint decides. One query when there is nothing to do.
    """
    rolled_until = read_rolled_until()
    frozen = 0
    if rolled_until is None:
        return 0
    for team, month in _find_due(now, rolled_until):
        if frozen >= most:
            break
        frozen += sum(do_each(FREEZE, [(team, month)], partial(_freeze_one, now=now), name=_name))
    if frozen:
        logger.info("reports frozen=%d", frozen)
    return frozen


def _find_due(now: datetime, rolled_until: datetime) -> Iterator[tuple[Team, Month]]:
    settled_until = min(now - REPLAY_WITHIN, rolled_until)
    newest = _month_before((settled_until + _EASTMOST).date())
    behind = Q(frozen_to__isnull=True) | Q(frozen_to__lt=newest)
    watching = Monitor.objects.filter(team=OuterRef("pk"), created_at__lt=settled_until)
    reports = SlaReport.objects.filter(team=OuterRef("pk")).order_by("-month").values("month")[:1]
    teams = Team.objects.annotate(frozen_to=Subquery(reports)).filter(behind, Exists(watching)).order_by("pk")
    find = partial(_find_months, newest=newest, settled_until=settled_until, now=now)
    for team in teams.iterator():
        for months in do_each(FREEZE, [team], find, name=lambda one: ("team", one.pk)):
            yield from ((team, month) for month in months)


def _find_months(team: Team, *, newest: date, settled_until: datetime, now: datetime) -> list[Month]:
    zone = zone_of(team)
    months = (Month(first, zone) for first in _months_from(_first_month(team, zone), newest))
    return [month for month in months if month.end <= settled_until and are_hours_kept(month, now=now)]


def _first_month(team: Any, zone: ZoneInfo) -> date:
    """The one after the newest that is frozen, else that in which the team's first monitor was made."""
    if team.frozen_to is not None:
        return next_month(team.frozen_to)
    oldest: datetime = Monitor.objects.filter(team=team).aggregate(oldest=Min("created_at"))["oldest"]
    return date_of(oldest, zone).replace(day=1)


def _months_from(first: date, last: date) -> Iterator[date]:
    while first <= last:
        yield first
        first = next_month(first)


def _month_before(on: date) -> date:
    return (on.replace(day=1) - timedelta(days=1)).replace(day=1)


def _freeze_one(due: tuple[Team, Month], *, now: datetime) -> bool:
    return _freeze(*due, now=now)


def _name(due: tuple[Team, Month]) -> tuple[str, int]:
    return "team", due[0].pk


def _freeze(team: Team, month: Month, *, now: datetime) -> bool:
    lines = list(read_sla_lines(Monitor.objects.filter(team=team), month, now=now))
    if not lines:
        return False
    try:
        _store(SlaReport(team=team, month=month.first, timezone=month.zone.key, version=1), lines, now=now)
    except IntegrityError:
        return False  # somebody else froze it meanwhile
    return True


def _store(report: SlaReport, lines: Sequence[SlaLine], *, now: datetime) -> None:
    """Everything was computed before: the transaction is short, however many lines there are."""
    report.frozen_at = whole_ms(now)
    report.digest = digest_of(report, lines)
    with transaction.atomic():
        report.save(force_insert=True)
        for line in lines:
            line.report = report
        SlaLine.objects.bulk_create(lines, batch_size=100)


# Correcting


def correct(team: Team, first: date, *, reason: str, now: datetime) -> SlaReport:
    """The next version of a frozen month, from the figures as they are now.

    Only figures are corrected: what a monitor was called, its interval and tags stay, and so does the line of
    one that was deleted since. Raises ``RuleViolation`` where there is nothing to correct, or no means to.
    """
    newest = SlaReport.objects.filter(team=team, month=first).order_by("-version").first()
    if newest is None:
        raise RuleViolation(f"The report of {first:%Y-%m} is not frozen yet; there is nothing to correct.")
    month = Month(first, find_zone(newest.timezone))
    if not are_hours_kept(month, now=now):
        raise RuleViolation(f"The hours of {month} are no longer kept; its report stays as it is.")
    old = {line.monitor_id: line for line in newest.lines.order_by("monitor_id")}
    lines = _correct_lines(old, read_sla_lines(Monitor.objects.filter(team=team), month, now=now))
    if {line.monitor_id: line.figures for line in lines} == {pk: line.figures for pk, line in old.items()}:
        raise RuleViolation(
            f"The figures of {month} are those of version {newest.version}; there is nothing to correct."
        )
    report = SlaReport(team=team, month=first, timezone=newest.timezone, version=newest.version + 1)
    report.supersedes, report.reason = newest, reason
    try:
        _store(report, lines, now=now)
    except IntegrityError:
        raise RuleViolation(f"Somebody else has just corrected the report of {month}; look at it.") from None
    return report


def _correct_lines(old: dict[int, SlaLine], now_known: Iterable[SlaLine]) -> list[SlaLine]:
    lines = {line.monitor_id: line for line in now_known}
    for pk, before in old.items():
        figures = lines[pk].figures if pk in lines else before.figures
        lines[pk] = SlaLine(
            monitor_id=pk,
            name=before.name,
            kind=before.kind,
            interval_s=before.interval_s,
            tags=before.tags,
            figures=figures,
        )
    return [lines[pk] for pk in sorted(lines)]


# The digest


def digest_of(report: SlaReport, lines: Iterable[SlaLine]) -> str:
    """Of a report and its lines, which come in order of their monitors' keys."""
    head = {
        "team": report.team_id,
        "month": f"{report.month:%Y-%m}",
        "timezone": report.timezone,
        "version": report.version,
        "reason": report.reason,
        "frozen_at": to_ms(report.frozen_at),
        "supersedes": report.supersedes.digest if report.supersedes else "",
    }
    digest = hashlib.sha256(_canonical(head))
    for line in lines:
        names = ("monitor_id", "name", "kind", "interval_s", "tags", "figures")
        digest.update(b"\n" + _canonical({name: getattr(line, name) for name in names}))
    return digest.hexdigest()


def _canonical(content: Any) -> bytes:
    return json.dumps(content, sort_keys=True, separators=(",", ":")).encode("ascii")


def is_intact(report: SlaReport) -> bool:
    """Whether a stored report, and each version before it, is what was frozen."""
    before = report.supersedes
    lines = report.lines.order_by("monitor_id").iterator(chunk_size=500)
    return digest_of(report, lines) == report.digest and (before is None or is_intact(before))
