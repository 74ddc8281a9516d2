from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from core.errors import RuleViolation
from incidents import services
from incidents.models import Incident, Update
from tests.factories import TeamFactory, UserFactory
from tests.incidents.factories import (
    T0,
    MonitorFactory,
    TagFactory,
    WindowFactory,
    make_incident,
    make_manual,
)

pytestmark = pytest.mark.django_db

MINUTE = timedelta(minutes=1)


def timeline(incident):
    return [(u.at, u.status, u.text, u.author) for u in Update.objects.filter(incident=incident)]


def fresh(incident):
    return Incident.objects.get(pk=incident.pk)


def test_an_automatic_incident_begins_with_its_cause():
    monitor = MonitorFactory(name="Shop")
    incident = fresh(make_incident(monitor, error="Expected 200-299, got 503."))
    assert (incident.team, incident.monitor, incident.open_monitor) == (monitor.team, monitor, monitor)
    assert (incident.title, incident.kind, incident.status) == ("Shop is down", "automatic", "investigating")
    assert incident.cause == {"status": "down", "error": "Expected 200-299, got 503."}
    assert (incident.started_at, incident.duration_s) == (T0, None)
    assert timeline(incident) == [(T0, "investigating", "Expected 200-299, got 503.", None)]


def test_opening_twice_opens_one_and_tells_once():
    incident = make_incident()
    again = services.open_incident(incident.monitor, started_at=T0 + MINUTE, cause=None)
    assert again is None
    assert Incident.objects.count() == 1
    assert len(timeline(incident)) == 1


def test_the_database_refuses_a_second_open_automatic_incident_of_a_monitor():
    monitor = make_incident().monitor
    with pytest.raises(IntegrityError), transaction.atomic():
        Incident.objects.create(
            team=monitor.team,
            monitor=monitor,
            open_monitor=monitor,
            title="x",
            kind="automatic",
            started_at=T0,
        )
    assert Incident.objects.count() == 1


def test_the_database_refuses_to_open_a_resolved_incident_while_another_is_open():
    first = make_incident()
    services.close_incident(first, at=T0 + MINUTE, text="The monitor recovered.")
    make_incident(first.monitor, started_at=T0 + 2 * MINUTE)
    with pytest.raises(IntegrityError), transaction.atomic():
        Incident.objects.filter(pk=first.pk).update(open_monitor=first.monitor)


def test_the_database_refuses_a_resolved_incident_without_its_time():
    incident = make_incident()
    with pytest.raises(IntegrityError), transaction.atomic():
        Incident.objects.filter(pk=incident.pk).update(status="resolved")


def test_closing_frees_the_monitor_for_the_next_incident():
    incident = make_incident()
    services.close_incident(incident, at=T0 + 90 * timedelta(seconds=1), text="The monitor recovered.")
    for seen in (incident, fresh(incident)):
        assert (seen.status, seen.open_monitor, seen.duration_s) == ("resolved", None, 90)
    assert timeline(incident)[-1] == (T0 + timedelta(seconds=90), "resolved", "The monitor recovered.", None)
    assert make_incident(incident.monitor, started_at=T0 + timedelta(hours=1)).pk != incident.pk


def test_closing_what_a_person_has_resolved_meanwhile_changes_nothing():
    read_before = make_incident()
    person = UserFactory()
    services.resolve(fresh(read_before), author=person, now=T0 + MINUTE, text="Restarted it.")
    services.close_incident(read_before, at=T0 + 5 * MINUTE, text="The monitor recovered.")
    assert (read_before.status, read_before.resolved_at) == ("resolved", T0 + MINUTE)
    assert (fresh(read_before).resolved_at, fresh(read_before).resolved_by) == (T0 + MINUTE, person)
    assert [text for _, _, text, _ in timeline(read_before)] == [
        "Expected 200-299, got 503.",
        "Restarted it.",
    ]


def test_an_incident_never_ends_before_it_began():
    incident = make_incident()
    services.close_incident(incident, at=T0 - MINUTE, text="The monitor recovered.")
    assert (fresh(incident).resolved_at, fresh(incident).duration_s) == (T0, 0)


def test_closing_for_monitors_leaves_other_monitors_and_manual_incidents_open():
    gone, other = make_incident(), make_incident()
    manual = make_manual(gone.team, monitor=gone.monitor)
    services.close_open_incidents([gone.monitor_id], at=T0 + MINUTE, text="Paused.")
    assert [fresh(i).status for i in (gone, other, manual)] == ["resolved", "investigating", "investigating"]


def test_retracting_an_open_incident_keeps_it_and_says_why():
    incident = make_incident()
    services.retract(incident, at=T0 + MINUTE)
    kept = fresh(incident)
    assert (kept.retracted, kept.status, kept.resolved_at) == (True, "resolved", T0 + MINUTE)
    assert timeline(incident)[-1][2] == "A result that came late showed no outage here."


def test_retracting_a_resolved_incident_says_nothing_more():
    incident = make_incident()
    services.close_incident(incident, at=T0 + MINUTE, text="The monitor recovered.")
    services.retract(incident, at=T0 + 2 * MINUTE)
    assert (fresh(incident).retracted, fresh(incident).resolved_at) == (True, T0 + MINUTE)
    assert len(timeline(incident)) == 2


