"""Why was nobody told? Each notice that is kept back is in the ledger and on the incident, with a reason."""

from datetime import time, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Role
from actions.alerting import save_channel, save_rule
from alerts import planning
from alerts.models import Channel, Delivery, Reason, Rule, Trouble
from alerts.retention import purge_ledger
from alerts.sending import begin_test, end_test
from alerts.services import retry_delivery
from core.errors import RuleViolation
from delivery.mailer import send_email
from delivery.message import Outcome, Receipt
from incidents.models import Incident, MaintenanceWindow
from monitors.services import update_monitor
from pipeline.stages.record import record
from tests.alerts.factories import T0, drop_defaults, make_channel, make_rule
from tests.alerts.telling import Telling
from tests.factories import make_member, make_monitor
from tests.pipeline.factories import make_result

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)


def why(**asked):
    """(reason, sentence, since, until) of what was kept back, in the order in which it began."""
    rows = Delivery.objects.filter(status="withheld", **asked).order_by("planned_at", "pk")
    return [
        (row.reason, row.answer, seconds(row.planned_at), row.settled_at and seconds(row.settled_at))
        for row in rows
    ]


def seconds(at):
    return (at - T0).total_seconds()


# Each reason


def test_quiet_hours(team, hook, telling):
    make_rule(hook, name="Lunch", quiet_from=time(12), quiet_until=time(12, 10))
    telling.check(make_monitor(team), "DD", every=10)
    assert why() == [("quiet_hours", "The rule “Lunch” is quiet until 2026-03-02 12:10 (UTC).", 10, None)]
    telling.run(seconds=900)
    assert [(at, who) for at, who, _ in telling.heard] == [(602, "sp")]
    assert [until for *_, until in why()] == [600]


def test_quiet_hours_are_told_in_their_own_zone(team, hook, telling):
    make_rule(hook, quiet_from=time(13), quiet_until=time(14), timezone="Europe/Berlin")
    telling.check(make_monitor(team), "DD", every=10)
    assert [sentence for _, sentence, *_ in why()] == [
        "The rule “All” is quiet until 2026-03-02 14:00 (Europe/Berlin)."
    ]


def test_a_delay_and_that_it_was_over_before(team, hook, telling):
    make_rule(hook, name="Patient", delay_min=5)
    monitor = make_monitor(team)
    telling.check(monitor, "DD", every=10)
    sentence = (
        "The rule “Patient” tells only what is still so after 5 min, so not until 2026-03-02 12:05 UTC."
    )
    assert why() == [("delay", sentence, 10, None)]
    telling.check(monitor, "U", every=10)
    assert why() == [("delay", f"{sentence} It was over before.", 10, 20)]
    assert telling.run(seconds=900).heard == []


def test_a_delay_that_ends_while_it_is_still_so(team, hook, telling):
    make_rule(hook, delay_min=5)
    telling.check(make_monitor(team), "DD", every=10)
    telling.run(seconds=600)
    ((reason, sentence, since, until),) = why()
    assert (reason, since, until) == ("delay", 10, 310)
    assert "over before" not in sentence
    assert telling.subjects() == ["Shop is down"]


def test_a_monitor_that_it_depends_on(team, hook, telling):
    make_rule(hook)
    router, shop = make_monitor(team, name="Router"), make_monitor(team)
    update_monitor(shop, now=T0, depends_on=[router.pk])
    for letter in "DD":
        record([make_result(monitor, telling.now, letter) for monitor in (router, shop)], now=telling.now)
        telling.run(seconds=10)
    telling.run(seconds=60)
    assert telling.subjects() == ["Router is down"]
    (row,) = Delivery.objects.filter(status="withheld", reason="dependency")
    assert row.trouble.monitor == shop
    assert (row.answer, row.settled_at) == (
        "A monitor that it depends on is down, and is told instead.",
        None,
    )


def test_maintenance(team, hook, telling):
    make_rule(hook)
    monitor = make_monitor(team)
    record([make_result(monitor, T0, "D"), make_result(monitor, T0 + MINUTE, "D")], now=T0 + MINUTE)
    window = MaintenanceWindow.objects.create(
        team=team, title="Move", starts_at=T0 - MINUTE, ends_at=T0 + 10 * MINUTE
    )
    window.monitors.add(monitor)
    Trouble.objects.update(look_at=T0 + MINUTE)
    Delivery.objects.all().delete()
    telling.now = T0 + MINUTE
    telling.run(seconds=60)
    ((reason, sentence, *_),) = why()
    assert (reason, sentence) == (
        "maintenance",
        "Maintenance covers the monitor until 2026-03-02 12:10 UTC; what is still so then is told.",
    )


