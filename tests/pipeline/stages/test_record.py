import itertools
from datetime import timedelta

import pytest
from django.db import OperationalError, connection
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from core.instants import from_ms
from incidents.models import Incident, MaintenanceWindow
from monitors.models import Monitor, RegionState, Result
from monitors.services import delete_monitors, pause_monitors, update_monitor
from pipeline.stages.record import record
from probes.result import Status
from tests.factories import make_monitor, make_team
from tests.pipeline.factories import T0, make_result

pytestmark = pytest.mark.django_db


def at(minute):
    return T0 + timedelta(minutes=minute)


def feed(monitor, outcomes, *, first=1):
    """One result a minute, each recorded by itself, as it would come."""
    return [
        record([make_result(monitor, at(minute), letter)], now=at(minute))
        for minute, letter in enumerate(outcomes, first)
    ]


def state(monitor):
    return RegionState.objects.get(monitor=monitor).state


def told(monitor):
    """What the incidents say, in order: (start, end, the cause's slot)."""
    return [
        (i.started_at, i.resolved_at, i.cause and i.cause["scheduled_at"])
        for i in Incident.objects.filter(monitor=monitor, retracted=False).order_by("started_at")
    ]


def test_an_incident_starts_at_the_first_failure_has_it_as_cause_and_ends_at_the_recovery():
    monitor = make_monitor()
    feed(monitor, "UDDDU")
    (incident,) = Incident.objects.all()
    assert incident.started_at == at(2)
    assert incident.cause["scheduled_at"] == "2026-03-01T12:02:00Z"
    assert incident.cause["error"] == "Expected 200-299, got 503."
    assert (incident.status, incident.resolved_at, incident.duration_s) == ("resolved", at(5), 180)
    assert [update.status for update in incident.updates.all()] == ["investigating", "resolved"]
    assert state(monitor) == "up"


def test_a_lone_failure_asks_for_a_recheck_and_opens_nothing():
    monitor = make_monitor(recheck_s=10)
    Monitor.objects.update(phase_ms=30_000)  # half a minute from the results below
    recorded = feed(monitor, "UD")[-1]
    ((again, region, when),) = recorded.rechecks
    assert (again.pk, region, when) == (monitor.pk, "local", at(2) + timedelta(seconds=10))
    assert Incident.objects.count() == 0
    assert state(monitor) == "up"


def test_no_recheck_is_asked_for_when_the_next_slot_is_sooner():
    monitor = make_monitor(interval_s=60, recheck_s=60)
    assert feed(monitor, "UD")[-1].rechecks == []


def test_what_a_later_batch_decides_needs_no_recheck(monkeypatch):
    """Before: where a batch was recorded in halves, beside a poisoned row, a monitor that the second half
    called down was checked again."""
    monkeypatch.setattr("pipeline.stages.record.RECORD_AT_ONCE", 1)
    monitor = make_monitor(recheck_s=10)
    Monitor.objects.update(phase_ms=30_000)
    recorded = record([make_result(monitor, at(minute), "D") for minute in (1, 2)], now=at(2))
    assert (recorded.stored, recorded.rechecks) == (2, [])


def test_recording_a_batch_again_changes_nothing():
    monitor = make_monitor()
    batch = [make_result(monitor, at(minute), letter) for minute, letter in enumerate("UDDUDD")]
    record(batch, now=at(6))
    before = told(monitor)
    again = record(batch + batch, now=at(7))
    assert (again.stored, again.duplicates, again.events, again.rechecks) == (0, 12, [], [])
    assert told(monitor) == before
    assert Result.objects.count() == 6


def test_a_late_pass_does_not_resolve_what_newer_results_say():
    monitor = make_monitor()
    feed(monitor, "UDD", first=2)
    record([make_result(monitor, at(1), Status.UP)], now=at(6))
    assert state(monitor) == "down"
    assert Incident.objects.get().resolved_at is None


