"""An incident's page: one timeline, who was told, what comes next, and what is said in public."""

from datetime import timedelta

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext

from alerts.models import Trouble
from incidents.models import Incident, IncidentStatus
from incidents.services import acknowledge, resolve, say
from statuspages.models import Post, Subscriber
from tests.alerts.factories import drop_defaults, make_channel, make_rule
from tests.factories import make_member
from tests.incidents.factories import T0, MonitorFactory, make_incident, make_manual
from tests.statuspages.factories import make_page

pytestmark = pytest.mark.django_db
URL = "/api/v1/incidents/"
MINUTE = timedelta(minutes=1)


@pytest.fixture
def monitor(team):
    return MonitorFactory(team=team, name="Shop")


@pytest.fixture
def incident(monitor):
    return make_incident(monitor)


def read(api, incident, at=T0 + MINUTE):
    with time_machine.travel(at, tick=False):
        return api.get(f"{URL}{incident.pk}/").json()


def subscribe(page, number, **fields):
    for n in range(number):
        confirmed = {"confirmed_at": T0, "unsubscribe_hash": f"{page.pk}-{n}", "address_hash": f"{n}"}
        Subscriber.objects.create(page=page, kind="email", address=f"a{n}@example.com", **confirmed | fields)


def test_a_row_of_the_list_has_the_monitors_name_and_no_timeline(api, incident):
    (row,) = api.get(URL).json()["results"]
    assert (row["monitor_name"], row["monitor_kind"], row["told"]) == ("Shop", "http", 0)
    assert not {"updates", "timeline", "deliveries", "planned", "pages"} & set(row)


def test_the_timeline_tells_machine_from_people_and_the_newest_first(api, user, incident):
    say(incident, "Still down.", at=T0 + MINUTE)
    acknowledge(incident, author=user, now=T0 + 2 * MINUTE)
    say(incident, "Who rolls back?", at=T0 + 3 * MINUTE, author=user)
    resolve(incident, author=user, now=T0 + 4 * MINUTE, text="Rolled back.")
    found = [(e["kind"], e["by"], e["text"], e["public"]) for e in read(api, incident)["timeline"]]
    assert found == [
        ("resolved", "person", "Rolled back.", False),
        ("note", "person", "Who rolls back?", False),
        ("acknowledged", "person", f"Acknowledged by {user.name}.", False),
        ("finding", "machine", "Still down.", False),
        ("opened", "machine", "Expected 200-299, got 503.", False),
    ]


def test_what_will_be_told_is_told_with_who_and_when(api, team, incident):
    drop_defaults(team)
    hook, pager = make_channel(team), make_channel(team, name="Pager")
    make_rule(hook, steps=[(15, pager)], name="On call", delay_min=2)
    trouble = {"team": team, "kind": "incident", "key": "k", "monitor": incident.monitor, "event": "down"}
    Trouble.objects.create(incident=incident, title="Down", opened_at=T0, told_from=T0, **trouble)
    planned = read(api, incident)["planned"]
    assert [(p["at"], p["event"], p["channel_name"], p["unless"]) for p in planned][:2] == [
        ("2026-03-02T12:02:00Z", "down", "Hook", "over"),
        ("2026-03-02T12:17:00Z", "escalated", "Hook", "acknowledged"),
    ]
    assert {(p["channel_name"], p["channel_kind"], p["rule"]) for p in planned} == {
        ("Hook", "webhook", "On call"),
        ("Pager", "webhook", "On call"),
    }
    acknowledge(incident, author=make_member(team), now=T0 + MINUTE)
    assert read(api, incident)["planned"] == []


def test_one_call_says_it_on_pages_and_moves_the_incident(api, user, team, monitor, incident):
    shop, partners, other = make_page(team, monitor), make_page(team), make_page(team)
    subscribe(shop, 2)
    body = {"text": "We roll back.", "status": "identified", "public": True, "pages": [shop.pk, partners.pk]}
    answer = api.post(f"{URL}{incident.pk}/updates", body)
    assert answer.status_code == 201, answer.content
    said = answer.json()
    entry = next(e for e in said["timeline"] if e["text"] == "We roll back.")
    assert (entry["kind"], entry["public"], entry["status"]) == ("post", True, "identified")
    assert [(page["id"], page["public"]) for page in entry["pages"]] == [(shop.pk, True), (partners.pk, True)]
    assert said["status"] == "identified"
    assert {p.page_id: (p.status, p.notices_due) for p in Post.objects.exclude(author=None)} == {
        shop.pk: ("identified", True),
        partners.pk: ("identified", True),
    }
    pages = {page["id"]: (page["shows"], page["subscribers"]) for page in said["pages"]}
    assert pages == {shop.pk: (True, 2), partners.pk: (True, 0), other.pk: (False, 0)}


@pytest.mark.parametrize(
    ("more", "field"),
    [({"public": True}, "pages"), ({"pages": [1]}, "public"), ({"public": True, "pages": [9**9]}, "pages")],
)
def test_a_public_update_names_its_pages_and_no_other_does(api, incident, more, field):
    answer = api.post(f"{URL}{incident.pk}/updates", {"text": "x", **more})
    assert (answer.status_code, list(answer.json())) == (400, [field])
    assert incident.updates.count() == 1


def test_another_teams_page_says_nothing_of_ours(api, incident):
    theirs = make_page()
    answer = api.post(f"{URL}{incident.pk}/updates", {"text": "x", "public": True, "pages": [theirs.pk]})
    assert answer.status_code == 400
    assert not Post.objects.filter(page=theirs).exists()


def test_open_incidents_are_counted_by_severity(api, user, team, incident):
    acknowledge(make_manual(team, severity="critical"), author=user, now=T0)
    make_manual(team, severity="minor", status=IncidentStatus.RESOLVED, resolved_at=T0)
    make_incident(MonitorFactory())  # another team's
    assert api.get(f"{URL}counts?team={team.pk}").json() == {
        "open": 2,
        "unacknowledged": 1,
        "by_severity": {"minor": 0, "major": 1, "critical": 1},
    }
    assert api.get(f"{URL}counts?team=x").status_code == 400


def test_a_long_timeline_costs_as_many_queries_as_a_short_one(api, team, monitor):
    counts = []
    for number in (2, 30):
        made = make_manual(team, monitor=monitor, updates=0)
        for n in range(number):
            say(made, f"{n}", at=T0 + n * MINUTE, author=make_member(team))
            make_page(team, monitor)
        with CaptureQueriesContext(connection) as queries:
            assert len(api.get(f"{URL}{made.pk}/").json()["updates"]) == number
        counts.append(len(queries))
    assert counts[0] == counts[1]
    assert Incident.objects.count() == 2
