"""``GET monitors/{id}/stats``: every figure by hand."""

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from rest_framework.test import APIClient

from accounts.models import Role
from analytics.stats import read_stats
from analytics.uptime import measure
from analytics.windows import WINDOWS
from monitors.models import Result
from tests.analytics.factories import NOW, make_old, open_incident, stats, store
from tests.analytics.rolling import roll_until
from tests.factories import MembershipFactory, TeamFactory, UserFactory

pytestmark = pytest.mark.django_db
NO_LATENCY = dict.fromkeys(("min", "avg", "p50", "p95", "p99", "max"))


@pytest.fixture
def team(db):
    return TeamFactory()


@pytest.fixture
def api(team):
    user = UserFactory()
    MembershipFactory(team=team, user=user, role=Role.VIEWER)
    client = APIClient()
    client.force_authenticate(user)
    return client


TOTALS = ["window", "from", "to", "timezone", "uptime", "coverage", "downtime_s", "maintenance_s"]
TOTALS += ["incidents", "mttr_s", "mtbf_s", "checks", "latency_ms"]


def test_the_figures_of_an_hour_are_those_computed_by_hand():
    monitor = make_old(interval_s=600)
    store(
        monitor,
        (3600, "U", 100),
        (3000, "S", 900),
        (2400, "D", 5000),
        (1800, "?"),
        (1200, "M", 40),
        (600, "U", 200),
    )
    open_incident(monitor, since_s=2400, until_s=1800)
    figures = stats(monitor)
    assert {name: figures[name] for name in TOTALS} == {
        "window": "1h",
        "from": NOW - timedelta(hours=1),
        "to": NOW,
        "timezone": "UTC",
        "uptime": 0.75,
        "coverage": 0.8,  # ten of the fifty minutes without maintenance could not be measured
        "downtime_s": 600,
        "maintenance_s": 600,
        "incidents": 1,
        "mttr_s": 600,
        "mtbf_s": 1800,
        "checks": {"up": 2, "degraded": 1, "down": 1, "unknown": 1, "maintenance": 1},
        "latency_ms": {"min": 100, "avg": 400, "p50": 199, "p95": 899, "p99": 899, "max": 900},
    }


def test_where_nothing_was_found_every_figure_is_null_or_nought():
    figures = stats(make_old(), "24h")
    assert (figures["uptime"], figures["coverage"], figures["downtime_s"]) == (None, 0.0, 0)
    assert figures["checks"] == {"up": 0, "degraded": 0, "down": 0, "unknown": 0, "maintenance": 0}
    assert (figures["incidents"], figures["latency_ms"]) == (0, NO_LATENCY)


def test_coverage_is_of_the_monitors_life_and_not_of_the_time_before_it():
    monitor = make_old(age=timedelta(seconds=1200), interval_s=600)
    store(monitor, (600, "U"))
    assert stats(monitor, "30d")["coverage"] == 0.5
    assert stats(make_old(age=timedelta(0)), "30d")["coverage"] is None


def test_a_window_is_half_open():
    monitor = make_old(interval_s=60)
    store(monitor, (3601, "D", 9), (3600, "U", 1), (0, "D", 9))
    figures = stats(monitor)
    assert figures["checks"] == {"up": 1, "degraded": 0, "down": 0, "unknown": 0, "maintenance": 0}
    assert figures["latency_ms"]["max"] == 1


def test_incidents_count_when_they_overlap_the_window_and_were_not_retracted():
    monitor, other = make_old(), make_old()
    open_incident(monitor, since_s=7200, until_s=3601)  # over before it
    open_incident(monitor, since_s=7200, until_s=3500)
    open_incident(monitor, since_s=7200)
    open_incident(monitor, since_s=60, until_s=30, retracted=True)
    open_incident(other, since_s=60)
    assert stats(monitor)["incidents"] == 2


