"""Simulated history: is it what the recorder and the rollups would have made of such results?"""

from collections import Counter
from datetime import timedelta
from itertools import pairwise

import pytest
import time_machine
from django.db.models import F, Sum
from rest_framework.test import APIClient

from accounts.models import Membership, Role
from analytics.models import LatencyRollup, Period, Progress, Rollup
from analytics.rollups import SETTLE, catch_up
from analytics.uptime import measure
from analytics.windows import floor_day, floor_hour
from incidents.models import Incident, MaintenanceWindow, Update
from monitors.models import Heartbeat, Monitor, RegionState, Result
from monitors.services import delete_monitors
from monitors.transitions import Finding, Policy, Recovered, State, WentDown, fold
from monitors.validation import clean_fields
from pipeline.stages.schedule import due_slots
from probes.result import Status
from simulation import NotEmpty, insert_results, simulate
from tests.analytics.factories import DAY, HOUR, NOW, make_old, store
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db
TODAY = floor_day(NOW)


def run(*, now=NOW, **asked):
    defaults = {"monitors": 6, "days": 3, "interval_s": 900, "seed": 3, "add": False}
    return simulate(owner="test", clock=lambda: now, **(defaults | asked))


def figures():
    """What was simulated, without the keys."""
    first = Monitor.objects.earliest("pk").pk
    rows = Result.objects.order_by("monitor_id", "scheduled_at")
    return (
        [
            (r[0] - first, *r[1:])
            for r in rows.values_list("monitor_id", "scheduled_at", "status", "total_ms")
        ],
        list(Incident.objects.order_by("pk").values_list("title", "started_at", "resolved_at")),
        list(Monitor.objects.order_by("pk").values_list("name", "kind", "url", "config")),
    )


def findings(monitor):
    rows = monitor.results.order_by("scheduled_at").values_list("scheduled_at", "status", "in_maintenance")
    return [Finding(at, "local", Status(status), bool(maintained)) for at, status, maintained in rows]


def test_each_slot_has_a_result_whose_phases_add_up():
    assert run(monitors=12).monitors == 12
    assert set(Monitor.objects.values_list("kind", flat=True)) == {
        *("http", "tcp", "dns", "tls", "ping", "heartbeat")
    }
    for monitor in Monitor.objects.all():
        slots = sorted(monitor.results.values_list("scheduled_at", flat=True))
        step = timedelta(seconds=3600 if monitor.kind == "heartbeat" else 900)
        gaps = Counter(later - earlier for earlier, later in pairwise(slots))
        assert gaps.most_common(1)[0][0] == step
        assert all(gap % step == timedelta() for gap in gaps)
        assert slots[0] < TODAY - 3 * DAY + step
        assert slots[-1] < NOW
    timed = Result.objects.filter(monitor__kind="http", total_ms__isnull=False)
    phases = F("dns_ms") + F("connect_ms") + F("tls_ms") + F("first_byte_ms") + F("download_ms")
    assert timed.count() > 1000
    assert not timed.exclude(total_ms=phases).exists()


@pytest.mark.parametrize("after_midnight", [timedelta(minutes=2), 12 * HOUR])
def test_incidents_and_beliefs_are_those_that_the_recorder_would_have_come_to(after_midnight, settings):
    settings.RAW_RETENTION_DAYS = 4
    run(monitors=40, days=4, now=TODAY + after_midnight)
    down = 0
    for monitor in Monitor.objects.prefetch_related("region_states"):
        (state,) = monitor.region_states.all()
        policy = Policy(monitor.fail_after, monitor.recover_after)
        healths, changes = fold({}, findings(monitor), policy)
        assert state.health == healths["local"]
        assert state.region == "local"
        told = [change.at for change in changes if isinstance(change, WentDown)]
        rows = monitor.incidents.order_by("started_at").values_list("started_at", "resolved_at")
        assert told == [started for started, _ in rows]
        recovered = [change.at for change in changes if isinstance(change, Recovered)]
        assert recovered == [at for _, at in rows if at is not None]
        down += len(told)
    assert down == Incident.objects.count() > 3
    (lasting,) = Incident.objects.filter(open_monitor__isnull=False)
    assert (lasting.status, lasting.resolved_at) == ("investigating", None)
    assert Counter(RegionState.objects.values_list("state", flat=True)) == {
        State.UP: 38,
        State.DOWN: 1,
        State.DEGRADED: 1,
    }
    assert Update.objects.count() == 2 * down - 1
    cause = Incident.objects.filter(resolved_at__isnull=False).latest("pk").cause
    assert cause["status"] == "down"
    assert cause["error"]


