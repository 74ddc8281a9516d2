"""Whole months of hours, stored as rollups, for where the raw results are not the point."""

from datetime import UTC, date, datetime
from functools import cache
from itertools import chain
from zoneinfo import ZoneInfo

from django.db import connection
from rest_framework.test import APIClient

from accounts.models import Role
from analytics.calendar import parts_of
from analytics.histogram import code_of
from analytics.models import LatencyRollup, Period, Progress, Rollup
from analytics.reports.figures import Month, read_sla_lines
from analytics.reports.payload import Report, tell_report
from analytics.rollups import hours_of
from analytics.uptime import SUMS
from analytics.windows import floor_hour
from core.instants import to_ms
from incidents.models import Incident
from monitors.models import Monitor
from tests.analytics.factories import make_old
from tests.factories import MembershipFactory, UserFactory

HOUR_MS = 3_600_000
NOTHING = dict.fromkeys(SUMS, 0)


def utc(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def month_of(text, zone="UTC"):
    return Month(date.fromisoformat(f"{text}-01"), ZoneInfo(zone))


@cache
def parts_in(month):
    """(begin, length in ms) of each part of an hour."""
    hours = (parts_of(hour, month.zone) for hour in hours_of(floor_hour(month.start), month.end))
    return [
        (since, round((until - since).total_seconds() * 1000))
        for since, until in chain.from_iterable(hours)
        if month.start <= since < month.end
    ]


def store_month(monitor, month, unlike=None):
    """All up, but for the parts of hours that ``unlike`` names by their begin (in UTC): ``{}`` is no data."""
    unlike = {utc(at): times for at, times in (unlike or {}).items()}
    rows = []
    for since, length_ms in parts_in(month):
        times = NOTHING | unlike.pop(since, {"up_ms": length_ms})
        rows.append((monitor.pk, Period.HOUR.value, to_ms(since), 60, *times.values()))
    assert unlike == {}  # every exception was met
    columns = ("monitor_id", "period_h", "start_at", "holds_s", *NOTHING)
    with connection.cursor() as cursor:  # a month is 745 rows, and many tests store one
        cursor.executemany(
            f"INSERT INTO analytics_rollup ({', '.join(columns)})"
            f" VALUES ({', '.join(['%s'] * len(columns))})",
            rows,
        )


def store_latency(monitor, at, *values_ms, period=Period.HOUR):
    LatencyRollup.objects.create(
        monitor=monitor,
        period_h=period,
        start_at=utc(at),
        count=len(values_ms),
        sum_ms=sum(values_ms),
        min_ms=min(values_ms),
        max_ms=max(values_ms),
        histogram=",".join(f"{code_of(0, ms)}:1" for ms in values_ms),
    )


def roll_until(at):
    """Say that every hour before is rolled up."""
    Progress.objects.update_or_create(
        pk=Progress.UPTIME, defaults={"rolled_until": utc(at), "lease_until": utc(at)}
    )


def client_of(*teams, role=Role.ADMIN):
    """Somebody who belongs to these teams alone."""
    user = UserFactory()
    user.personal_team.delete()
    for team in teams:
        MembershipFactory(team=team, user=user, role=role)
    client = APIClient()
    client.force_authenticate(user)
    return client


def make_alive(team, since="2026-10-01 00:00", **fields):
    monitor = make_old(team, **fields)
    Monitor.objects.filter(pk=monitor.pk).update(created_at=utc(since))
    return monitor


def make_shop(team):
    """October 2026 in Berlin: ten minutes down on the 5th, no data on the 14th and in one hour."""
    monitor = make_alive(team, since="2026-09-30 22:00", name="Shop <script>alert(1)</script>", tags=["web"])
    unlike = {
        "2026-10-05 08:00": {"up_ms": 3_000_000, "down_ms": 600_000},
        "2026-10-20 10:00": {},
        **{f"2026-10-14 {hour:02}:00": {} for hour in range(22)},
        **{f"2026-10-13 {hour:02}:00": {} for hour in (22, 23)},
    }
    store_month(monitor, month_of("2026-10", "Europe/Berlin"), unlike)
    roll_until("2026-11-25 11:00")
    return monitor


def make_job(team):
    """A monitor of October's last twelve hours, named like a formula."""
    monitor = make_alive(team, since="2026-10-31 11:00", name="=1+1", kind="http", interval_s=300)
    store_month(monitor, month_of("2026-10", "Europe/Berlin"))
    Rollup.objects.filter(monitor=monitor, start_at__lt=utc("2026-10-31 11:00")).delete()
    return monitor


OCTOBER = {
    "2026-10-05 08:00": {"up_ms": 3_000_000, "down_ms": 600_000},
    "2026-10-12 10:00": {"maintenance_ms": 3_600_000},
    "2026-10-20 10:00": {},
    "2026-10-20 11:00": {},
    "2026-10-25 00:00": {"degraded_ms": 3_600_000},
    "2026-10-31 22:00": {"up_ms": 1_800_000, "down_ms": 1_800_000},  # Berlin's last hour of the month
}
SETTLED = utc("2026-11-01 05:00")  # six hours after Berlin's October


def trouble(monitor, since, until=None, **fields):
    return Incident.objects.create(
        team=monitor.team,
        monitor=monitor,
        title="Down",
        started_at=utc(since),
        resolved_at=until and utc(until),
        status="resolved" if until else "investigating",
        **fields,
    )


def make_october(berlin):
    """A monitor with October by hand: 745 hours, the last two incidents' among them."""
    monitor = make_old(berlin, name="Shop", tags=["web"])
    store_month(monitor, month_of("2026-10", "Europe/Berlin"), OCTOBER)
    trouble(monitor, "2026-10-05 08:10", "2026-10-05 08:20")
    trouble(monitor, "2026-10-31 22:30", "2026-11-01 03:00")
    trouble(monitor, "2026-09-30 20:00", "2026-09-30 22:00")  # over when October begins in Berlin
    trouble(monitor, "2026-10-07 08:10", "2026-10-07 08:20", retracted=True)
    store_latency(monitor, "2026-09-30 21:00", 900)  # September's
    store_latency(monitor, "2026-10-05 08:00", 10, 20, 30, 40)
    store_latency(monitor, "2026-10-05 00:00", 10, 20, 30, 40, period=24)
    store_latency(monitor, "2026-10-31 22:00", 45)
    roll_until("2026-11-01 04:00")
    return monitor


def told(team, month, *, now=SETTLED):
    lines = list(read_sla_lines(Monitor.objects.filter(team=team), month, now=now))
    return tell_report(
        Report(team.pk, month, list(month.days(min(month.end, now))), "team", team.name, lines)
    )