def nearest_rank(values, percentile):
    """The smallest value that at least ``percentile`` in a hundred do not exceed."""
    return min(v for v in values if 100 * sum(w <= v for w in values) >= percentile * len(values))


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck), phases=[Phase.generate])
@given(values=st.lists(st.integers(0, 60_000), min_size=1, max_size=30))
def test_percentiles_are_within_the_stated_error_of_the_nearest_rank(values):
    monitor = make_old(interval_s=60)
    Result.objects.bulk_create(
        Result(
            monitor=monitor,
            region="local",
            scheduled_at=NOW - timedelta(seconds=ago_s),
            checked_at=NOW,
            status="up",
            total_ms=value,
        )
        for ago_s, value in enumerate(values, 1)
    )
    latency = stats(monitor)["latency_ms"]
    for percentile in (50, 95, 99):
        exact = nearest_rank(values, percentile)
        assert abs(latency[f"p{percentile}"] - exact) <= exact * 0.01 + 0.5
    assert (latency["min"], latency["max"]) == (min(values), max(values))
    assert abs(latency["avg"] - sum(values) / len(values)) <= 0.5


@pytest.mark.parametrize(
    ("count", "expected"), [(1, (1, 1, 1)), (2, (1, 2, 2)), (20, (10, 19, 20)), (49, (25, 47, 49))]
)
def test_below_fifty_milliseconds_percentiles_are_exact(count, expected):
    monitor = make_old(interval_s=60)
    store(monitor, *((n, "U", n) for n in range(1, count + 1)))
    latency = stats(monitor)["latency_ms"]
    assert (latency["p50"], latency["p95"], latency["p99"]) == expected


def test_a_failed_check_has_no_latency():
    monitor = make_old(interval_s=60)
    store(monitor, (60, "D", 10_000), (30, "U"))
    assert stats(monitor)["latency_ms"] == NO_LATENCY


@pytest.mark.parametrize(("window", "length"), WINDOWS.items())
def test_every_window_ends_now_and_is_as_long_as_its_name(api, team, window, length):
    monitor = make_old(team)
    with time_machine.travel(NOW, tick=False):
        answer = api.get(f"/api/v1/monitors/{monitor.pk}/stats?window={window}")
        assert answer.status_code == 200
        assert (answer.json()["window"], answer.json()["to"]) == (window, "2026-03-01T12:00:00Z")
        assert answer.data["from"] == (NOW - length).isoformat().replace("+00:00", "Z")


def test_without_a_name_the_window_is_a_day(api, team):
    assert api.get(f"/api/v1/monitors/{make_old(team).pk}/stats").json()["window"] == "24h"


@pytest.mark.parametrize("window", ["2h", "", "1H", "all"])
def test_a_window_that_does_not_exist_is_refused_with_those_that_do(api, team, window):
    answer = api.get(f"/api/v1/monitors/{make_old(team).pk}/stats?window={window}")
    assert answer.status_code == 400
    assert answer.json() == {
        "window": [f"There is no window {window!r}; choose from 1h, 24h, 7d, 30d, 90d, 365d."]
    }


def test_another_teams_monitor_has_no_figures_for_me(api):
    assert api.get(f"/api/v1/monitors/{make_old().pk}/stats").status_code == 404


def test_the_list_shows_uptime_at_the_same_number_of_queries_for_three_and_for_thirty(api, team):
    counts = []
    for more in (3, 27):
        for _ in range(more):
            monitor = make_old(team, interval_s=60)
            with time_machine.travel(NOW, tick=False):
                store(monitor, (60, "U", 5))
        with time_machine.travel(NOW, tick=False), CaptureQueriesContext(connection) as queries:
            rows = api.get("/api/v1/monitors/?page_size=200").json()["results"]
        counts.append((len(rows), len(queries)))
    assert [size for size, _ in counts] == [3, 30]
    assert counts[0][1] == counts[1][1]
    assert {row["uptime"]["24h"] for row in rows} == {1.0}
    assert set(rows[0]["uptime"]) == {"24h", "7d", "30d", "90d"}


def test_rolled_up_or_raw_the_totals_are_the_same_and_agree_with_the_list():
    monitor, now = make_old(interval_s=1800), NOW + timedelta(minutes=25)
    letters = "UUSUDDUUU?MU"
    store(
        monitor,
        *((1800 * n + 100, letters[n % 12], 20 + n * 37 % 400) for n in range(340) if n % 50),
        now=now,
    )
    raw = {window: read_stats(monitor, window, now=now, zone=ZoneInfo("UTC")) for window in WINDOWS}
    roll_until(NOW, days=8)
    for window in WINDOWS:
        rolled = read_stats(monitor, window, now=now, zone=ZoneInfo("UTC"))
        for name in [*TOTALS, "phases_ms"]:
            assert rolled[name] == raw[window][name], (window, name)
        listed = measure([monitor], {window: rolled["from"]}, now=now)[monitor.pk][window]
        assert listed.uptime_ratio == rolled["uptime"]


