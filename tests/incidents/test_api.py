"""Incidents over the wire."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from incidents.models import Incident, IncidentStatus, Update
from incidents.services import acknowledge, resolve, retract
from tests.factories import TeamFactory, UserFactory, make_client, make_member
from tests.incidents.factories import T0, MonitorFactory, make_incident, make_manual

pytestmark = [pytest.mark.django_db]

URL = "/api/v1/incidents/"
MINUTE = timedelta(minutes=1)


@pytest.fixture
def client(api):
    return api


@pytest.fixture
def incident(team):
    return make_incident(MonitorFactory(team=team, name="Shop"))


def one(incident, action=""):
    return f"{URL}{incident.pk}/{action}"


def small(user):
    return {"id": user.pk, "name": user.name, "email": user.email}


def ids(response):
    return [row["id"] for row in response.json()["results"]]


def test_an_incident_is_told_as_the_contract_says(client, user, incident):
    acknowledge(incident, author=user, now=T0 + MINUTE)
    resolve(incident, author=user, now=T0 + 2 * MINUTE, text="New disk.")
    response = client.get(one(incident))
    assert response.status_code == 200
    said = response.json()
    updates = said.pop("updates")
    assert [entry["kind"] for entry in said.pop("timeline")] == ["resolved", "acknowledged", "opened"]
    assert said == {
        "id": incident.pk,
        "team": incident.team_id,
        "monitor": incident.monitor_id,
        "monitor_name": "Shop",
        "monitor_kind": "http",
        "title": "Shop is down",
        "kind": "automatic",
        "status": "resolved",
        "severity": "major",
        "cause": {"status": "down", "error": "Expected 200-299, got 503."},
        "started_at": "2026-03-02T12:00:00Z",
        "acknowledged_at": "2026-03-02T12:01:00Z",
        "acknowledged_by": small(user),
        "resolved_at": "2026-03-02T12:02:00Z",
        "resolved_by": small(user),
        "duration_s": 120,
        "retracted": False,
        "withheld": [],
        "told": 0,
        "deliveries": [],
        "planned": [],
        "pages": [],
    }
    assert [(u["at"], u["status"], u["text"], u["author"]) for u in updates] == [
        ("2026-03-02T12:00:00Z", "investigating", "Expected 200-299, got 503.", None),
        ("2026-03-02T12:01:00Z", "investigating", f"Acknowledged by {user.name}.", small(user)),
        ("2026-03-02T12:02:00Z", "resolved", "New disk.", small(user)),
    ]


def test_an_open_incident_has_no_duration_yet(client, incident):
    said = client.get(one(incident)).json()
    assert (said["duration_s"], said["resolved_at"], said["resolved_by"], said["acknowledged_by"]) == (
        None,
    ) * 4


# Who may


@pytest.mark.parametrize("action", ["", "acknowledge", "resolve", "updates"])
def test_to_a_stranger_an_incident_does_not_exist(incident, action):
    stranger = make_client(make_member(TeamFactory()))
    method = stranger.post if action else stranger.get
    assert method(one(incident, action), {"text": "x"} if action else None).status_code == 404
    assert stranger.patch(one(incident), {"title": "x"}).status_code == 404
    assert stranger.delete(one(incident)).status_code == 404
    assert ids(stranger.get(URL)) == []
    assert Update.objects.filter(incident=incident).count() == 1


def test_a_viewer_reads_and_changes_nothing(team, incident):
    viewer = make_client(make_member(team, "viewer"))
    assert ids(viewer.get(URL)) == [incident.pk]
    answers = [viewer.post(one(incident, a), {"text": "x"}) for a in ("acknowledge", "resolve", "updates")]
    answers += [viewer.patch(one(incident), {"title": "x"}), viewer.delete(one(incident))]
    answers += [viewer.post(URL, {"title": "x"})]
    assert [answer.status_code for answer in answers] == [403] * 6
    assert (Incident.objects.get().title, Incident.objects.get().status) == ("Shop is down", "investigating")


def test_the_anonymous_are_asked_to_sign_in(incident):
    assert APIClient().get(URL).status_code == 401


# Opening, editing, deleting


def test_a_person_opens_an_incident(client, user, team):
    monitor = MonitorFactory(team=team)
    asked = {
        "title": "Slow mail",
        "severity": "minor",
        "status": "identified",
        "text": "We know.",
        "monitor": monitor.pk,
    }
    response = client.post(URL, asked | {"started_at": "2026-03-02T13:00:00+01:00"})
    assert response.status_code == 201
    said = response.json()
    assert (said["team"], said["monitor"], said["kind"], said["cause"]) == (
        team.pk,
        monitor.pk,
        "manual",
        None,
    )
    assert (said["title"], said["severity"], said["status"]) == ("Slow mail", "minor", "identified")
    assert said["started_at"] == "2026-03-02T12:00:00Z"
    assert [(u["text"], u["author"]) for u in said["updates"]] == [("We know.", small(user))]


def test_a_title_is_enough(client):
    said = client.post(URL, {"title": "Slow mail"}).json()
    assert (said["severity"], said["status"], said["monitor"]) == ("major", "investigating", None)
    assert [u["text"] for u in said["updates"]] == ["We are investigating."]


FUTURE = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
NO_OFFSET = "Give the time's offset from UTC, such as 2026-12-06T02:00:00Z or 2026-12-06T02:00:00+01:00."
NO_SEVERITY = '"bad" is not a valid choice; choose one of minor, major, critical.'
NO_STATUS = f'"fine" is not a valid choice; choose one of {", ".join(IncidentStatus.values)}.'
BAD_TIME = "An incident cannot start in the future, nor before 1971; correct started_at."


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({}, {"title": ["This field is required."]}),
        ({"title": "x", "titel": 1}, {"titel": ["There is no field 'titel'."]}),
        ({"title": "x", "kind": "automatic"}, {"kind": ["There is no field 'kind'."]}),
        ({"title": "x", "monitor": 2**62}, {"monitor": [f"There is no monitor {2**62} in this team."]}),
        (
            {"title": "x", "status": "resolved"},
            {"status": ["A new incident cannot be resolved already; open it, then resolve it."]},
        ),
        ({"title": "x", "started_at": FUTURE}, {"started_at": [BAD_TIME]}),
        ({"title": "x", "started_at": "2026-03-01T13:00:00"}, {"started_at": [NO_OFFSET]}),
        ({"title": "x", "started_at": "0001-01-01T00:00:00Z"}, {"started_at": [BAD_TIME]}),
        (
            {"title": "x", "severity": "bad"},
            {"severity": [NO_SEVERITY]},
        ),
    ],
)
def test_a_wrong_incident_is_refused_with_a_sentence(client, asked, said):
    response = client.post(URL, asked)
    assert (response.status_code, response.json()) == (400, said)
    assert not Incident.objects.exists()


def test_the_monitor_of_another_team_is_none(client, user):
    elsewhere = TeamFactory()
    theirs = MonitorFactory(team=elsewhere)
    response = client.post(URL, {"title": "x", "monitor": theirs.pk})
    refusal = {"monitor": [f"There is no monitor {theirs.pk} in this team."]}
    assert (response.status_code, response.json()) == (400, refusal)


def test_a_body_that_is_no_object_is_refused(client, incident):
    assert client.post(URL, ["x"]).status_code == 400
    assert client.post(one(incident, "updates"), ["x"]).status_code == 400
    assert client.patch(one(incident), "x").status_code == 400


def test_title_and_severity_can_be_mended(client, incident):
    response = client.patch(one(incident), {"title": "Shop is slow", "severity": "minor"})
    assert (response.status_code, response.json()["title"], response.json()["severity"]) == (
        200,
        "Shop is slow",
        "minor",
    )
    assert Incident.objects.get().status == "investigating"


def test_nothing_else_can_be_edited(client, incident):
    response = client.patch(one(incident), {"status": "resolved", "title": "x"})
    assert response.status_code == 400
    assert response.json() == {"status": ["There is no field 'status'."]}
    assert (Incident.objects.get().status, Incident.objects.get().title) == ("investigating", "Shop is down")
    assert client.put(one(incident), {"title": "x"}).status_code == 405


def test_only_a_manual_incident_can_be_deleted(client, team, incident):
    manual = make_manual(team)
    assert client.delete(one(manual)).status_code == 204
    response = client.delete(one(incident))
    assert response.status_code == 409
    assert response.json() == {
        "detail": "An automatic incident is a record of what was found and cannot be deleted; resolve it."
    }
    assert list(Incident.objects.all()) == [incident]


# Acting


def test_acknowledging_names_the_first(client, team, user, incident):
    assert client.post(one(incident, "acknowledge")).json()["acknowledged_by"] == small(user)
    response = make_client(make_member(team)).post(one(incident, "acknowledge"))
    assert (response.status_code, response.json()["acknowledged_by"]) == (200, small(user))
    assert len(response.json()["updates"]) == 2


def test_acknowledging_takes_nothing(client, incident):
    response = client.post(one(incident, "acknowledge"), {"text": "x"})
    assert (response.status_code, response.json()) == (
        400,
        {"text": ["There is no field 'text'."]},
    )
    assert Incident.objects.get().acknowledged_at is None


def test_resolving_twice_is_a_conflict(client, user, incident):
    response = client.post(one(incident, "resolve"), {"text": "New disk."})
    assert response.status_code == 200
    assert (response.json()["status"], response.json()["resolved_by"]) == ("resolved", small(user))
    assert response.json()["updates"][-1]["text"] == "New disk."
    again = client.post(one(incident, "resolve"))
    assert (again.status_code, again.json()) == (409, {"detail": "This incident is resolved already."})
    assert client.post(one(incident, "acknowledge")).status_code == 409


def test_an_update_moves_the_incident(client, user, incident):
    response = client.post(one(incident, "updates"), {"text": "The disk.", "status": "identified"})
    assert (response.status_code, response.json()["status"]) == (201, "identified")
    last = response.json()["updates"][-1]
    assert (last["text"], last["status"], last["author"]) == ("The disk.", "identified", small(user))


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({}, {"text": ["This field is required."]}),
        ({"text": " "}, {"text": ["This field may not be blank."]}),
        (
            {"text": "x", "status": "fine"},
            {"status": [NO_STATUS]},
        ),
        ({"text": "x", "at": "now"}, {"at": ["There is no field 'at'."]}),
    ],
)
def test_a_wrong_update_is_refused_with_a_sentence(client, incident, asked, said):
    response = client.post(one(incident, "updates"), asked)
    assert (response.status_code, response.json()) == (400, said)
    assert Update.objects.count() == 1


# Lists


def test_lists_are_filtered(client, team, user):
    shop = MonitorFactory(team=team)
    first = make_incident(shop)
    resolve(first, author=user, now=T0 + MINUTE)
    second = make_incident(shop, started_at=T0 + timedelta(hours=1))
    third = make_manual(team, started_at=T0 + timedelta(hours=2), severity="critical", status="monitoring")
    all_of_them = [third.pk, second.pk, first.pk]
    for query, expected in [
        ("", all_of_them),
        ("ordering=started_at", all_of_them[::-1]),
        ("ordering=severity", [third.pk, first.pk, second.pk]),
        ("open=true", [third.pk, second.pk]),
        ("open=false", [first.pk]),
        ("status=monitoring", [third.pk]),
        ("severity=major", [second.pk, first.pk]),
        ("kind=manual", [third.pk]),
        (f"monitor={shop.pk}", [second.pk, first.pk]),
        (f"team={team.pk}", all_of_them),
        (f"team={team.pk + 1000}", []),
        ("since=2026-03-02T13:00:00Z", [third.pk, second.pk]),
        ("until=2026-03-02T13:00:00Z", [first.pk]),
        ("since=2026-03-02T13:00:00Z&until=2026-03-02T14:00:00Z", [second.pk]),
        ("search=slow", [third.pk]),
    ]:
        assert ids(client.get(f"{URL}?{query}")) == expected, query


@pytest.mark.parametrize(
    "query",
    ["status=fine", "monitor=x", "monitor=1.5", f"team={2**70}", "since=x", "ordering=title", "cursor=x"],
)
def test_a_filter_that_makes_no_sense_is_refused(client, query):
    assert client.get(f"{URL}?{query}").status_code in {400, 404}


def test_a_filter_by_an_unknown_word_lists_those_that_there_are(client):
    assert client.get(f"{URL}?severity=bad").json() == {"severity": [NO_SEVERITY]}


def test_a_filter_by_a_time_without_an_offset_is_refused(client):
    response = client.get(f"{URL}?since=2026-03-01T13:00:00")
    assert (response.status_code, response.json()) == (400, {"since": [NO_OFFSET]})


def test_pages_neither_repeat_nor_lose_incidents_that_began_together(client, team):
    expected = {make_manual(team).pk for _ in range(7)}
    seen, url = [], f"{URL}?page_size=2"
    while url:
        page = client.get(url).json()
        seen += [row["id"] for row in page["results"]]
        url = page["next"]
    assert (len(seen), set(seen)) == (7, expected)


def test_thirty_incidents_cost_as_many_queries_as_three(client, team, user):
    counts = []
    for number in (3, 27):
        for _ in range(number):
            made = make_incident(MonitorFactory(team=team))
            acknowledge(made, author=make_member(team), now=T0)
            resolve(made, author=make_member(team), now=T0 + MINUTE)
        with CaptureQueriesContext(connection) as queries:
            assert len(ids(client.get(URL))) in {3, 30}
        counts.append(len(queries))
    assert counts[0] == counts[1]


@pytest.mark.parametrize("path", ["", "one"])
def test_what_did_not_change_is_not_sent_again(client, incident, path):
    url = one(incident) if path else URL
    tag = client.get(url)["ETag"]
    unchanged = client.get(url, headers={"If-None-Match": tag})
    assert (unchanged.status_code, unchanged.content) == (304, b"")
    retract(incident, at=T0 + MINUTE)
    changed = client.get(url, headers={"If-None-Match": tag})
    assert (changed.status_code, changed["ETag"] != tag) == (200, True)


def test_somebody_who_left_is_named_no_more_and_the_incident_stays(client, team, incident):
    gone = UserFactory()
    acknowledge(incident, author=gone, now=T0)
    gone.delete()
    said = client.get(one(incident)).json()
    assert (said["acknowledged_by"], said["acknowledged_at"]) == (None, "2026-03-02T12:00:00Z")
