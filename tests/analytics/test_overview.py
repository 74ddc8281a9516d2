"""All monitors at a glance, and only what changed since the last look."""

import random
from datetime import timedelta

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Role
from actions import monitors as actions
from analytics.models import Period, Progress, Rollup
from analytics.uptime import SUMS
from analytics.windows import floor_hour
from incidents.services import acknowledge, close_incident
from monitors.models import Monitor, RegionState, Result, Tag
from monitors.tags import create_tag, rename_tag
from tests.analytics.factories import make_slo
from tests.factories import NOW, make_client, make_member, make_monitor, make_team
from tests.incidents.factories import WindowFactory, make_incident
from tests.monitors.factories import make_result

URL = "/api/v1/monitors/overview"
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


@pytest.fixture(autouse=True)
def clock():
    with time_machine.travel(NOW, tick=False) as clock:
        yield clock


def ask(api, **query):
    """The answer, its columns turned into rows, as the app does."""
    answer = api.get(URL, query)
    assert answer.status_code == 200, answer.content
    told = answer.json()
    return told | {name: turn(told[name]) for name in ("monitors", "states")}


def turn(columns):
    return [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]


def only(api):
    (row,) = ask(api)["monitors"]
    return row


def roll(monitor, begin, **sums):
    figures = dict.fromkeys(SUMS, 0) | sums
    Rollup.objects.create(monitor=monitor, period_h=Period.HOUR, start_at=begin, holds_s=60, **figures)


def believe(monitor, state, **fields):
    RegionState.objects.filter(monitor=monitor).update(state=state, **{"changed_at": NOW - HOUR} | fields)


def test_a_row_tells_what_a_list_shows(api, team):
    monitor = make_monitor(team, name="Checkout", tags=["shop", "eu"], interval_s=60)
    believe(monitor, "down")
    make_result(monitor, at=NOW - MINUTE, total_ms=12)
    make_result(monitor, status="down", error="Expected 200-299, got 503.", total_ms=1_270)
    incident = make_incident(monitor, started_at=NOW - 12 * MINUTE)
    make_slo(monitor, target_ratio="0.999", window_days=30)

    assert only(api) == {
        "id": monitor.pk,
        "team": team.pk,
        "name": "Checkout",
        "kind": "http",
        "target": "http://shop.test/",
        "status": "down",
        "since": "2026-03-01T11:48:00Z",
        "reason": "Expected 200-299, got 503.",
        "incident": {"id": incident.pk, "acknowledged": False},
        "enabled": True,
        "maintenance": None,
        "tags": ["eu", "shop"],
        "interval_s": 60,
        "response_ms": None,
        "uptime_24h": None,
        "uptime_30d": None,
        "slo": {"target": 0.999, "window_days": 30},
    }


def test_each_status_tells_since_when_and_why(api, team):
    up = make_monitor(team, name="up")
    believe(up, "up")
    make_result(up, total_ms=95)
    slow = make_monitor(team, name="slow")
    believe(slow, "degraded")
    make_result(slow, status="degraded", error="Took 1,612 ms.", total_ms=1_612)
    lost = make_monitor(team, name="lost")
    believe(lost, "up", no_data_since=NOW - 34 * MINUTE, no_data_reason="No result since 11:26.")
    make_monitor(team, name="paused", enabled=False)
    covered = make_monitor(team, name="covered")
    WindowFactory(
        team=team, title="Upgrade", monitors=[covered], starts_at=NOW - 26 * MINUTE, ends_at=NOW + HOUR
    )
    make_monitor(team, name="new", now=NOW - MINUTE)
    told = ask(api)
    rows = {row["name"]: row for row in told["monitors"]}
    assert {name: (row["status"], row["since"], row["reason"]) for name, row in rows.items()} == {
        "up": ("up", "2026-03-01T11:00:00Z", ""),
        "slow": ("degraded", "2026-03-01T11:00:00Z", "Took 1,612 ms."),
        "lost": ("no_data", "2026-03-01T11:26:00Z", "No result since 11:26."),
        "paused": ("paused", None, ""),
        "covered": ("maintenance", "2026-03-01T11:34:00Z", "Upgrade"),
        "new": ("pending", "2026-03-01T11:59:00Z", ""),
    }
    assert (rows["up"]["response_ms"], rows["slow"]["response_ms"]) == (95, 1_612)
    assert rows["covered"]["maintenance"]["until"] == "2026-03-01T13:00:00Z"
    expected = dict.fromkeys(["pending", "up", "degraded", "no_data", "paused", "maintenance"], 1) | {
        "down": 0
    }
    assert told["counts"] == expected
    assert told["whole"] is True