def test_up_and_down_too_often(team, hook, telling):
    make_rule(hook)
    telling.check(make_monitor(team, fail_after=1), "DU" * 6, every=20)
    reasons = {reason for reason, *_ in why()}
    assert reasons == {"flapping"}
    assert all(
        sentence.startswith("It is up and down too often to tell each time") for _, sentence, *_ in why()
    )


@pytest.mark.parametrize(
    ("rule", "sentence"),
    [
        (None, "No rule that is switched on is for this."),
        ({"enabled": False}, "No rule that is switched on is for this."),
        ({"events": ["recovered"]}, "None of the rules for this tells the event down."),
    ],
)
def test_no_rule(team, hook, telling, rule, sentence):
    if rule is not None:
        make_rule(hook, **rule)
    telling.check(make_monitor(team), "DD", every=10)
    assert why() == [("no_rule", sentence, 10, None)]


def test_a_channel_that_is_switched_off_beside_one_that_is_told(team, hook, telling):
    other = make_channel(team, name="Old pager", url="https://old.example.com/x")
    make_rule(hook, other)
    save_channel(other, enabled=False, now=T0)
    telling.check(make_monitor(team), "DD", every=10)
    assert telling.subjects("sp") == ["Shop is down"]
    assert why() == [
        ("channel_off", "The rule “All” would tell a channel that is switched off: Old pager.", 10, None)
    ]


def test_a_rule_whose_channel_was_deleted(team, hook, telling):
    make_rule(hook)
    hook.delete()
    telling.check(make_monitor(team), "DD", every=10)
    assert why() == [("no_channel", "The rule “All” has no channel to tell.", 10, None)]


def test_a_letter_that_is_only_printed_is_withheld_and_not_sent(team, capsys):
    make_member(team, Role.OWNER)
    verdict = send_email(b"x", sender="a@b.test", to=["c@d.test"], url="consolemail://", timeout_s=1)
    assert verdict.printed
    telling = Telling(
        answer=lambda message: {"outcome": Outcome.SENT, "answer": verdict.answer, "printed": verdict.printed}
    )
    telling.check(make_monitor(team), "DDU", every=10)
    rows = Delivery.objects.order_by("pk").values_list("event", "status", "reason", "answer")
    assert list(rows) == [
        ("down", "withheld", "email_console", "Printed to the console: EMAIL_URL names no mail server."),
        ("recovered", "withheld", "email_console", "Printed to the console: EMAIL_URL names no mail server."),
    ]


def test_what_was_printed_may_be_tried_again_when_there_is_a_mail_server_and_what_was_kept_back_may_not(
    team, hook, telling
):
    make_rule(hook, delay_min=5)
    telling.check(make_monitor(team), "DD", every=10)
    kept = Delivery.objects.get()
    with pytest.raises(RuleViolation, match="withheld"):
        retry_delivery(kept, now=T0)
    Delivery.objects.update(reason=Reason.EMAIL_CONSOLE)
    assert retry_delivery(kept, now=T0).status == "planned"
    assert Delivery.objects.get().reason == ""


def test_a_test_of_a_channel_that_is_only_printed_says_so_and_switches_nothing_on(team):
    make_member(team, Role.OWNER)
    channel = make_channel(team, "email")
    Channel.objects.filter(pk=channel.pk).update(enabled=False, disabled_reason="It refused.")
    channel.refresh_from_db()
    row, _ = begin_test(channel, now=T0)
    end_test(row, Receipt(id="x", attempt=1, outcome=Outcome.SENT, at=T0, answer="Printed.", printed=True))
    channel.refresh_from_db()
    assert (row.status, row.reason, channel.enabled) == ("withheld", "email_console", False)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda channel: Channel.objects.update(enabled=False), "channel_off"),
        (lambda channel: Channel.objects.update(config={"to": ["stranger@example.com"]}), "no_consent"),
        (lambda channel: Channel.objects.update(config={"to": []}), "no_recipient"),
    ],
)
def test_what_cannot_be_sent_any_more_when_its_time_comes_says_why(team, change, reason):
    drop_defaults(team)
    channel = make_channel(team, "email")
    make_rule(channel)
    monitor = make_monitor(team)
    record([make_result(monitor, T0, "D"), make_result(monitor, T0 + MINUTE, "D")], now=T0 + MINUTE)
    change(channel)
    telling = Telling()
    telling.now = T0 + MINUTE
    telling.run(seconds=10)
    row = Delivery.objects.get(channel=channel)
    assert (row.status, row.reason) == ("dead", reason)
    assert row.answer


