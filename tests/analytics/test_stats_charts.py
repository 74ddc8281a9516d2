"""The points of a chart, what lies behind them, and any stretch that is zoomed into."""

from datetime import timedelta

import pytest
import time_machine

from incidents.models import MaintenanceWindow
from monitors.models import Result
from tests.analytics.factories import NOW, make_old, open_incident, stats, store
from tests.analytics.rolling import roll_until

pytestmark = pytest.mark.django_db


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