def test_of_several_regions_the_newest_answer_is_shown(api, team, settings):
    settings.REGIONS = ["a", "b", "c"]
    monitor = make_monitor(team)
    believe(monitor, "down")
    RegionState.objects.filter(region="c").update(state="up")
    for region, status, took in (("a", "down", None), ("b", "down", None), ("c", "up", 80)):
        error = "Timed out." if status == "down" else ""
        make_result(monitor, region=region, status=status, error=error, total_ms=took)
    row = only(api)
    assert (row["status"], row["reason"]) == ("down", "Timed out (2 of 3 regions).")
    assert row["response_ms"] == 80


def test_with_the_newest_result_gone_the_one_before_is_shown(api, team):
    monitor = make_monitor(team)
    make_result(monitor, at=NOW - MINUTE, total_ms=80)
    newest = make_result(monitor, total_ms=90)
    assert only(api)["response_ms"] == 90
    Result.objects.filter(pk=newest.pk).delete()
    assert only(api)["response_ms"] == 80


def test_a_tag_of_hundreds_of_monitors_is_shown_for_each(api, team):
    """MySQL cuts a text that it makes of many rows at 1,024 bytes, unless told otherwise."""
    tag = create_tag(team, name="shop")
    monitors = [make_monitor(team) for _ in range(300)]
    tag.monitors.add(*monitors)
    assert [row["tags"] for row in ask(api)["monitors"]] == [["shop"]] * 300


def test_tags_have_many_monitors_and_monitors_many_tags(api, team):
    for tags in (["a", "b"], ["b"], [], ["c, d", "a"]):
        make_monitor(team, tags=tags)
    assert [row["tags"] for row in ask(api)["monitors"]] == [["a", "b"], ["b"], [], ["a", "c, d"]]


def test_a_heartbeat_shows_its_schedule(api, team):
    make_monitor(team, kind="heartbeat", config={"period_s": 900, "grace_s": 300})
    assert only(api)["target"] == "every 15 min, grace 5 min"


def test_uptime_is_of_whole_hours_rounded_down_and_new_with_each_roll_up(api, team):
    monitor = make_monitor(team)
    Progress.objects.create(name=Progress.UPTIME, rolled_until=NOW - HOUR, lease_until=NOW)

    roll(monitor, NOW - 2 * HOUR, up_ms=3_599_800, down_ms=200)
    assert (only(api)["uptime_24h"], only(api)["uptime_30d"]) == (0.9999, 0.9999)
    roll(monitor, NOW - HOUR, up_ms=0, down_ms=3_600_000)
    assert only(api)["uptime_24h"] == 0.9999
    Progress.objects.update(rolled_until=NOW)
    assert only(api)["uptime_24h"] == 0.4999


def test_the_strictest_promise_counts_also_of_a_tag(api, team):
    monitor = make_monitor(team, tags=["shop"])
    make_slo(monitor, target_ratio="0.99", window_days=7)
    make_slo(Tag.objects.get(), target_ratio="0.9995", window_days=30)
    assert only(api)["slo"] == {"target": 0.9995, "window_days": 30}


def test_a_hidden_tab_asks_for_the_counts_alone(api, team):
    make_monitor(team)
    make_incident(make_monitor(team))
    told = ask(api, counts="true")
    assert (told["monitors"], told["gone"], told["whole"], told["token"]) == ([], [], False, "")
    assert (told["counts"]["pending"], told["open_incidents"]) == (2, 1)


