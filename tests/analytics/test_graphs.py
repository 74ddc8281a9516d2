"""Bars and curves of all monitors of a team."""

from datetime import date, timedelta

import pytest
import time_machine
from django.core.cache import cache
from django.db import connection
from django.test.utils import CaptureQueriesContext

from analytics import graphs, pieces
from analytics.graphs import DayLetter, choose_day_letter
from analytics.models import LatencyRollup, Period, Progress, Rollup
from analytics.uptime import SUMS, Measured
from tests.factories import NOW, make_client, make_member, make_monitor, make_team

URL = "/api/v1/monitors/graphs"
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
DAY_MS = 86_400_000


@pytest.fixture
def team(db):
    return make_team("Ours", timezone="UTC")


@pytest.fixture
def api(team):
    return make_client(make_member(team))


@pytest.fixture(autouse=True)
def clock(db):
    Progress.objects.create(name=Progress.UPTIME, rolled_until=NOW, lease_until=NOW)
    with time_machine.travel(NOW, tick=False) as clock:
        yield clock


def roll(monitor, begin, period=Period.DAY, **sums):
    figures = dict.fromkeys(SUMS, 0) | sums
    Rollup.objects.create(monitor=monitor, period_h=period, start_at=begin, holds_s=60, **figures)


def time_hour(monitor, begin, *, count, sum_ms):
    LatencyRollup.objects.create(
        monitor=monitor,
        period_h=1,
        start_at=begin,
        count=count,
        sum_ms=sum_ms,
        min_ms=1,
        max_ms=300,
        histogram="",
    )


def rolled(queries):
    return [query["sql"] for query in queries if "analytics_rollup" in query["sql"]]


@pytest.mark.parametrize(
    ("sums", "letter"),
    [
        ({}, DayLetter.NO_DATA),
        ({"maintenance_ms": 1}, DayLetter.MAINTENANCE),
        ({"up_ms": DAY_MS}, DayLetter.UP),
        ({"up_ms": DAY_MS, "maintenance_ms": 1}, DayLetter.UP),
        ({"up_ms": DAY_MS, "degraded_ms": 60_000}, DayLetter.UP),
        ({"up_ms": DAY_MS, "degraded_ms": 1_000_000}, DayLetter.DEGRADED),
        ({"up_ms": DAY_MS, "down_ms": 1}, DayLetter.DEGRADED),
        ({"up_ms": DAY_MS, "down_ms": 1_000_000}, DayLetter.DOWN),
    ],
)
def test_a_day_has_a_letter(sums, letter):
    assert choose_day_letter(Measured(**sums)) == letter


def test_days_and_hours_are_told_the_oldest_first(api, team):
    monitor = make_monitor(team)
    midnight = NOW.replace(hour=0)
    roll(monitor, midnight - 2 * DAY, up_ms=DAY_MS)
    roll(monitor, midnight - DAY, up_ms=86_399_000, down_ms=1_000)
    roll(monitor, midnight, period=Period.HOUR, maintenance_ms=3_600_000)
    time_hour(monitor, NOW - HOUR, count=4, sum_ms=401)
    time_hour(monitor, NOW - 2 * HOUR, count=1, sum_ms=50)
    other = make_monitor(team)
    answer = api.get(URL, {"days": 4, "hours": 3})
    assert answer.json() == {
        "timezone": "UTC",
        "from": "2026-02-26",
        "to": "2026-03-01",
        "hours_from": "2026-03-01T09:00:00Z",
        "complete": True,
        "monitors": {
            "id_steps": [monitor.pk, other.pk - monitor.pk],
            "days": ["-ugm", "----"],
            "hours": ["-hz", "---"],
        },
    }


def test_nothing_changes_until_rolling_up_comes_farther(api, team, clock):
    monitor = make_monitor(team)
    first = api.get(URL)
    assert first["Cache-Control"] == "private, no-cache"
    roll(monitor, NOW.replace(hour=0) - DAY, up_ms=DAY_MS)
    clock.move_to(NOW + HOUR / 2)
    with CaptureQueriesContext(connection) as queries:
        again = api.get(URL, headers={"If-None-Match": f"W/{first['ETag']}"})
    assert (again.status_code, again.content, again["Cache-Control"]) == (304, b"", "private, no-cache")
    assert "analytics_rollup" not in " ".join(query["sql"] for query in queries)
    Progress.objects.update(rolled_until=NOW + HOUR)
    changed = api.get(URL, headers={"If-None-Match": first["ETag"]})
    assert changed.json()["monitors"]["days"][0].count("u") == 1


