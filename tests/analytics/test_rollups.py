"""Rolling up: by hand, against raw results, again and again, late, and by two at once."""

import threading
import time
from datetime import timedelta

import pytest
from django.db import connection
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from analytics import rollup_sql
from analytics.histogram import parse
from analytics.models import LatencyRollup, Period, Progress, Rollup, StaleSpan
from analytics.rollups import LEASE, RollupBusy, catch_up, has_hours_to_roll, mark_stale, roll_again
from analytics.uptime import measure
from analytics.windows import LISTED, floor_hour
from monitors.models import Result
from pipeline.stages.record import record
from tests.analytics.factories import DAY, HOUR, MINUTE, NOW, at, make_old, measured, starts, store, store_at
from tests.analytics.rolling import NOON, SETTLED, begin_at, roll, rows
from tests.pipeline.factories import make_result

pytestmark = pytest.mark.django_db


def test_an_hour_is_rolled_up_when_what_was_measured_in_it_has_come():
    make_old()
    begin_at(NOON - HOUR)
    assert roll(SETTLED - timedelta(seconds=1)) == 0
    assert roll(SETTLED) == 1
    assert roll(SETTLED + MINUTE) == 0
    assert Progress.objects.get().rolled_until == NOON


def test_the_first_run_begins_where_the_oldest_monitor_does():
    make_old(age=5 * HOUR + MINUTE)
    make_old(age=2 * HOUR)
    assert roll() == 6
    assert roll() == 0


def test_after_a_pause_it_catches_up_a_bounded_number_of_hours_at_once():
    monitor = make_old(interval_s=600)
    begin_at(NOON - 30 * HOUR)
    store(monitor, *((60 * n, "U", 5) for n in range(10, 1800, 10)), now=NOON)
    heard = []
    assert roll(most=20, told=heard.append) == 20
    assert heard[-1] == NOON - 10 * HOUR == Progress.objects.get().rolled_until
    assert roll(most=20) == 10
    assert len(rows()) == 30
    assert len(rows(period=Period.DAY)) == 1


def test_rolled_up_or_raw_the_figures_are_the_same():
    one, two = make_old(interval_s=300), make_old(interval_s=600)
    letters = "UUUUDDUUS?MUUU.U"
    for monitor in (one, two):
        store(
            monitor,
            *(
                (300 * n + monitor.pk, letters[n % 16], n % 90)
                for n in range(1, 2000)
                if letters[n % 16] != "."
            ),
        )
    asked = {name: floor_hour(start) for name, start in starts(*LISTED).items()}
    raw = measure([one, two], asked, now=NOW + 7 * MINUTE)
    begin_at(NOON - 10 * DAY)
    assert roll(NOW + 6 * MINUTE) == 240
    assert measure([one, two], asked, now=NOW + 7 * MINUTE) == raw
    assert all(figures.down_ms > 0 for figures in raw[one.pk].values())


def test_the_newest_check_counts_at_once():
    monitor = make_old(interval_s=60)
    begin_at(NOON - HOUR)
    store(monitor, *((60 * n, "U") for n in range(1, 60)), now=NOON)
    roll()
    store_at(monitor, (NOON + 6 * MINUTE, "D"))
    asked = {"24h": NOON - 24 * HOUR}
    found = measure([monitor], asked, now=NOON + 6 * MINUTE + timedelta(seconds=30))[monitor.pk]["24h"]
    assert (found.up_ms, found.down_ms) == (59 * 60_000, 30_000)


def test_rolling_up_again_changes_nothing():
    monitor = make_old(interval_s=300)
    begin_at(NOON - 2 * DAY)
    store(monitor, *((150 * n, "UDS?M"[n % 5], n) for n in range(1, 1000)), now=NOON)
    roll()
    before = [rows(model, period) for model in (Rollup, LatencyRollup) for period in Period]
    assert roll_again(NOON - 2 * DAY, NOON, owner="test", now=SETTLED) == 48
    assert [rows(model, period) for model in (Rollup, LatencyRollup) for period in Period] == before
    assert all(before)


def late(monitor, slot, letter, now):
    """Record as the pipeline does."""
    return record([make_result(monitor, slot, letter)], now=now)


def test_a_late_result_is_rolled_up_into_the_hours_it_holds_in_and_their_day():
    monitor = make_old(interval_s=600)
    begin_at(at("2026-02-28T00:00"))
    slot = at("2026-02-28T10:55")
    store_at(monitor, (slot - 10 * MINUTE, "U"), (slot + 20 * MINUTE, "U"))
    roll()
    day = rows(period=Period.DAY)[0]
    assert (day["up_ms"], day["down_ms"]) == (20 * 60_000, 0)
    late(monitor, slot, "D", SETTLED)
    assert StaleSpan.objects.count() == 1
    roll()
    assert StaleSpan.objects.count() == 0
    downs = {row["start_at"]: row["down_ms"] for row in rows() if row["down_ms"]}
    assert downs == {at("2026-02-28T10:00"): 5 * 60_000, at("2026-02-28T11:00"): 5 * 60_000}
    day = rows(period=Period.DAY)[0]
    assert (day["up_ms"], day["down_ms"], day["checks_down"]) == (20 * 60_000, 10 * 60_000, 1)


