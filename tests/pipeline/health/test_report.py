"""Health tells the truth: ill when checks or alerts do not happen, and well when there is nothing to do."""

from datetime import timedelta

import pytest
from cryptography.fernet import Fernet
from django.db import connection
from django.test.utils import CaptureQueriesContext

from alerts.models import Delivery, Trouble
from alerts.waking import wake_teams
from core.instants import to_ms
from monitors.models import Monitor, Result
from pipeline.health import report as health
from pipeline.health import signs
from pipeline.health.report import examine
from pipeline.jobs import listening, periodic
from pipeline.models import Cursor, Sign
from pipeline.queues.base import Sender
from pipeline.stages.record import record
from statuspages.models import Notice, NoticePurpose, Publication
from tests.factories import make_monitor, make_team
from tests.monitors.pings import make_heartbeat
from tests.pipeline.factories import T0, make_result
from tests.statuspages.factories import make_page, subscribe

pytestmark = pytest.mark.django_db
SECOND, MINUTE, HOUR, DAY = (timedelta(seconds=s) for s in (1, 60, 3_600, 86_400))


@pytest.fixture(autouse=True)
def _schedule_moves():
    Cursor.objects.create(pk="checks", sent_until=T0, moved_at=T0, lease_until=T0)


def look(now=T0):
    """Health at ``now``, with a schedule that moves."""
    Cursor.objects.filter(pk="checks").update(sent_until=now, moved_at=now)
    return examine(now=now)


def make_old(**fields):
    """A monitor that nobody has touched for two days."""
    monitor = make_monitor(fields.pop("team", None), **fields)
    Monitor.objects.filter(pk=monitor.pk).update(updated_at=T0 - 2 * DAY)
    return monitor


# Checks


def test_an_installation_that_has_nothing_to_do_is_well():
    assert look()["ok"]
    assert look()["checks"] == {"ok": True, "overdue": []}


@pytest.mark.parametrize(
    ("interval_s", "timeout_s", "age_s", "well"),
    [
        (60, 10, 125, True),
        (60, 10, 135, False),  # its interval, its timeout, and a minute
        (10, 5, 70, True),
        (10, 5, 80, False),
        (86_400, 10, 86_400, True),  # everything on a day's interval
        (86_400, 10, 86_480, False),
    ],
)
def test_the_newest_result_is_as_old_as_what_was_due(interval_s, timeout_s, age_s, well):
    monitor = make_old(interval_s=interval_s, timeout_s=timeout_s)
    record([make_result(monitor, T0 - age_s * SECOND)], now=T0 - age_s * SECOND)
    report = look()
    assert report["ok"] is well
    overdue = [] if well else [{"kind": "http", "region": "local", "newest_result_age_s": age_s}]
    assert report["checks"]["overdue"] == overdue


def test_one_monitor_of_a_kind_that_has_its_result_speaks_for_the_kind_and_for_no_other():
    team = make_team()
    fresh, _stale = make_old(team=team), make_old(team=team, name="b")
    record([make_result(fresh, T0 - 10 * SECOND)], now=T0)
    assert look()["ok"]
    make_old(team=team, name="c", kind="tcp", url="db.test:5432")
    report = look()
    assert report["checks"]["overdue"] == [{"kind": "tcp", "region": "local", "newest_result_age_s": None}]


def test_each_region_is_asked_for_its_own_results(settings):
    settings.REGIONS = ["eu", "us"]
    monitor = make_old(interval_s=60)
    record([make_result(monitor, T0 - 10 * SECOND, region="eu")], now=T0)
    assert [(late["kind"], late["region"]) for late in look()["checks"]["overdue"]] == [("http", "us")]
    Monitor.objects.update(regions=["eu"])
    assert look()["ok"]


def test_paused_new_and_edited_monitors_and_heartbeats_are_not_waited_for():
    make_old(enabled=False)
    make_heartbeat()
    new = make_monitor(make_team("New"))
    Monitor.objects.filter(pk=new.pk).update(updated_at=T0 - MINUTE)
    assert look()["ok"]
    assert not look(T0 + 2 * MINUTE)["ok"]


def test_a_row_of_no_kind_that_is_checked_makes_nobody_ill():
    """Before: one poisoned heartbeat with a phase, or a kind that is none, and health was 503 for all."""
    heartbeat, lost = make_heartbeat(), make_old()
    Monitor.objects.filter(pk=heartbeat.pk).update(phase_ms=0, updated_at=T0 - 2 * DAY)
    Monitor.objects.filter(pk=lost.pk).update(kind="nonesuch")
    assert look()["checks"] == {"ok": True, "overdue": []}


