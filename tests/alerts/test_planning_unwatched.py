"""Trouble that ends because its monitor was paused or deleted: nobody saw a recovery, so none is told."""

from datetime import timedelta

import pytest
from django.utils import timezone

from alerts.messages.render import Renderer
from alerts.models import Delivery, Trouble
from alerts.planning import follow_troubles, plan_deliveries
from delivery.message import Tone
from incidents.models import Incident
from incidents.reconcile import IncidentEvent
from incidents.services import close_open_incidents, open_incident
from monitors.services import pause_monitors
from pipeline.fanout import tell_events
from statuspages.models import Post
from tests.alerts.factories import drop_defaults, make_channel, make_rule
from tests.factories import make_client, make_member, make_monitor, make_team
from tests.statuspages.factories import make_page

pytestmark = pytest.mark.django_db
MONITORS = "/api/v1/monitors/"
JOB = {"kind": "heartbeat", "url": "", "config": {"period_s": 300, "grace_s": 60}}


@pytest.fixture
def team(db):
    team = make_team()
    drop_defaults(team)
    make_rule(make_channel(team))
    return team


@pytest.fixture
def client(team):
    return make_client(make_member(team))


def go_down(*monitors):
    """Six minutes ago, as all have heard."""
    events = []
    for monitor in monitors:
        cause = {"error_code": "timeout", "error": "No answer."}
        at = timezone.now() - timedelta(minutes=6)
        events.append(IncidentEvent("opened", open_incident(monitor, started_at=at, cause=cause)))
    tell_events(events, now=timezone.now())
    Delivery.objects.update(status="sent")


def pause(client, monitor):
    assert client.post(f"{MONITORS}{monitor.pk}/pause/").status_code == 200


def patch(client, monitor):
    answer = client.patch(f"{MONITORS}{monitor.pk}/", {"enabled": False}, format="json")
    assert answer.status_code == 200


def delete(client, monitor):
    assert client.delete(f"{MONITORS}{monitor.pk}/").status_code == 204


def bulk(action):
    def do(client, monitor):
        body = {"action": action, "ids": [monitor.pk]}
        assert client.post(f"{MONITORS}bulk/", body, format="json").status_code == 200

    return do


WAYS = [
    pytest.param(pause, "paused", id="paused"),
    pytest.param(patch, "paused", id="switched off by an edit"),
    pytest.param(bulk("pause"), "paused", id="paused with others"),
    pytest.param(delete, "deleted", id="deleted"),
    pytest.param(bulk("delete"), "deleted", id="deleted with others"),
]


def read_end():
    row = Delivery.objects.select_related("team", "trouble__monitor", "trouble__incident").get(
        event="recovered"
    )
    return Renderer([row]).render(row)


@pytest.mark.parametrize(("end", "ended_by"), WAYS)
@pytest.mark.parametrize("fields", [{}, JOB], ids=["site", "job"])
def test_who_heard_of_the_trouble_hears_that_nobody_watches(client, team, end, ended_by, fields):
    monitor = make_monitor(team, name="Site 3", **fields)
    go_down(monitor)
    end(client, monitor)

    content = read_end()
    assert content.subject == f"Site 3 is no longer watched: it was {ended_by}"
    assert "Whether it has recovered is not known. It had failed with: No answer." in content.text
    assert content.tone is Tone.INFO
    for part in (content.text, content.markdown, content.html):
        assert "recovered after" not in part
        assert "pings again" not in part
        assert "All clear" not in part
    assert (content.data["event"], content.data["cause"]["ended_by"]) == ("recovered", ended_by)
    assert content.data["cause"]["monitor_name"] == "Site 3"
    assert content.data["incident"]["status"] == "resolved"


@pytest.mark.parametrize(("end", "ended_by"), WAYS)
@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", "The monitoring of Checkout has ended, so we report no more about this trouble."),
        (
            "de",
            "Die Überwachung von Checkout wurde beendet;"
            " wir berichten daher nicht weiter über diese Störung.",
        ),
    ],
)
def test_the_public_reads_that_the_monitoring_ended(client, team, end, ended_by, language, said):
    monitor = make_monitor(team)
    components = [{"name": "Checkout", "monitors": [monitor]}]
    make_page(team, monitor, language=language, components=components)
    go_down(monitor)
    end(client, monitor)
    assert [post.text for post in Post.objects.order_by("pk")][1:] == [said]


def test_a_digest_counts_them_apart(team):
    monitors = [make_monitor(team, name=f"Site {number}") for number in range(3)]
    go_down(*monitors)
    closed = close_open_incidents([m.pk for m in monitors], at=timezone.now(), text="Over.")
    ends = [IncidentEvent("resolved", incident, ended_by="paused") for incident in closed[1:]]
    plan_deliveries([IncidentEvent("resolved", closed[0]), *ends], now=timezone.now())
    first = Delivery.objects.filter(event="recovered").first()
    digest = Delivery.objects.create(
        team=team, channel=first.channel, event="digest", key="d", planned_at=timezone.now()
    )
    Delivery.objects.filter(event="recovered").update(digest=digest)
    content = Renderer([digest]).render(digest)
    assert content.subject == "3 changes at once: 1 recovered, 2 no longer watched"


def test_what_was_missed_when_it_was_paused_is_told_by_the_clock_as_it_was(team):
    monitor = make_monitor(team, name="Site 3")
    go_down(monitor)
    pause_monitors([monitor], now=timezone.now())
    close_open_incidents([monitor.pk], at=timezone.now(), text="Resolved because the monitor was paused.")
    follow_troubles(now=timezone.now())
    assert read_end().subject == "Site 3 is no longer watched: it was paused"


def test_trouble_that_opens_again_forgets_how_it_ended(team):
    monitor = make_monitor(team)
    go_down(monitor)
    incident = Incident.objects.get()
    close_open_incidents([monitor.pk], at=timezone.now(), text="Over.")
    incident.refresh_from_db()
    plan_deliveries([IncidentEvent("resolved", incident, ended_by="paused")], now=timezone.now())
    incident.status, incident.resolved_at, incident.open_monitor = "investigating", None, monitor
    incident.save()
    plan_deliveries([IncidentEvent("opened", incident)], now=timezone.now())
    assert Trouble.objects.get().cause == {"error_code": "timeout", "error": "No answer."}