def test_a_result_in_time_leaves_no_mark():
    monitor = make_old(interval_s=60)
    late(monitor, NOON - MINUTE, "U", NOON + timedelta(seconds=59))
    assert StaleSpan.objects.count() == 0
    late(monitor, NOON - 2 * MINUTE, "U", NOON + timedelta(seconds=61))
    assert StaleSpan.objects.count() == 1


def test_recording_a_late_result_twice_leaves_one_mark():
    monitor = make_old(interval_s=60)
    for _ in range(2):
        late(monitor, NOON - HOUR, "D", SETTLED)
    assert StaleSpan.objects.count() == 1


def test_a_mark_that_comes_while_rolling_stays(monkeypatch):
    monitor = make_old(interval_s=60)
    begin_at(NOON)
    mark_stale([(monitor, NOON - HOUR)], now=SETTLED)
    monkeypatch.setattr(
        "analytics.rollups.sum_up_hour", lambda hour, ids=None: mark_stale([(monitor, hour)], now=SETTLED)
    )
    roll()
    assert list(StaleSpan.objects.values_list("start_at", flat=True)) == [NOON - HOUR]


def test_of_two_at_once_one_rolls_and_the_other_says_so():
    make_old()
    begin_at(NOON - HOUR)
    Progress.objects.update(lease_owner="other", lease_until=SETTLED + LEASE)
    assert roll() == 0
    with pytest.raises(RollupBusy, match="try again in a minute"):
        roll_again(NOON - DAY, NOON, owner="test", now=SETTLED)
    assert rows() == []
    assert roll(SETTLED + LEASE) == 1  # the other one was killed


def test_a_lease_from_a_clock_that_ran_ahead_is_void():
    make_old()
    begin_at(NOON - HOUR)
    Progress.objects.update(lease_owner="other", lease_until=SETTLED + DAY)
    assert roll() == 1


def test_who_has_lost_the_lease_moves_nothing(monkeypatch):
    make_old()
    begin_at(NOON - 3 * HOUR)
    monkeypatch.setattr(
        "analytics.rollups.sum_up_hour", lambda hour: Progress.objects.update(lease_owner="other")
    )
    roll()
    assert Progress.objects.get().rolled_until == NOON - 3 * HOUR


def test_what_was_purged_is_never_rolled_again():
    monitor = make_old(interval_s=600)
    begin_at(NOON - 4 * HOUR)
    store(monitor, *((600 * n, "U", 7) for n in range(1, 24)), now=NOON)
    roll()
    before = rows()
    gone = NOON - 2 * HOUR
    Result.objects.filter(scheduled_at__lt=gone - 10 * MINUTE).delete()
    Progress.objects.update(raw_from=gone)
    assert roll_again(NOON - 4 * HOUR, NOON, owner="test", now=SETTLED) == 2
    mark_stale([(monitor, NOON - 3 * HOUR)], now=SETTLED)
    roll()
    assert rows() == before


def test_nothing_to_roll_up_is_no_error():
    assert roll() == 0
    assert Progress.objects.get().rolled_until == NOON


histories = st.dictionaries(st.integers(1, 5 * 3600), st.sampled_from("UUUSD?M"), min_size=1, max_size=25)


@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck), phases=[Phase.generate])
@given(found=histories, data=st.data(), interval_s=st.sampled_from([60, 600, 3600]))
def test_a_history_in_any_order_rolled_at_any_time_and_again_finds_the_same_figures(found, data, interval_s):
    """Two monitors of one history: one rolled up in order, one shuffled, late and rolled again; and raw."""
    Progress.objects.all().delete()
    rolled, shuffled = make_old(interval_s=interval_s), make_old(interval_s=interval_s)
    asked, now = {"w": NOON - 6 * HOUR}, NOON + 10 * MINUTE
    store(rolled, *((ago_s, letter, ago_s % 500) for ago_s, letter in found.items()), now=NOON)
    raw = measure([rolled], asked, now=now)[rolled.pk]["w"]
    begin_at(NOON - 6 * HOUR)
    history = data.draw(st.permutations(sorted(found.items())))
    early = data.draw(st.integers(0, len(history)))
    store(shuffled, *((ago_s, letter, ago_s % 500) for ago_s, letter in history[:early]), now=NOON)
    roll(now)
    for ago_s, letter in history[early:]:
        slot = NOON - timedelta(seconds=ago_s)
        store_at(shuffled, (slot, letter, ago_s % 500))
        mark_stale([(shuffled, slot)], now=now)
        roll(now) if data.draw(st.booleans()) else None
    roll(now)
    roll_again(NOON - 3 * HOUR, NOON - HOUR, owner="test", now=now)
    figures = measure([rolled, shuffled], asked, now=now)
    assert figures[rolled.pk]["w"] == raw
    assert figures[shuffled.pk]["w"] == raw
    stored = [
        {
            (row["period_h"], row["start_at"]): {
                k: parse(v) if k == "histogram" else v for k, v in row.items() if k != "monitor_id"
            }
            for row in LatencyRollup.objects.filter(monitor=monitor).values()
        }
        for monitor in (rolled, shuffled)
    ]
    assert stored[0] == stored[1]
    assert measured(rolled, now=now).measured_ms == measured(shuffled, now=now).measured_ms
    for model in (Rollup, LatencyRollup, StaleSpan, Result):
        model.objects.all().delete()


