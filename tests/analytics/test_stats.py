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
from analytics.models import Progress
from analytics.rollups import SETTLE, catch_up
from analytics.stats import read_stats
from analytics.uptime import measure
from analytics.windows import WINDOWS
from incidents.models import MaintenanceWindow
from monitors.models import Result
from tests.analytics.factories import NOW, make_old, open_incident, store
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


def stats(monitor, window="1h", zone="UTC"):
    return read_stats(monitor, window, now=NOW, zone=ZoneInfo(zone))


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


def roll_until(at, days=2):
    Progress.objects.update_or_create(
        pk=Progress.UPTIME, defaults={"rolled_until": at - timedelta(days=days), "lease_until": at}
    )
    catch_up(owner="test", now=at + SETTLE, most=10_000)


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


@pytest.mark.parametrize(
    ("window", "step_s", "points"),
    [
        ("1h", 60, 60),
        ("24h", 900, 96),
        ("7d", 3600, 168),
        ("30d", 21600, 120),
        ("90d", 86400, 91),
        ("365d", 86400, 366),
    ],
)
def test_a_chart_has_a_sensible_step_and_a_point_for_each(window, step_s, points):
    monitor = make_old(interval_s=600)
    store(monitor, *((600 * n, "U", 40) for n in range(1, 200)))
    roll_until(NOW - timedelta(hours=1))
    series = stats(monitor, window)["series"]
    assert (series["step_s"], len(series["points"])) == (step_s, points)
    ats = [point["at"] for point in series["points"]]
    assert ats == sorted(set(ats))
    newest = series["points"][-1]
    assert (newest["uptime"], newest["p50_ms"]) == (1.0, 40) if window != "1h" else (1.0, None)
    if window in {"90d", "365d"}:
        assert [p["uptime"] for p in series["points"]][:-3] == [None] * (points - 3)


def test_each_point_tells_of_its_own_step():
    monitor = make_old(interval_s=60)
    store(monitor, *((60 * n, "D" if n == 30 else "U", 10 * n) for n in range(1, 61)))
    points = stats(monitor)["series"]["points"]
    assert points[30] == {
        "at": NOW - timedelta(minutes=30),
        "uptime": 0.0,
        "coverage": 1.0,
        "p50_ms": None,
        "p95_ms": None,
        "p99_ms": None,
        "count": 1,
        "failures": 1,
        "degraded": 0,
        "maintenance": 0,
        "phases_ms": dict.fromkeys(("dns", "connect", "tls", "first_byte", "download")),
    }
    assert [p["uptime"] for p in points].count(1.0) == 59
    assert (points[-1]["p50_ms"], points[-1]["p99_ms"]) == (10, 10)


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


# Phases over time, any stretch, bands, and what has not changed


def test_each_point_has_the_median_of_its_phases_and_a_gap_has_none():
    monitor = make_old(interval_s=60)
    store(monitor, *((60 * n, "U", 40) for n in range(1, 61) if n != 20))
    Result.objects.update(dns_ms=3, connect_ms=5, first_byte_ms=30)
    points = stats(monitor)["series"]["points"]
    phases = {"dns": 3, "connect": 5, "tls": None, "first_byte": 30, "download": None}
    assert points[-1]["phases_ms"] == phases
    assert (points[-20]["count"], points[-20]["p50_ms"], points[-20]["phases_ms"]["dns"]) == (0, None, None)


def test_rolled_up_or_raw_the_phases_of_a_point_are_the_same():
    monitor = make_old(interval_s=1800)
    store(monitor, *((1800 * n + 100, "UUSD"[n % 4], 20 + n * 37 % 400) for n in range(340)))
    Result.objects.update(dns_ms=3, connect_ms=49)
    raw = stats(monitor, "7d")["series"]["points"]
    roll_until(NOW, days=8)
    assert stats(monitor, "7d")["series"]["points"] == raw
    assert {point["phases_ms"]["connect"] for point in raw} == {49}


def zoom(api, monitor, **query):
    with time_machine.travel(NOW, tick=False):
        return api.get(f"/api/v1/monitors/{monitor.pk}/stats", query)


def spell(at):
    return at.isoformat().replace("+00:00", "Z")


@pytest.mark.parametrize(
    ("ago", "length", "step_s"),
    [
        (timedelta(minutes=10), timedelta(minutes=10), 60),  # no shorter than the interval
        (timedelta(hours=5), timedelta(hours=2), 60),
        (timedelta(days=3), timedelta(hours=12), 300),
        (timedelta(days=3), timedelta(hours=48), 900),
        (timedelta(days=9), timedelta(days=8), 3600),
        (timedelta(days=45), timedelta(days=45), 21600),
        (timedelta(days=366), timedelta(days=366), 86400),
        (timedelta(days=40), timedelta(hours=2), 3600),  # raw results are gone
        (timedelta(days=500), timedelta(hours=2), 86400),  # and hours, too
    ],
)
def test_any_stretch_has_a_sensible_step(api, team, ago, length, step_s):
    answer = zoom(
        api, make_old(team, interval_s=60), **{"from": spell(NOW - ago), "to": spell(NOW - ago + length)}
    )
    assert answer.status_code == 200
    told = answer.json()
    assert (told["window"], told["series"]["step_s"]) == (None, step_s)
    assert 0 < len(told["series"]["points"]) <= 367
    assert (told["heat_map"], told["days"]) == ([], [])
    assert told["from"] <= spell(NOW - ago)
    assert told["to"] >= spell(NOW - ago + length)


def test_a_zoomed_stretch_has_the_figures_of_its_own_time(api, team):
    monitor = make_old(team, interval_s=60)
    with time_machine.travel(NOW, tick=False):
        store(monitor, *((60 * n, "D" if 100 < n <= 110 else "U", 40) for n in range(1, 200)))
    query = {"from": spell(NOW - timedelta(minutes=120)), "to": spell(NOW - timedelta(minutes=90))}
    told = zoom(api, monitor, **query).json()
    assert (told["checks"]["down"], told["downtime_s"], told["uptime"]) == (10, 600, 0.666666)


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"to": spell(NOW)}, "from"),
        ({"from": spell(NOW), "window": "24h"}, "window"),
        ({"from": spell(NOW)}, "from"),
        ({"from": spell(NOW - timedelta(days=367))}, "from"),
        ({"from": "2026-02-01T00:00:00"}, "from"),
        ({"from": "yesterday"}, "from"),
    ],
)
def test_a_stretch_that_cannot_be_shown_is_refused_by_name(api, team, query, field):
    answer = zoom(api, make_old(team), **query)
    assert (answer.status_code, list(answer.json())) == (400, [field])


def test_incidents_and_maintenance_lie_behind_the_chart():
    monitor = make_old(interval_s=60)
    incident = open_incident(monitor, since_s=600, kind="automatic")
    open_incident(monitor, since_s=9000, until_s=8000)  # before the window
    window = MaintenanceWindow.objects.create(
        team=monitor.team,
        title="Upgrade",
        starts_at=NOW - timedelta(days=9, minutes=30),
        ends_at=NOW - timedelta(days=9, minutes=20),
        rrule="FREQ=DAILY",
    )
    window.monitors.set([monitor])
    bands = stats(monitor)["bands"]
    assert [(band["kind"], band["id"], band["from"], band["to"], band["word"]) for band in bands] == [
        ("maintenance", window.pk, NOW - timedelta(minutes=30), NOW - timedelta(minutes=20), "Maintenance"),
        ("incident", incident.pk, NOW - timedelta(seconds=600), None, "Down"),
    ]


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