# Bounded, purged, on the incident


def test_there_is_one_row_a_trouble_and_reason_however_often_it_is_looked_at(team, hook):
    make_rule(hook, name="A", quiet_from=time(12), quiet_until=time(18))
    make_rule(hook, name="B", quiet_from=time(12), quiet_until=time(17))
    monitor = make_monitor(team)
    record([make_result(monitor, T0, "D"), make_result(monitor, T0 + MINUTE, "D")], now=T0 + MINUTE)
    for minutes in range(1, 60):
        Trouble.objects.update(look_at=T0)
        planning.follow_troubles(now=T0 + minutes * MINUTE)
    ((reason, sentence, since, until),) = why()
    assert (reason, since, until) == ("quiet_hours", 60, None)
    assert sentence == (
        "The rule “A” is quiet until 2026-03-02 18:00 (UTC)."
        " The rule “B” is quiet until 2026-03-02 17:00 (UTC)."
    )


def test_an_incident_that_opens_again_has_rows_of_its_own(team, hook, telling):
    make_rule(hook, delay_min=5)
    telling.check(make_monitor(team), "DDU", every=10)
    trouble = Trouble.objects.get()
    Incident.objects.update(resolved_at=None, status="investigating", open_monitor=trouble.monitor)
    trouble.round, trouble.closed_at = 1, None
    trouble.save()
    planning.plan_troubles([trouble], now=telling.now)
    assert [(reason, until is None) for reason, _, _, until in why()] == [("delay", False), ("delay", True)]


def test_what_was_kept_back_goes_with_the_ledger(team, hook, telling, settings):
    make_rule(hook, delay_min=5)
    telling.check(make_monitor(team), "DDU", every=10)
    assert purge_ledger(now=T0 + timedelta(days=settings.LEDGER_RETENTION_DAYS + 1)) == 1
    assert why() == []


@pytest.mark.parametrize("count", [3, 60])
def test_writing_it_down_costs_the_same_however_many_there_are(team, hook, count):
    make_rule(hook, delay_min=5)
    monitors = [make_monitor(team, name=str(number)) for number in range(count)]
    for at in (T0, T0 + MINUTE):
        record([make_result(monitor, at, "D") for monitor in monitors], now=at)
    assert Delivery.objects.filter(reason="delay").count() == count
    Trouble.objects.update(look_at=T0)
    save_rule(Rule.objects.get(), fields={"delay_min": 6})
    with CaptureQueriesContext(connection) as asked:
        planning.follow_troubles(now=T0 + 2 * MINUTE)
    assert len(asked) <= 26
    assert Delivery.objects.filter(answer__contains="after 6 min").count() == count


def test_the_ledger_and_the_incident_say_it_to_the_team_and_to_nobody_else(
    api, stranger, team, hook, telling
):
    make_rule(hook, name="Patient", delay_min=5)
    telling.check(make_monitor(team), "DD", every=10)
    (row,) = api.get("/api/v1/deliveries/?status=withheld&reason=delay").json()["results"]
    assert (row["event"], row["channel"], row["due_at"], row["reason"]) == ("down", None, None, "delay")
    (incident,) = api.get("/api/v1/incidents/").json()["results"]
    expected = {
        "delivery": row["id"],
        "event": "down",
        "channel": "",
        "reason": "delay",
        "text": row["answer"],
        "since": row["planned_at"],
        "until": None,
    }
    assert incident["withheld"] == [expected]
    assert api.get(f"/api/v1/incidents/{incident['id']}/").json()["withheld"] == [expected]
    assert stranger.get("/api/v1/deliveries/").json()["results"] == []


def test_a_list_of_incidents_asks_for_it_once(api, team, hook, telling):
    make_rule(hook, delay_min=5)
    asked = []
    for count in (3, 27):
        for number in range(count):
            monitor = make_monitor(team, name=f"{count} {number}", fail_after=1)
            record([make_result(monitor, T0, "D")], now=T0)
        with CaptureQueriesContext(connection) as queries:
            found = api.get("/api/v1/incidents/?page_size=100").json()["results"]
        assert all(len(incident["withheld"]) == 1 for incident in found)
        asked.append(len(queries))
    assert len(found) == 30
    assert asked[0] == asked[1]