def test_the_lease_is_kept_while_hours_are_rolled(monkeypatch):
    make_old()
    begin_at(NOON - 3 * HOUR)
    ends = []
    begun = time.monotonic()
    passing = iter(range(200, 1000, 200))
    monkeypatch.setattr("analytics.rollups.time.monotonic", lambda: begun + next(passing))  # 200 s an hour
    monkeypatch.setattr(
        "analytics.rollups.sum_up_hour", lambda hour: ends.append(Progress.objects.get().lease_until)
    )
    assert roll() == 3
    kept_s = [round((end - SETTLED - LEASE).total_seconds(), -1) for end in ends]
    assert kept_s == [0, 200, 400]
    assert Progress.objects.get().lease_until == SETTLED  # given back


def test_rolling_up_begins_no_other_hour_when_its_time_is_over_and_is_behind_until_all_are_done():
    make_old()
    begin_at(NOON - 3 * HOUR)
    parts = []
    while has_hours_to_roll(now=SETTLED):
        parts.append(roll(for_s=0))
    assert parts == [1, 1, 1]
    assert Progress.objects.get().rolled_until == NOON
    assert roll(for_s=0) == 0


def test_recording_late_and_rolling_up_at_once_lose_nothing(shared_database):
    """A recorder whose results all come late, and two that roll up meanwhile."""
    monitors = [make_old(interval_s=600) for _ in range(3)]
    begin_at(NOON - 6 * HOUR)
    now = NOON + 10 * MINUTE
    slots = [NOON - number * 10 * MINUTE for number in range(1, 36)]
    letters = "UUDSU?"
    batches = [
        [make_result(m, slots[k], letters[(k + m.pk) % 6]) for m in monitors] for k in range(0, 35, 2)
    ] + [[make_result(m, slots[k], letters[(k + m.pk) % 6]) for m in monitors] for k in range(1, 35, 2)]
    done, faults = threading.Event(), []

    def work(task):
        try:
            task()
        except Exception as fault:  # noqa: BLE001  # told by the test itself
            faults.append(fault)
        finally:
            connection.close()

    def record_all():
        for batch in batches:
            record(batch, now=now)
        done.set()

    def roll_on(owner):
        while not done.is_set():
            catch_up(owner=owner, now=now)

    tasks = [record_all, lambda: roll_on("one"), lambda: roll_on("two")]
    threads = [threading.Thread(target=work, args=[task]) for task in tasks]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert faults == []
    roll(now)
    asked = {"w": NOON - 6 * HOUR}
    rolled = measure(monitors, asked, now=now)
    assert StaleSpan.objects.count() == 0
    assert Progress.objects.get().rolled_until == NOON
    Progress.objects.all().delete()
    assert rolled == measure(monitors, asked, now=now)
    assert all(figures["w"].checks_down > 0 for figures in rolled.values())


def test_killed_in_the_middle_of_an_hour_the_next_process_finishes_it(monkeypatch):
    monitors = [make_old(interval_s=600) for _ in range(3)]
    for monitor in monitors:
        store(monitor, *((600 * n, "UUD"[n % 3], n) for n in range(1, 30)), now=NOON)
    begin_at(NOON - 6 * HOUR)
    roll()
    whole = [rows(model) for model in (Rollup, LatencyRollup)]
    Rollup.objects.all().delete()
    LatencyRollup.objects.all().delete()
    begin_at(NOON - 6 * HOUR)
    calls = []

    def die_at_the_fifth(*args, really=rollup_sql._replace):
        calls.append(args)
        if len(calls) == 5:
            raise SystemExit
        really(*args)

    monkeypatch.setattr(rollup_sql, "MONITORS_AT_ONCE", 2)
    monkeypatch.setattr(rollup_sql, "_replace", die_at_the_fifth)
    with pytest.raises(SystemExit):
        roll(owner="killed")
    assert Progress.objects.get().rolled_until == NOON - 5 * HOUR
    monkeypatch.undo()
    assert roll(SETTLED + LEASE - MINUTE) == 0  # the killed one's lease runs on
    assert roll(SETTLED + LEASE + MINUTE) == 5
    assert [rows(model) for model in (Rollup, LatencyRollup)] == whole