def test_what_was_skipped_while_we_were_away_is_not_waited_for():
    monitor = make_old(interval_s=3_600)
    half_an_hour_on = (to_ms(T0) + 1_800_000) % 3_600_000  # its own slot follows from its number
    Monitor.objects.filter(pk=monitor.pk).update(phase_ms=half_an_hour_on)
    record([make_result(monitor, T0 - 10 * HOUR)], now=T0 - 10 * HOUR)
    assert not look()["ok"]
    Cursor.objects.update(sent_until=T0 - 10 * HOUR)
    periodic.send_due_checks(owner="me", now=T0)
    assert look(T0 + MINUTE)["ok"]
    assert not look(T0 + 2 * HOUR)["ok"]


def test_maintenance_and_targets_that_are_down_make_nobody_ill():
    monitor = make_old()
    record([make_result(monitor, T0 - 10 * SECOND, "D")], now=T0)
    Result.objects.update(in_maintenance=True)
    assert look()["ok"]


@pytest.mark.parametrize("count", [3, 60])
def test_asking_costs_the_same_however_much_there_is(count):
    team = make_team()
    monitors = [make_old(team=team, name=str(n)) for n in range(count)]
    record([make_result(monitor, T0 - SECOND) for monitor in monitors], now=T0)
    with CaptureQueriesContext(connection) as queries:
        assert look()["ok"]
    assert len(queries) <= 40


def test_a_schedule_that_is_held_because_nobody_takes_its_messages_is_not_taken_for_an_absence():
    """Each of its rounds skips what it could not send; that must not look like a fresh start."""
    make_old(interval_s=10)
    Cursor.objects.update(sent_until=T0 - HOUR)

    class Full(Sender):
        def free(self, queue):
            return 0

        def figures(self):
            return {}

    periodic.dispatch.use_sender(Full())
    try:
        periodic.send_due_checks(owner="me", now=T0)
    finally:
        periodic.dispatch.use_sender(None)
    assert not Sign.objects.filter(pk=signs.RESUMED).exists()


# Alerts, jobs and pages


def make_trouble(**fields):
    return Trouble.objects.create(
        team=make_team(),
        kind="incident",
        event="down",
        key="1",
        title="t",
        opened_at=T0,
        told_from=T0,
        **fields,
    )


@pytest.mark.parametrize(("late_s", "well"), [(50, True), (70, False)])
@pytest.mark.parametrize("status", ["held", "planned", "retry", "sending"])
def test_alerts_that_were_due_a_minute_ago_make_ill(status, late_s, well):
    Delivery.objects.create(
        team=make_team(), event="down", key="1", status=status, planned_at=T0, due_at=T0 - late_s * SECOND
    )
    report = look()
    assert (report["ok"], report["alerts"]["overdue"]) == (well, 0 if well else 1)


def test_a_trouble_that_was_to_be_looked_at_makes_ill():
    make_trouble(look_at=T0 - 2 * MINUTE)
    assert look()["alerts"]["ok"] is False


def test_a_trouble_that_a_change_has_woken_is_not_overdue():
    make_trouble()
    assert wake_teams([Trouble.objects.get().team_id]) == 1
    assert look(T0 + HOUR)["ok"]


def test_without_a_mail_server_health_says_where_letters_go_and_is_well(settings):
    settings.EMAIL_URL = "consolemail://"
    report = look()
    assert report["ok"]
    assert report["mail"] == {
        "ok": False,
        "error": "EMAIL_URL is not set: e-mails only go to the console.",
    }
    settings.EMAIL_URL = "smtp://mail.example.com"
    assert look()["mail"] == {"ok": True}
    settings.ENGINE = "serverless"  # there the edge sends them, and alone knows where
    assert look()["mail"] is None


def test_alerts_that_are_sent_again_and_again_without_a_receipt_make_ill_unless_others_have_one():
    team = make_team()
    Delivery.objects.create(
        team=team, event="down", key="1", status="sending", attempts=3, planned_at=T0, due_at=T0 + MINUTE
    )
    report = look()
    assert report["alerts"]["error"] == "Alerts are sent, and nobody says what became of them."
    Delivery.objects.create(
        team=team, event="down", key="2", status="sent", attempts=1, planned_at=T0, settled_at=T0
    )
    assert look()["ok"]


def test_alerts_that_fell_due_while_we_were_away_are_given_a_minute():
    Delivery.objects.create(
        team=make_team(), event="down", key="1", status="planned", planned_at=T0 - DAY, due_at=T0 - DAY
    )
    signs.save_sign(signs.RESUMED, at=T0 - 10 * SECOND, every=timedelta())
    assert look()["ok"]
    assert not look(T0 + 2 * MINUTE)["ok"]


def test_a_job_that_people_wait_for_and_that_does_not_come_round_makes_ill():
    periodic.send_alerts(owner="me", now=T0)
    assert look(T0 + MINUTE)["ok"]
    report = look(T0 + 3 * MINUTE)
    assert report["jobs"]["late"] == [{"job": "send alerts", "age_s": 180}]
    assert not report["ok"]


