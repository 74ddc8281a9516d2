"""How does each SLO stand now? Its uptime, what is left of its budget, and how fast that burns.

A tag's SLO is of the time of all its monitors together: of ten, one that is down burns a tenth.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction

from analytics.models import Slo
from analytics.retention import hours_kept_from
from analytics.slos.burn import BURN_WINDOWS, Budget, find_budget, find_burn_rate
from analytics.uptime import Measured, life_ms, measure
from analytics.windows import start_of
from monitors.models import Monitor

SHOWN_WINDOWS = ("1h", "6h", "3d")
WINDOWS_AT_ONCE = 4
"""Lengths in one statement: it looks at each row once for each window, and each has hours of its own to read.
All 90 at once took 135 s for 100 monitors on MariaDB, and take 7 s so."""
Subject = tuple[int | None, int | None]
"""``Slo.subject``."""


@dataclass(frozen=True, slots=True)
class Standing:
    """``uptime`` and ``coverage`` are 0 to 1; what was not measured is None."""

    uptime: float | None
    coverage: float | None
    budget: Budget | None
    burn_rates: Mapping[str, Fraction | None]


def read_standings(slos: Sequence[Slo], *, now: datetime) -> dict[int, Standing]:
    """How the SLOs stand, by key. Four queries for any number of them that have up to ``WINDOWS_AT_ONCE``
    lengths of window, and 500 monitors (see ``measure``)."""
    lengths = sorted({slo.window_days for slo in slos})
    standings: dict[int, Standing] = {}
    for first in range(0, len(lengths), WINDOWS_AT_ONCE):
        some = set(lengths[first : first + WINDOWS_AT_ONCE])
        standings |= _read_standings([slo for slo in slos if slo.window_days in some], now=now)
    return standings


def _read_standings(slos: Sequence[Slo], *, now: datetime) -> dict[int, Standing]:
    subjects = read_subjects(slos)
    lengths = {name: BURN_WINDOWS[name] for name in SHOWN_WINDOWS}
    lengths |= {_own(slo): timedelta(days=slo.window_days) for slo in slos}
    starts = find_starts(lengths, now=now)
    wanted = {(slo.subject, name) for slo in slos for name in (_own(slo), *SHOWN_WINDOWS)}
    measured = measure_subjects(subjects, wanted, starts, now=now)
    standings = {}
    for slo in slos:
        total, start = measured[slo.subject, _own(slo)], starts[_own(slo)]
        standings[slo.pk] = Standing(
            uptime=total.uptime_ratio,
            coverage=total.coverage_ratio(sum(life_ms(m, start, now) for m in subjects[slo.subject])),
            budget=find_budget(slo.target_ratio, measured_ms=total.measured_ms, down_ms=total.down_ms),
            burn_rates={name: burn_rate(slo, measured[slo.subject, name]) for name in SHOWN_WINDOWS},
        )
    return standings


def _own(slo: Slo) -> str:
    """The name of the SLO's own window."""
    return f"{slo.window_days}d"


def burn_rate(slo: Slo, measured: Measured) -> Fraction | None:
    return find_burn_rate(slo.target_ratio, measured_ms=measured.measured_ms, down_ms=measured.down_ms)


def find_starts(windows: Mapping[str, timedelta], *, now: datetime) -> dict[str, datetime]:
    """Where the windows begin; those of more than an hour on the whole hour (see ``start_of``)."""
    hours_from = hours_kept_from(now)
    return {name: start_of(length, now, hours_from=hours_from) for name, length in windows.items()}


def read_subjects(slos: Sequence[Slo]) -> dict[Subject, list[Monitor]]:
    """The monitors of each subject: one query for all tags; ``monitor`` is selected with the SLO."""
    links = (
        Monitor.tags.through.objects.filter(tag_id__in={slo.tag_id for slo in slos if slo.tag_id})
        .select_related("monitor")
        .only("tag_id", "monitor__holds_s", "monitor__created_at", "monitor__enabled")
    )
    worn: dict[int | None, list[Monitor]] = defaultdict(list)
    for link in links:
        worn[link.tag_id].append(link.monitor)
    return {slo.subject: [slo.monitor] if slo.monitor else worn[slo.tag_id] for slo in slos}


def measure_subjects(
    subjects: Mapping[Subject, Sequence[Monitor]],
    wanted: Collection[tuple[Subject, str]],
    starts: Mapping[str, datetime],
    *,
    now: datetime,
) -> dict[tuple[Subject, str], Measured]:
    """The figures of each ``wanted`` subject's monitors added up over a window. A monitor of several is read
    once."""
    monitors = {monitor.pk: monitor for some in subjects.values() for monitor in some}
    found = measure(monitors.values(), starts, now=now)
    return {
        (subject, name): sum((found[monitor.pk][name] for monitor in subjects[subject]), Measured())
        for subject, name in wanted
    }