def test_the_monitors_are_valid_and_no_check_is_sent_for_them():
    run()
    for monitor in Monitor.objects.prefetch_related("tags"):
        names = ("name", "url", "interval_s", "timeout_s", "fail_after", "config", "regions")
        fields = {name: getattr(monitor, name) for name in names}
        assert clean_fields(monitor.kind, fields) == fields
        assert monitor.enabled
        assert monitor.created_at == TODAY - 3 * DAY
        assert len(monitor.tags.all()) == 3
    assert list(due_slots(NOW - HOUR, NOW)) == []
    assert not Heartbeat.objects.filter(deadline_at__isnull=False).exists()
    assert Heartbeat.objects.filter(last_ping_at__gt=NOW - HOUR).count() == 1


def test_on_sundays_databases_have_the_maintenance_that_is_planned():
    run(days=8)
    window = MaintenanceWindow.objects.get()
    sunday = TODAY + 2 * HOUR  # NOW is a Sunday
    assert window.starts_at == sunday - 7 * DAY
    maintained = Result.objects.filter(in_maintenance=True)
    hours = {floor_hour(at) for at in maintained.values_list("scheduled_at", flat=True)}
    assert hours == {sunday - 7 * DAY, sunday}
    (tcp,) = Monitor.objects.filter(kind="tcp")
    assert set(maintained.values_list("monitor_id", flat=True)) == {tcp.pk}
    assert set(Monitor.objects.filter(tags__maintenance_windows=window)) == {tcp}


def test_the_same_seed_makes_the_same_history_and_another_one_another():
    run()
    first = figures()
    delete_monitors(Monitor.objects.all())
    Incident.objects.all().delete()
    run()
    assert figures() == first
    delete_monitors(Monitor.objects.all())
    Incident.objects.all().delete()
    run(seed=4)
    assert figures()[0] != first[0]


def test_rolled_up_or_raw_the_uptime_is_the_same():
    run()
    assert Progress.objects.get().rolled_until == floor_hour(NOW - SETTLE)
    monitors, starts = list(Monitor.objects.all()), {"all": TODAY - 3 * DAY}
    rolled = measure(monitors, starts, now=NOW)
    Progress.objects.all().delete()
    assert measure(monitors, starts, now=NOW) == rolled
    ratios = [found["all"].uptime_ratio for found in rolled.values()]
    assert all(0.5 < ratio <= 1 for ratio in ratios)


def test_what_is_older_than_raw_results_is_the_rollups_put_back_whole(settings):
    settings.RAW_RETENTION_DAYS = 4
    run(monitors=20, days=12)
    raw_from = TODAY - 4 * DAY
    assert not Result.objects.filter(scheduled_at__lt=raw_from).exists()
    progress = Progress.objects.get()
    assert (progress.raw_from, progress.rolled_until) == (raw_from, floor_hour(NOW - SETTLE))
    for model in (Rollup, LatencyRollup):
        days = model.objects.filter(period_h=Period.DAY).values_list("start_at", flat=True)
        assert Counter(days) == {TODAY - number * DAY: 20 for number in range(1, 13)}
    hours = Rollup.objects.filter(period_h=Period.HOUR, start_at__lt=raw_from)
    summed = hours.values("monitor_id").annotate(up=Sum("up_ms"), down=Sum("down_ms")).order_by("monitor_id")
    days = Rollup.objects.filter(period_h=Period.DAY, start_at__lt=raw_from)
    assert list(summed) == list(
        days.values("monitor_id").annotate(up=Sum("up_ms"), down=Sum("down_ms")).order_by("monitor_id")
    )
    older = Incident.objects.filter(started_at__lt=raw_from)
    assert older.count() > 1
    for incident in older:
        hour = hours.get(monitor_id=incident.monitor_id, start_at=floor_hour(incident.started_at))
        assert hour.down_ms > 0
        assert incident.cause["scheduled_at"][:16] == incident.started_at.isoformat()[:16]
    down = set(days.filter(down_ms__gt=0).values_list("monitor_id", "start_at"))
    assert down == {(i.monitor_id, floor_day(i.started_at)) for i in older}