def test_thirty_monitors_cost_as_many_queries_as_three(api, team):
    def count():
        cache.clear()
        with CaptureQueriesContext(connection) as queries:
            assert api.get(URL).status_code == 200
        return len(queries)

    for _ in range(3):
        roll(make_monitor(team), NOW - DAY, up_ms=DAY_MS)
    of_three = count()
    for _ in range(27):
        roll(make_monitor(team), NOW - DAY, up_ms=DAY_MS)
    assert count() == of_three
    assert of_three <= 9


@pytest.mark.parametrize("query", [{"days": 0}, {"days": 91}, {"hours": 49}, {"days": "x"}, {"team": "x"}])
def test_what_cannot_be_drawn_is_refused_by_name(api, query):
    answer = api.get(URL, query)
    assert (answer.status_code, list(answer.json())) == (400, list(query))


def test_another_teams_graphs_are_not_told(api, team):
    strange = make_team()
    make_monitor(strange)
    assert api.get(URL, {"team": strange.pk}).status_code == 400
    assert api.get(URL).json()["monitors"]["id_steps"] == []


def test_days_are_those_of_the_team(team):
    team.timezone = "Pacific/Auckland"
    team.save()
    told = make_client(make_member(team)).get(URL, {"days": 1}).json()
    assert told["to"] == str(date(2026, 3, 2))


def test_with_a_new_hour_only_two_days_are_read_again(api, team):
    monitor = make_monitor(team)
    midnight = NOW.replace(hour=0)
    for ago in range(1, 6):
        roll(monitor, midnight - ago * DAY, up_ms=DAY_MS)
    before = api.get(URL, {"days": 6}).json()["monitors"]["days"]
    roll(monitor, midnight, period=Period.HOUR, down_ms=3_600_000)
    Rollup.objects.filter(start_at=midnight - DAY).update(up_ms=0, maintenance_ms=DAY_MS)
    Progress.objects.update(rolled_until=NOW + HOUR)
    with CaptureQueriesContext(connection) as queries:
        after = api.get(URL, {"days": 6}).json()["monitors"]["days"]
    assert (before, after) == (["uuuuu-"], ["uuuumd"])
    assert len(rolled(queries)) == 1
    assert rolled(queries)[0].count("SELECT") == 2


def test_a_day_that_is_not_rolled_up_yet_is_read_again(api, team):
    monitor = make_monitor(team)
    midnight = NOW.replace(hour=0)
    Progress.objects.update(rolled_until=midnight - 3 * DAY)
    assert api.get(URL, {"days": 5}).json()["monitors"]["days"] == ["-----"]
    for ago in range(1, 5):
        roll(monitor, midnight - ago * DAY, up_ms=DAY_MS)
    Progress.objects.update(rolled_until=NOW)
    assert api.get(URL, {"days": 5}).json()["monitors"]["days"] == ["uuuu-"]


def test_a_request_draws_for_a_moment_and_the_next_goes_on(api, team, monkeypatch):
    monkeypatch.setattr(graphs, "MADE_FOR_S", 0)
    monkeypatch.setattr(pieces, "PIECE", 2)
    monitors = [make_monitor(team) for _ in range(5)]
    seen = []
    for _ in range(4):
        answer = api.get(URL)
        told = answer.json()
        seen.append((told["complete"], len(told["monitors"]["days"])))
        if not told["complete"]:  # the same hour will say more
            assert api.get(URL, headers={"If-None-Match": answer["ETag"]}).status_code == 200
    assert seen == [(False, 2), (True, 5), (True, 5), (True, 5)]
    assert sum(told["monitors"]["id_steps"]) == monitors[-1].pk


def test_with_a_new_hour_nothing_vanishes_while_it_is_drawn(api, team, monkeypatch):
    monkeypatch.setattr(pieces, "PIECE", 1)
    for _ in range(3):
        roll(make_monitor(team), NOW.replace(hour=0), period=Period.HOUR, up_ms=3_600_000)
    assert api.get(URL, {"days": 1}).json()["monitors"]["days"] == ["u", "u", "u"]
    Rollup.objects.update(up_ms=0, down_ms=3_600_000)
    Progress.objects.update(rolled_until=NOW + HOUR)
    monkeypatch.setattr(graphs, "MADE_FOR_S", 0)
    told = [api.get(URL, {"days": 1}).json() for _ in range(3)]
    assert [(one["complete"], "".join(one["monitors"]["days"])) for one in told] == [
        (False, "duu"),
        (False, "ddu"),
        (True, "ddd"),
    ]