def test_pages_and_letters_that_are_late_are_told_and_make_nobody_ill():
    page = make_page()
    Publication.objects.update_or_create(page=page, defaults={"rendered_at": T0, "published_at": T0})
    assert look(T0 + MINUTE)["pages"]["ok"]
    subscriber = subscribe(page)
    Notice.objects.create(
        key="1", subscriber=subscriber, purpose=NoticePurpose.CONFIRM, planned_at=T0, due_at=T0
    )
    report = look(T0 + 4 * MINUTE)
    assert report["ok"]
    assert report["pages"]["copies_overdue"] == 1
    assert report["pages"]["letters_overdue"] >= 1
    assert report["pages"]["ok"] is False


def test_a_copy_that_the_storage_refuses_is_told():
    page = make_page()
    Publication.objects.update_or_create(
        page=page, defaults={"rendered_at": T0, "published_at": T0, "problem": "The bucket is gone."}
    )
    assert look()["pages"]["copies_overdue"] == 1


# The rest


def test_a_web_server_that_has_stopped_to_listen_to_pings_makes_ill_while_any_are_waited_for():
    listening.say_listening(now=T0)
    assert look(T0 + 2 * MINUTE)["ok"]
    make_heartbeat(deadline_at=T0 + HOUR)
    assert look(T0 + MINUTE)["ok"]
    report = look(T0 + 2 * MINUTE)
    assert (report["ok"], report["heartbeats"]["lag_s"]) == (False, 120.0)


def test_a_key_that_opens_nothing_makes_ill(settings):
    make_monitor(config={"auth": {"type": "bearer", "token": "hush"}})
    assert look()["ok"]
    settings.FIELD_ENCRYPTION_KEY = Fernet.generate_key().decode()
    report = look()
    assert report["secrets"] == {"ok": False, "error": "FIELD_ENCRYPTION_KEY does not open what is stored."}
    assert not report["ok"]


def test_our_own_network_that_is_down_makes_ill_unless_another_region_is_left(settings):
    settings.REGIONS = ["a", "b"]
    monitor = make_monitor()

    def cut_off(region, now):
        ours = {"error_code": "own_network", "error": "Nothing answers from where it is checked."}
        record([make_result(monitor, now, "?", region=region, **ours)], now=now)

    cut_off("a", T0)
    assert look()["network"] == {"ok": True, "down": ["a"]}
    cut_off("b", T0 + MINUTE)
    report = look(T0 + MINUTE)
    assert report["network"] == {
        "ok": False,
        "down": ["a", "b"],
        "error": "Nothing answers from here: our own network is down.",
    }
    assert not report["ok"]
    assert look(T0 + 5 * MINUTE)["network"] == {"ok": True, "down": []}


@pytest.mark.parametrize(
    ("seen", "missing"),
    [
        ({}, None),  # nobody has looked yet
        ({"core@a": "core", "edge@a": "edge"}, ""),
        ({"both@a": "core,edge"}, ""),
        ({"core@a": "core"}, "No worker answers for edge."),
    ],
)
def test_celery_needs_a_worker_for_each_plane(settings, seen, missing):
    settings.ENGINE = "celery"
    for name, planes in seen.items():
        signs.save_sign(signs.WORKER + name, at=T0, detail=planes, every=timedelta())
    report = look(T0 + MINUTE)
    assert report["ok"] is (not missing)
    assert (report["workers"] or {}).get("error") == (missing or None)


def test_of_several_workers_one_that_is_gone_is_told_and_makes_nobody_ill(settings):
    settings.ENGINE = "celery"
    for name, at in (("edge@a", T0), ("edge@b", T0 - 5 * MINUTE), ("core@a", T0)):
        signs.save_sign(signs.WORKER + name, at=at, detail=name[:4], every=timedelta())
    report = look()
    assert (report["ok"], report["workers"]) == (True, {"ok": True, "seen": 2, "silent": 1})


def test_a_database_that_takes_nothing_makes_ill(monkeypatch):
    monkeypatch.setattr(health, "_last_write", (float("-inf"), True))
    assert look()["writes"] == {"ok": True}

    def refuse(execute, sql, params, many, context):
        if not sql.startswith(("SELECT", "SAVEPOINT", "RELEASE", "ROLLBACK")):
            raise health.DatabaseError("attempt to write a readonly database")
        return execute(sql, params, many, context)

    monkeypatch.setattr(health, "_last_write", (float("-inf"), True))
    with connection.execute_wrapper(refuse):
        report = examine(now=T0)
    assert report["ok"] is False
    assert "read-only" in report["writes"]["error"]
    assert look()["ok"]  # it is tried again at once