def test_only_the_users_own_monitors_are_told_of_all_teams_or_one(user, team):
    other, api = make_team(), make_client(user)
    make_member(other, Role.VIEWER, user)
    make_monitor(team, name="ours")
    make_monitor(other, name="theirs")
    make_monitor(make_team(), name="strange")

    def names(**query):
        return [row["name"] for row in ask(api, **query)["monitors"]]

    assert (names(), names(team=team.pk), names(team=0)) == (["ours", "theirs"], ["ours"], [])


def test_anothers_token_brings_all_rows(api, team):
    make_monitor(team)
    token = ask(api)["token"]
    theirs = make_team()
    make_monitor(theirs)
    told = ask(make_client(make_member(theirs)), since=token)
    assert (told["whole"], len(told["monitors"])) == (True, 1)


def test_nobody_keeps_an_overview(api, team):
    answer = api.get(URL)
    assert "no-store" in answer["Cache-Control"]
    assert "ETag" not in answer


def test_thirty_monitors_cost_as_many_queries_as_three(api, team):
    def count():
        with CaptureQueriesContext(connection) as queries:
            ask(api)
        return len(queries)

    def add(number):
        for n in range(number):
            kind = "heartbeat" if n % 3 == 0 else "http"
            monitor = make_monitor(team, kind=kind, tags=["prod"])
            make_result(monitor)
            make_incident(monitor)
            make_slo(monitor)

    WindowFactory(team=team, monitors=[make_monitor(team)], starts_at=NOW - HOUR, ends_at=NOW + HOUR)
    Progress.objects.create(name=Progress.UPTIME, rolled_until=NOW, lease_until=NOW)
    add(3)
    ask(api)
    of_three = count()
    add(27)
    ask(api)
    assert count() == of_three
    assert of_three <= 12


# What changed


class Tab:
    """A client that merges what it is told, as the app does."""

    def __init__(self, api):
        self.api, self.token, self.rows, self.sent = api, "", {}, 0

    def poll(self):
        told = ask(self.api, since=self.token)
        self.rows = {} if told["whole"] else self.rows
        self.rows |= {row["id"]: row for row in told["monitors"]}
        self.rows |= {row["id"]: self.rows[row["id"]] | row for row in told["states"]}
        for pk in told["gone"]:
            del self.rows[pk]
        self.token, self.sent = told["token"], len(told["monitors"]) + len(told["states"])
        return told