def test_hours_that_would_be_gone_are_not_made(settings):
    settings.RAW_RETENTION_DAYS, settings.HOUR_RETENTION_DAYS = 3, 5
    run(monitors=1, days=9)
    assert Rollup.objects.filter(period_h=Period.HOUR).earliest("start_at").start_at == TODAY - 5 * DAY
    assert Rollup.objects.filter(period_h=Period.DAY).earliest("start_at").start_at == TODAY - 9 * DAY


def test_real_monitors_and_their_progress_stay_as_they_are():
    real = make_old(age=5 * HOUR, interval_s=600)
    store(real, *((60 * n, "D" if n % 70 == 0 else "U", 5) for n in range(10, 290, 10)))
    catch_up(owner="engine", now=NOW)
    before = list(Rollup.objects.order_by("start_at").values())
    catch_up(owner="engine", now=NOW)
    run(days=2)
    assert list(Rollup.objects.filter(monitor=real).order_by("start_at").values()) == before
    assert Progress.objects.get().raw_from is None
    monitors = list(Monitor.objects.all())
    rolled = measure(monitors, {"all": TODAY - 2 * DAY}, now=NOW)
    Progress.objects.all().delete()
    assert measure(monitors, {"all": TODAY - 2 * DAY}, now=NOW) == rolled


def test_a_team_that_has_monitors_is_left_alone_unless_more_are_asked_for():
    run(monitors=2, days=1)
    kept = Result.objects.count()
    with pytest.raises(NotEmpty):
        run(monitors=2, days=1)
    assert Result.objects.count() == kept
    run(monitors=2, days=1, add=True, seed=9)
    assert Monitor.objects.count() == 4
    assert Monitor.objects.values("name").distinct().count() == 4
    assert MaintenanceWindow.objects.count() == 1
    assert Incident.objects.filter(open_monitor__isnull=False).count() == 2


def test_the_administrator_owns_the_team_and_sees_sensible_figures(settings):
    settings.RAW_RETENTION_DAYS = 3
    admin = UserFactory(is_superuser=True)
    run(days=40)
    membership = Membership.objects.get(team__name="Simulation")
    assert (membership.user, membership.role) == (admin, Role.OWNER)
    api = APIClient()
    api.force_authenticate(admin)
    with time_machine.travel(NOW, tick=False):
        listed = api.get("/api/v1/monitors/").json()["results"]
        assert [monitor["status"] for monitor in listed].count("up") == 4
        for monitor in listed:
            assert all(0.5 < monitor["uptime"][window] <= 1 for window in ("7d", "30d", "90d"))
            stats = api.get(f"/api/v1/monitors/{monitor['id']}/stats?window=90d").json()
            assert stats["coverage"] > 0.95
            assert 0 < stats["latency_ms"]["min"] <= stats["latency_ms"]["p50"] <= stats["latency_ms"]["max"]
            assert stats["incidents"] == Incident.objects.filter(monitor_id=monitor["id"]).count()


def test_results_of_any_monitor_are_made_for_its_slots():
    one, two = make_old(interval_s=60), make_old(interval_s=20, kind="tcp", url="db.test:5432")
    heard = []
    assert insert_results([one, two], start=NOW - HOUR, end=NOW, told=heard.append) == 60 + 180 == sum(heard)
    assert Counter(Result.objects.values_list("monitor_id", "status")) == {
        (one.pk, "up"): 60,
        (two.pk, "up"): 180,
    }
    slots = {at for _, _, at in due_slots(NOW - HOUR, NOW)}
    assert slots <= set(Result.objects.values_list("scheduled_at", flat=True))
    assert insert_results([one], start=NOW, end=NOW) == 0