def test_a_failure_that_comes_late_moves_the_start_of_its_incident():
    monitor = make_monitor()
    for minute, letter in ((1, "U"), (3, "D"), (4, "D"), (2, "D")):
        record([make_result(monitor, at(minute), letter)], now=at(5))
    assert told(monitor) == [(at(2), None, "2026-03-01T12:02:00Z")]


def test_an_incident_that_late_results_disprove_is_retracted_and_kept():
    monitor = make_monitor()
    for minute, letter in ((1, "D"), (3, "D"), (2, "U")):
        record([make_result(monitor, at(minute), letter)], now=at(4))
    incident = Incident.objects.get()
    assert (incident.retracted, incident.status, incident.open_monitor) == (True, "resolved", None)
    assert state(monitor) == "up"


def test_what_a_person_resolved_stays_resolved_when_results_come_late():
    monitor = make_monitor()
    feed(monitor, "UDD")
    incident = Incident.objects.get()
    Incident.objects.update(status="resolved", resolved_at=at(4), resolved_by=_person(), open_monitor=None)
    record([make_result(monitor, at(5), "D"), make_result(monitor, at(6), "D")], now=at(6))
    record([make_result(monitor, at(4), "D")], now=at(7))
    incident.refresh_from_db()
    assert (incident.resolved_at, incident.retracted) == (at(4), False)
    assert Incident.objects.count() == 1


def _person():
    from accounts.models import User

    return User.objects.create(email="person@example.com")


outcomes = st.lists(st.sampled_from("UUDDS?"), min_size=1, max_size=24)


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck), phases=[Phase.generate])
@given(outcomes=outcomes, fail_after=st.integers(1, 3), recover_after=st.integers(1, 2), random=st.randoms())
def test_a_history_shuffled_and_doubled_finds_the_same_incidents(outcomes, fail_after, recover_after, random):
    team = make_team()
    policy = {"fail_after": fail_after, "recover_after": recover_after}
    straight, shuffled = make_monitor(team, **policy), make_monitor(team, **policy)
    end = at(len(outcomes) + 1)
    for minute, letter in enumerate(outcomes):
        record([make_result(straight, at(minute), letter)], now=end)
    arrivals = [(minute, letter) for minute, letter in enumerate(outcomes)] * 2
    random.shuffle(arrivals)
    while arrivals:
        size = random.randint(1, 4)
        record([make_result(shuffled, at(minute), letter) for minute, letter in arrivals[:size]], now=end)
        arrivals = arrivals[size:]
    assert told(shuffled) == told(straight)
    assert state(shuffled) == state(straight)
    assert Incident.objects.filter(open_monitor=shuffled).count() <= 1


def test_a_monitor_deleted_paused_or_edited_while_its_check_is_in_flight_takes_no_answer():
    deleted, paused, edited, kept = (make_monitor(make_team(), name=n) for n in ("d", "p", "e", "k"))
    batch = [make_result(monitor, at(1), "D") for monitor in (deleted, paused, edited, kept)]
    delete_monitors([deleted])
    pause_monitors([paused], now=at(1))
    update_monitor(edited, now=at(1), url="http://other.test/")
    recorded = record(batch, now=at(1))
    assert (recorded.stored, recorded.stale) == (1, 3)
    assert list(Result.objects.values_list("monitor_id", flat=True)) == [kept.pk]


def test_what_we_could_not_measure_is_kept_and_never_held_against_the_target():
    monitor = make_monitor()
    feed(monitor, "U")
    record(
        [make_result(monitor, at(m), "?", error_code="internal", error="Ours.") for m in range(2, 9)],
        now=at(9),
    )
    assert state(monitor) == "up"
    assert Incident.objects.count() == 0
    assert Result.objects.filter(status="unknown").count() == 7