def test_phases_have_percentiles_of_their_own():
    monitor = make_old(interval_s=60)
    store(monitor, *((n, "U", 40) for n in range(1, 11)))
    Result.objects.update(dns_ms=3, connect_ms=5, first_byte_ms=30)
    Result.objects.filter(scheduled_at=NOW - timedelta(seconds=1)).update(dns_ms=49)
    none = {"p50": None, "p95": None, "p99": None}
    assert stats(monitor)["phases_ms"] == {
        "dns": {"p50": 3, "p95": 49, "p99": 49},
        "connect": {"p50": 5, "p95": 5, "p99": 5},
        "tls": none,
        "first_byte": {"p50": 30, "p95": 30, "p99": 30},
        "download": none,
    }


def test_recovery_and_failure_times_are_means_over_the_incidents_of_the_window():
    monitor = make_old(interval_s=60)
    store(monitor, *((60 * n, "D" if n in {10, 11} else "U") for n in range(1, 61)))
    open_incident(monitor, since_s=4200, until_s=3000)  # began before the window
    open_incident(monitor, since_s=660, until_s=540)
    open_incident(monitor, since_s=60)
    figures = stats(monitor)
    assert (figures["incidents"], figures["mttr_s"], figures["mtbf_s"]) == (3, 660, 58 * 60 / 2)
    assert (stats(make_old())["mttr_s"], stats(make_old())["mtbf_s"]) == (None, None)


def test_a_zone_that_does_not_exist_is_refused_and_names_the_field(api, team):
    answer = api.get(f"/api/v1/monitors/{make_old(team).pk}/stats?timezone=Mars/Olympus")
    assert answer.status_code == 400
    assert answer.json() == {
        "timezone": ["There is no time zone 'Mars/Olympus'; use an IANA name such as Europe/Berlin."]
    }


def test_days_are_the_teams_unless_a_zone_is_asked_for(api, team):
    team.timezone = "Asia/Tokyo"
    team.save()
    address = f"/api/v1/monitors/{make_old(team).pk}/stats"
    with time_machine.travel(NOW.replace(hour=16), tick=False):
        tokyo, samoa = api.get(address).json(), api.get(f"{address}?timezone=Pacific/Pago_Pago").json()
    assert (tokyo["timezone"], tokyo["days"][-1]["on"]) == ("Asia/Tokyo", "2026-03-02")
    assert (samoa["timezone"], samoa["days"][-1]["on"]) == ("Pacific/Pago_Pago", "2026-03-01")


def test_a_page_of_figures_costs_the_same_queries_however_much_is_stored():
    counts = []
    for results in (5, 200):
        monitor = make_old(interval_s=600)
        store(monitor, *((600 * n, "UD"[n % 5 == 0], 40) for n in range(1, results)))
        roll_until(NOW - timedelta(hours=1))
        counts.append([])
        for window in WINDOWS:
            with CaptureQueriesContext(connection) as queries:
                stats(monitor, window)
            counts[-1].append(len(queries))
    assert counts[0] == counts[1]
    assert max(counts[0]) <= 11


def test_figures_are_answered_304_until_there_is_something_new(api, team):
    monitor = make_old(team, interval_s=60)
    path = f"/api/v1/monitors/{monitor.pk}/stats"

    def ask(seconds, etag=""):
        with time_machine.travel(NOW + timedelta(seconds=seconds), tick=False):
            return api.get(path, headers={"If-None-Match": etag} if etag else {})

    with time_machine.travel(NOW, tick=False):
        store(monitor, (60, "U", 40))
    first = ask(5)
    assert first["Cache-Control"] == "private, no-cache"
    etag = first["ETag"]
    assert ask(50, etag).status_code == 304
    with time_machine.travel(NOW, tick=False):
        store(monitor, (-20, "D", 40))
    after = ask(51, etag)
    assert (after.status_code, after.json()["checks"]["down"]) == (200, 1)
    etag = after["ETag"]
    open_incident(monitor, since_s=60)
    assert ask(52, etag).status_code == 200
    assert ask(61, ask(52)["ETag"]).status_code == 200