class Life:
    """Everything that may befall a team's monitors, at random and by the services that do it."""

    def __init__(self, team, user, seed):
        self.team, self.user, self.random, self.now = team, user, random.Random(seed), NOW

    def live(self, clock):
        self.now += timedelta(seconds=self.random.choice((0, 0.2, 7)))
        clock.move_to(self.now)
        doings = [name for name in dir(self) if name.startswith("do_")]
        name = self.random.choice(doings)
        getattr(self, name)()
        return name

    @property
    def monitor(self):
        return self.random.choice(list(Monitor.objects.order_by("pk")))

    def do_create(self):
        make_monitor(self.team, name=f"M{self.random.random()}", now=self.now)

    def do_delete(self):
        if Monitor.objects.count() > 5:
            actions.delete([self.monitor], now=self.now)

    def do_rename(self):
        actions.update(self.monitor, now=self.now, name=f"N{self.random.random()}")

    def do_switch(self):
        monitor = self.monitor
        (actions.pause if monitor.enabled else actions.resume)([monitor], now=self.now)

    def do_tag(self):
        actions.edit_many([self.monitor], now=self.now, add_tags=[self.random.choice("abc")])

    def do_rename_tag(self):
        if tag := Tag.objects.order_by("?").first():
            rename_tag(tag, name=f"t{self.random.random()}")

    def do_delete_tag(self):
        Tag.objects.order_by("pk")[:1].get().delete() if Tag.objects.exists() else None

    def do_result(self):
        """Also one that comes late, and is not the newest; the clock of whoever checked may be wrong."""
        ago = timedelta(seconds=self.random.choice((0, 0.5, 30, 3_000)))
        monitor, at = self.monitor, self.now - ago + timedelta(milliseconds=self.random.randrange(999))
        make_result(monitor, at=at, checked_at=at - timedelta(days=1), total_ms=self.random.randrange(500))

    def do_belief(self):
        state = self.random.choice(["up", "down", "degraded"])
        RegionState.objects.filter(monitor=self.monitor).update(state=state)

    def do_open(self):
        monitor = self.monitor
        if not hasattr(monitor, "open_incident"):
            make_incident(monitor, started_at=self.now)

    def do_acknowledge(self):
        for monitor in Monitor.objects.filter(
            open_incident__acknowledged_at=None, open_incident__isnull=False
        ):
            acknowledge(monitor.open_incident, author=self.user, now=self.now)

    def do_close(self):
        for monitor in Monitor.objects.filter(open_incident__isnull=False)[:1]:
            close_incident(monitor.open_incident, at=self.now, text="Over.")

    def do_maintenance(self):
        ends = self.now + timedelta(seconds=self.random.randrange(1, 20))
        WindowFactory(team=self.team, monitors=[self.monitor], starts_at=self.now, ends_at=ends)

    def do_promise(self):
        make_slo(self.monitor, target_ratio=f"0.{self.random.randrange(900, 999)}")

    def do_roll_up(self):
        monitor, until = self.monitor, floor_hour(self.now) - HOUR
        progress, _ = Progress.objects.get_or_create(
            name=Progress.UPTIME, defaults={"rolled_until": until, "lease_until": NOW}
        )
        Progress.objects.update(rolled_until=progress.rolled_until + HOUR)
        roll(monitor, progress.rolled_until, up_ms=3_000_000, down_ms=self.random.randrange(600_000))


@pytest.mark.parametrize("seed", range(2))
def test_however_writes_and_polls_mix_no_change_is_missed(api, team, user, clock, seed):
    for _ in range(6):
        make_monitor(team)
    life, tabs, done = Life(team, user, seed), [Tab(api) for _ in range(3)], set()
    for _ in range(60):
        done.add(life.live(clock))
        tab = life.random.choice(tabs)
        tab.poll()
        now = {row["id"]: row for row in ask(api)["monitors"]}
        assert tab.rows == now
    assert len(done) > 8


def test_a_poll_brings_what_changed_and_nothing_else(api, team):
    monitors = [make_monitor(team) for _ in range(5)]
    tab = Tab(api)
    assert tab.poll()["whole"]
    make_result(monitors[3], total_ms=70)
    told = tab.poll()
    assert (told["whole"], told["monitors"], [row["id"] for row in told["states"]]) == (
        False,
        [],
        [monitors[3].pk],
    )
    again = tab.poll()
    assert (again["monitors"], again["states"], tab.token) == ([], [], told["token"])


def test_a_change_of_settings_is_told_as_a_whole_row_and_a_check_by_what_it_found(api, team):
    monitor = make_monitor(team, name="Shop")
    tab = Tab(api)
    tab.poll()
    actions.update(monitor, now=NOW, name="Market")
    assert [row["name"] for row in tab.poll()["monitors"]] == ["Market"]
    make_result(monitor, total_ms=70)
    (row,) = tab.poll()["states"]
    assert (row["response_ms"], "name" in row) == (70, False)
    make_result(monitor, at=NOW + timedelta(seconds=1), total_ms=70)
    assert tab.poll()["states"] == []  # another check, and nothing new to show


def test_the_end_of_maintenance_is_noticed_although_nobody_wrote_anything(api, team, clock):
    monitor = make_monitor(team)
    WindowFactory(team=team, monitors=[monitor], starts_at=NOW - HOUR, ends_at=NOW + MINUTE)
    tab = Tab(api)
    tab.poll()
    clock.move_to(NOW + MINUTE)
    (row,) = tab.poll()["states"]
    assert (row["status"], row["maintenance"]) == ("pending", None)