def test_acknowledging_twice_keeps_the_first_name_and_tells_once():
    incident, first, second = make_incident(), UserFactory(name="Ada"), UserFactory()
    services.acknowledge(incident, author=first, now=T0 + MINUTE)
    services.acknowledge(incident, author=second, now=T0 + 2 * MINUTE)
    assert (fresh(incident).acknowledged_by, fresh(incident).acknowledged_at) == (first, T0 + MINUTE)
    assert timeline(incident)[1:] == [(T0 + MINUTE, "investigating", "Acknowledged by Ada.", first)]


def test_somebody_without_a_name_is_called_by_address():
    incident = make_incident()
    services.acknowledge(incident, author=UserFactory(name="", email="ada@example.test"), now=T0)
    assert timeline(incident)[-1][2] == "Acknowledged by ada@example.test."


def test_a_resolved_incident_cannot_be_acknowledged():
    incident = make_incident()
    services.resolve(incident, author=UserFactory(), now=T0 + MINUTE)
    with pytest.raises(
        RuleViolation, match=r"^This incident is resolved; there is nothing to acknowledge\.$"
    ):
        services.acknowledge(incident, author=UserFactory(), now=T0 + MINUTE)
    assert fresh(incident).acknowledged_at is None


def test_resolving_twice_is_refused_and_changes_nothing():
    incident, first = make_incident(), UserFactory()
    services.resolve(incident, author=first, now=T0 + MINUTE)
    with pytest.raises(RuleViolation, match=r"^This incident is resolved already\.$"):
        services.resolve(incident, author=UserFactory(), now=T0 + 2 * MINUTE)
    assert (fresh(incident).resolved_by, fresh(incident).resolved_at) == (first, T0 + MINUTE)
    assert len(timeline(incident)) == 2


def test_an_update_moves_the_status_where_it_names_one():
    incident, author = make_incident(), UserFactory()
    services.add_update(incident, text="It is the disk.", status="identified", author=author, now=T0 + MINUTE)
    services.add_update(incident, text="Still the disk.", author=author, now=T0 + 2 * MINUTE)
    assert fresh(incident).status == "identified"
    assert timeline(incident)[1:] == [
        (T0 + MINUTE, "identified", "It is the disk.", author),
        (T0 + 2 * MINUTE, "identified", "Still the disk.", author),
    ]


def test_an_update_that_resolves_is_a_resolution():
    incident, author = make_incident(), UserFactory()
    update = services.add_update(
        incident, text="New disk.", status="resolved", author=author, now=T0 + MINUTE
    )
    assert (update.status, update.text) == ("resolved", "New disk.")
    assert (fresh(incident).status, fresh(incident).resolved_by, fresh(incident).open_monitor) == (
        "resolved",
        author,
        None,
    )


def test_a_resolved_incident_takes_a_last_word_but_does_not_reopen():
    incident, author = make_incident(), UserFactory()
    services.resolve(incident, author=author, now=T0 + MINUTE)
    services.add_update(incident, text="What we learned.", author=author, now=T0 + 2 * MINUTE)
    with pytest.raises(RuleViolation, match=r"^This incident is resolved; open a new one for new trouble\.$"):
        services.add_update(incident, text="Again.", status="monitoring", author=author, now=T0 + 3 * MINUTE)
    assert [text for _, _, text, _ in timeline(incident)][2:] == ["What we learned."]
    assert fresh(incident).status == "resolved"


def test_a_manual_incident_does_not_stand_in_the_way_of_an_automatic_one():
    monitor = MonitorFactory()
    manual = services.open_manual(
        monitor.team, title="Slow", author=UserFactory(), now=T0 + MINUTE, monitor=monitor, started_at=T0
    )
    assert (manual.kind, manual.open_monitor, manual.started_at) == ("manual", None, T0)
    assert [text for _, _, text, _ in timeline(manual)] == ["We are investigating."]
    assert make_incident(monitor).open_monitor == monitor


def test_a_manual_incident_cannot_begin_resolved():
    with pytest.raises(
        RuleViolation, match=r"^A new incident cannot be resolved already; open it, then resolve it\.$"
    ):
        services.open_manual(TeamFactory(), title="x", author=UserFactory(), now=T0, status="resolved")
    assert not Incident.objects.exists()


def test_only_manual_incidents_can_be_deleted():
    automatic = make_incident()
    manual = make_manual(automatic.team)
    services.delete_incident(manual)
    with pytest.raises(RuleViolation, match=r"^An automatic incident is a record of what was found"):
        services.delete_incident(automatic)
    assert list(Incident.objects.all()) == [automatic]


def test_an_incident_outlives_its_monitor():
    incident = make_incident()
    services.close_open_incidents(
        [incident.monitor_id], at=T0 + MINUTE, text="Resolved because it was deleted."
    )
    incident.monitor.delete()
    kept = fresh(incident)
    assert (kept.monitor, kept.open_monitor, kept.status) == (None, None, "resolved")


def test_saving_a_window_leaves_alone_what_is_not_named():
    monitor, tag = MonitorFactory(), TagFactory()
    window = WindowFactory(monitors=[monitor], tags=[tag])
    services.save_window(window, tags=[])
    assert (list(window.monitors.all()), list(window.tags.all())) == ([monitor], [])