def test_planned_trouble_is_recorded_and_opens_no_incident_but_trouble_that_stays_does():
    monitor = make_monitor()
    window = MaintenanceWindow.objects.create(
        team=monitor.team, title="Upgrade", starts_at=at(2), ends_at=at(5)
    )
    window.monitors.add(monitor)
    feed(monitor, "UDDD")
    assert Incident.objects.count() == 0
    assert list(Result.objects.order_by("scheduled_at").values_list("in_maintenance", flat=True)) == [
        False,
        True,
        True,
        True,
    ]
    feed(monitor, "DD", first=5)
    assert told(monitor) == [(at(5), None, "2026-03-01T12:05:00Z")]


def test_a_clock_that_ran_ahead_does_not_freeze_a_monitor():
    monitor = make_monitor()
    ahead = at(60 * 24)
    record([make_result(monitor, ahead, "U")], now=ahead)
    feed(monitor, "DD")
    assert state(monitor) == "down"
    assert Incident.objects.get().started_at == at(1)


def test_a_steady_batch_costs_the_same_number_of_statements_whatever_its_size():
    team = make_team()
    monitors = [make_monitor(team, name=str(n)) for n in range(60)]
    record([make_result(m, at(1)) for m in monitors], now=at(1))
    counts = []
    for minute, size in ((2, 3), (3, 60)):
        with CaptureQueriesContext(
            connection,
        ) as queries:
            record([make_result(m, at(minute)) for m in monitors[:size]], now=at(minute))
        # SQLite's executemany is one prepared statement run for each row
        counts.append(len({q["sql"][:60] for q in queries.captured_queries}))
    assert counts[0] == counts[1]
    assert counts[0] <= 8


def test_a_failing_database_loses_no_result_and_changes_nothing(monkeypatch):
    monitor = make_monitor()
    feed(monitor, "UD")
    batch = [make_result(monitor, at(3), "D")]

    def away(*_args, **_kwargs):
        raise OperationalError("server has gone away")

    with monkeypatch.context() as patched:
        patched.setattr("monitors.recording.save_states", away)
        with pytest.raises(OperationalError):
            record(batch, now=at(3))
    assert Result.objects.count() == 2
    assert Incident.objects.count() == 0
    record(batch, now=at(4))
    assert told(monitor) == [(at(2), None, "2026-03-01T12:02:00Z")]


def test_a_values_of_every_column_come_back_as_they_were_recorded():
    monitor = make_monitor()
    full = make_result(
        monitor,
        from_ms(1772366400123),
        "U",
        address="2001:db8::1",
        http_version="2",
        size_bytes=2**40,
        http_status=204,
        tls_expires_at=at(1000),
        domain_expires_at=at(2000),
    )
    record([full], now=at(1))
    row = Result.objects.get()
    assert (row.scheduled_at, row.address, row.http_version, row.size_bytes) == (
        from_ms(1772366400123),
        "2001:db8::1",
        "2",
        2**40,
    )
    assert (row.http_status, row.total_ms, row.dns_ms) == (204, 25, None)
    assert (row.tls_expires_at, row.domain_expires_at) == (at(1000), at(2000))


def test_two_regions_must_agree_before_an_incident_opens(settings):
    settings.REGIONS = ["local", "far"]
    monitor = make_monitor()
    for minute, (near, far) in enumerate(
        itertools.chain([("D", "U")] * 3, [("D", "D")] * 2, [("U", "D")]), 1
    ):
        batch = [
            make_result(monitor, at(minute), near, region="local"),
            make_result(monitor, at(minute), far, region="far"),
        ]
        for result in batch:
            record([result], now=at(minute))
    assert told(monitor) == [(at(4), at(6), "2026-03-01T12:04:00Z")]
    assert Monitor.objects.count() == 1


def test_more_than_a_thousand_results_that_are_known_already_are_no_obstacle():
    """SQLite refuses a condition of more than a thousand terms, and a backlog sent again would make one."""
    monitor = make_monitor()
    batch = [make_result(monitor, T0 + timedelta(seconds=second)) for second in range(1100)]
    assert record(batch, now=at(60)).stored == 1100
    again = record(batch, now=at(60))
    assert (again.stored, again.duplicates, again.stale) == (0, 1100, 0)
