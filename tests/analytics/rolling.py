"""Rolling up in tests: begin somewhere, roll, look at the rows."""

from datetime import timedelta

from analytics.models import Period, Progress, Rollup
from analytics.rollups import SETTLE, catch_up
from analytics.uptime import SUMS
from tests.analytics.factories import at

NOON = at("2026-03-01T12:00")
SETTLED = NOON + SETTLE


def roll(now=SETTLED, owner="test", **asked):
    return catch_up(owner=owner, now=now, **({"most": 10_000} | asked))


def begin_at(start):
    """The progress as if everything before ``start`` had been rolled up (and held nothing)."""
    Progress.objects.update_or_create(
        pk=Progress.UPTIME, defaults={"rolled_until": start, "lease_until": start, "lease_owner": ""}
    )


def roll_until(at, days=2):
    Progress.objects.update_or_create(
        pk=Progress.UPTIME, defaults={"rolled_until": at - timedelta(days=days), "lease_until": at}
    )
    catch_up(owner="test", now=at + SETTLE, most=10_000)


def rows(model=Rollup, period=Period.HOUR):
    return list(model.objects.filter(period_h=period).order_by("monitor_id", "start_at").values())


def sums(row):
    return tuple(row[name] for name in SUMS)
