"""`channels/`, `alert-rules/`, `deliveries/`, `alert-templates/`, `alert-settings/` over the wire."""

import json

import pytest

from accounts.models import Role
from alerts.models import Channel, Delivery, MessageTemplate, Rule
from core.field_encryption import unseal
from delivery.registry import KINDS
from tests.alerts.factories import make_channel, make_delivery, make_rule
from tests.factories import make_member, make_monitor, make_team

pytestmark = pytest.mark.django_db

HOOK = {
    "name": "Ops",
    "kind": "webhook",
    "config": {"url": "https://hooks.example.com/x", "secret": "s3cret-word-of-16"},
}


@pytest.fixture
def admin(team, client_of):
    return client_of(make_member(team, Role.ADMIN))


def count_queries(django_assert_num_queries, api, path, counts, make):
    """The same number of queries for 3 rows and for 30."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    asked = []
    for count in counts:
        make(count)
        with CaptureQueriesContext(connection) as queries:
            answer = api.get(path)
        assert answer.status_code == 200
        asked.append(len(queries))
    assert len(set(asked)) == 1, asked


# Channels


def test_a_channel_is_made_and_its_secrets_are_never_given_back(admin, team):
    answer = admin.post("/api/v1/channels/", HOOK)
    assert answer.status_code == 201, answer.content
    body = answer.json()
    channel = Channel.objects.get(pk=body["id"])
    assert "secret" not in body["config"]
    assert "s3cret-word" not in answer.content.decode()
    assert unseal(channel.secrets)["secret"] == "s3cret-word-of-16"
    assert "s3cret-word" not in json.dumps(channel.config) + channel.secrets
    assert (body["enabled"], body["disabled_reason"], body["team"]) == (True, "", team.pk)


def test_an_edit_keeps_the_secret_that_is_not_sent_again(admin):
    made = admin.post("/api/v1/channels/", HOOK).json()
    path = f"/api/v1/channels/{made['id']}/"
    changed = admin.patch(path, {"config": {"url": "https://hooks.example.com/y"}})
    assert changed.status_code == 200, changed.content
    channel = Channel.objects.get(pk=made["id"])
    assert (channel.config["url"], unseal(channel.secrets)["secret"]) == (
        "https://hooks.example.com/y",
        "s3cret-word-of-16",
    )
    again = admin.put(path, {"name": "Ops", "kind": "webhook", "config": changed.json()["config"]})
    assert again.status_code == 200, again.content
    assert unseal(Channel.objects.get(pk=made["id"]).secrets)["secret"] == "s3cret-word-of-16"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"kind": "pigeon"}, "kind"),
        ({"config": {}}, "config.url"),
        ({"config": {"url": "ftp://x"}}, "config.url"),
        ({"config": {"url": "https://x.test/", "colour": "red"}}, "config.colour"),
        ({"name": ""}, "name"),
        ({"name": "a\nb"}, "name"),
        ({"to_owners": True}, "to_owners"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_a_mistake_is_named_and_nothing_is_stored(admin, body, field):
    before = Channel.objects.count()
    answer = admin.post("/api/v1/channels/", HOOK | body)
    assert answer.status_code == 400, answer.content
    assert field in answer.json()
    assert Channel.objects.filter(name=HOOK["name"]).count() == 0
    assert Channel.objects.count() - before in {0, 1}  # the team's default may have been made


def test_a_channel_keeps_its_kind(admin, team):
    channel = make_channel(team)
    answer = admin.patch(f"/api/v1/channels/{channel.pk}/", {"kind": "email"})
    assert answer.status_code == 400
    assert "make a new one" in answer.json()["kind"][0]


def test_members_read_channels_and_only_admins_change_them(api, admin, team):
    channel = make_channel(team)
    path = f"/api/v1/channels/{channel.pk}/"
    assert api.get(path).status_code == 200
    assert api.patch(path, {"name": "Mine"}).status_code == 403
    assert api.post("/api/v1/channels/", HOOK).status_code == 403
    assert admin.delete(path).status_code == 204


def test_the_forms_of_all_kinds_are_described(api):
    kinds = api.get("/api/v1/channels/kinds").json()
    assert [kind["kind"] for kind in kinds] == list(KINDS)
    assert "s3cret" not in json.dumps(kinds)


def test_a_channel_that_was_switched_off_is_switched_on_by_an_edit(admin, team):
    channel = make_channel(team)
    Channel.objects.update(enabled=False, refusals=3, disabled_reason="Gone")
    body = admin.patch(f"/api/v1/channels/{channel.pk}/", {"enabled": True}).json()
    assert (body["enabled"], body["disabled_reason"]) == (True, "")


# Rules


def test_a_rule_is_made_read_changed_and_deleted(api, team):
    first, second = make_channel(team), make_channel(team, name="Second")
    monitor = make_monitor(team, tags=["prod"])
    wish = {
        "name": "Nights",
        "monitors": [monitor.pk],
        "tags": ["Prod"],
        "events": ["down", "recovered", "reminder"],
        "steps": [{"channels": [first.pk]}, {"after_min": 10, "channels": [second.pk, first.pk]}],
        "delay_min": 2,
        "remind_every_min": 30,
        "quiet_from": "22:00",
        "quiet_until": "07:00",
        "quiet_days": ["sat", "sun"],
        "timezone": "Europe/Berlin",
    }
    answer = api.post("/api/v1/alert-rules/", wish)
    assert answer.status_code == 201, answer.content
    body = answer.json()
    assert body["steps"] == [
        {"after_min": 0, "channels": [first.pk]},
        {"after_min": 10, "channels": [first.pk, second.pk]},
    ]
    assert (body["monitors"], body["tags"], body["quiet_from"]) == ([monitor.pk], ["prod"], "22:00:00")
    path = f"/api/v1/alert-rules/{body['id']}/"
    changed = api.patch(path, {"delay_min": 0})
    assert changed.json() == body | {"delay_min": 0}
    assert api.delete(path).status_code == 204
    assert not Rule.objects.filter(pk=body["id"]).exists()


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"events": ["exploded"]}, "events"),
        ({"events": ["flapping"]}, "events"),
        ({"steps": []}, "steps"),
        ({"steps": [{"after_min": 5, "channels": [1]}]}, "steps"),
        ({"steps": [{"channels": []}]}, "steps"),
        ({"steps": [{"channels": [999_999]}]}, "steps"),
        ({"monitors": [999_999]}, "monitors"),
        ({"tags": ["nope"]}, "tags"),
        ({"timezone": "Mars/Base"}, "timezone"),
        ({"quiet_from": "22:00"}, "quiet_until"),
        ({"quiet_from": "22:00", "quiet_until": "22:00"}, "quiet_until"),
        ({"quiet_days": ["someday"]}, "quiet_days"),
        ({"delay_min": -1}, "delay_min"),
        ({"remind_every_min": "often"}, "remind_every_min"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_a_rule_that_cannot_be_is_refused_by_field(api, team, change, field):
    channel = make_channel(team)
    before = Rule.objects.count()
    steps = [{"channels": [channel.pk]}]
    if change.get("steps") and change["steps"][0]["channels"] == [1]:
        change = {"steps": [{"after_min": 5, "channels": [channel.pk]}]}
    answer = api.post("/api/v1/alert-rules/", {"name": "x", "steps": steps} | change)
    assert answer.status_code == 400, answer.content
    assert field in answer.json()
    assert Rule.objects.count() == before


def test_a_rule_takes_no_channel_and_no_monitor_of_another_team(api, team):
    theirs = make_team(name="Theirs")
    channel, monitor, own = make_channel(theirs), make_monitor(theirs), make_channel(team)
    for body in ({"steps": [{"channels": [channel.pk]}]}, {"monitors": [monitor.pk]}):
        answer = api.post("/api/v1/alert-rules/", {"name": "x", "steps": [{"channels": [own.pk]}]} | body)
        assert answer.status_code == 400


# The ledger


def test_the_ledger_says_who_was_told_what_and_what_came_back(api, team):
    channel = make_channel(team)
    row = make_delivery(
        channel, status="dead", attempts=4, answer_status=404, answer="no such hook", subject="Shop is down"
    )
    (body,) = api.get("/api/v1/deliveries/").json()["results"]
    assert body["id"] == row.pk
    assert (body["status"], body["attempts"], body["answer_status"], body["answer"]) == (
        "dead",
        4,
        404,
        "no such hook",
    )
    assert (body["channel_name"], body["subject"], body["planned_at"]) == (
        "Hook",
        "Shop is down",
        "2026-03-02T12:00:00Z",
    )
    assert api.get("/api/v1/deliveries/?status=sent").json()["results"] == []
    assert len(api.get(f"/api/v1/deliveries/?channel={channel.pk}&event=down").json()["results"]) == 1


def test_what_was_given_up_can_be_tried_again_and_what_was_sent_cannot(api, team):
    channel = make_channel(team)
    dead, sent = (
        make_delivery(channel, status="dead", due_at=None),
        make_delivery(channel, status="sent", due_at=None),
    )
    answer = api.post(f"/api/v1/deliveries/{dead.pk}/retry")
    assert (answer.status_code, answer.json()["status"]) == (200, "planned")
    assert api.post(f"/api/v1/deliveries/{sent.pk}/retry").status_code == 409
    assert Delivery.objects.get(pk=sent.pk).status == "sent"


@pytest.mark.parametrize(
    ("path", "make"),
    [
        ("/api/v1/deliveries/", lambda team, number: make_delivery(make_channel(team, name=f"C{number}"))),
        ("/api/v1/channels/", lambda team, number: make_channel(team, name=f"C{number}")),
        ("/api/v1/alert-rules/", lambda team, number: make_rule(make_channel(team), name=f"R{number}")),
    ],
)
def test_lists_cost_the_same_number_of_queries_for_3_and_for_30(
    api, team, path, make, django_assert_num_queries
):
    rows = iter(range(1000))
    count_queries(
        django_assert_num_queries,
        api,
        path,
        (3, 27),
        lambda count: [make(team, next(rows)) for _ in range(count)],
    )


# Words


def test_a_template_that_costs_too_much_is_refused_at_its_field(api):
    """300 characters that made 1.2 GB."""
    chain = "{{ 'aaaaaaaaaa' " + "| replace: 'a', 'aaaaaaaaaa' " * 10 + "}}"
    refused = api.post("/api/v1/alert-templates/", {"event": "down", "text": chain, "subject": "x"})
    assert (refused.status_code, list(refused.json())) == (400, ["text"])
    assert refused.json()["text"] == ["it makes a text of more than 100,000 characters in line 1."]
    shown = api.post("/api/v1/alert-templates/preview", {"event": "down", "text": chain})
    assert (shown.status_code, shown.json()["faults"][0][:26]) == (200, "text: it makes a text of m")


def test_a_template_is_tried_before_it_is_stored(api):
    answer = api.post(
        "/api/v1/alert-templates/", {"event": "down", "subject": "{{ monitr.name }}", "text": "{% if %}"}
    )
    assert answer.status_code == 400
    assert set(answer.json()) == {"subject", "text"}
    assert "'monitr' is undefined" in answer.json()["subject"][0]
    assert not MessageTemplate.objects.exists()
    good = api.post("/api/v1/alert-templates/", {"event": "down", "subject": "{{ monitor.name }}!"})
    assert good.status_code == 201, good.content
    twice = api.post("/api/v1/alert-templates/", {"event": "down", "subject": "x"})
    assert (twice.status_code, list(twice.json())) == (400, ["event"])


def test_a_preview_shows_an_example_and_stores_nothing(api):
    body = api.post(
        "/api/v1/alert-templates/preview", {"event": "recovered", "subject": "Hooray, {{ monitor.name }}"}
    ).json()
    assert body["subject"] == "Hooray, Shop"
    assert "Shop has recovered after 4 minutes" in body["text"]
    assert body["faults"] == []
    broken = api.post("/api/v1/alert-templates/preview", {"text": "{{ nobody }}"}).json()
    assert broken["faults"] == ["text: 'nobody' is undefined in line 1."]
    assert "Shop is down" in broken["text"]
    assert not MessageTemplate.objects.exists()


def test_our_templates_and_the_names_they_use_can_be_read(api):
    body = api.get("/api/v1/alert-templates/defaults").json()
    assert set(body["templates"]) == {"subject", "text", "markdown", "html"}
    assert body["names"]["headline"] == "Shop is down"


def test_a_team_says_how_many_changes_make_a_digest(api, team):
    path = f"/api/v1/alert-settings/{team.pk}/"
    assert api.patch(path, {"digest_over": 20}).json() == {"team": team.pk, "digest_over": 20}
    assert api.patch(path, {"digest_over": 0}).status_code == 400
    assert api.get(path).json()["digest_over"] == 20
