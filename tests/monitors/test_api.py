from datetime import timedelta

import pytest
from django.core.management import call_command

from accounts.models import Role
from actions import monitors as actions
from monitors.models import Monitor, Tag
from probes import registry
from tests.factories import NOW, make_member, make_monitor, make_team
from tests.monitors.factories import make_result

SHOP = "https://shop.example.com/"
pytestmark = [pytest.mark.django_db]
URL = "/api/v1/monitors/"
FORM = {"name": "Shop", "kind": "http", "url": "https://shop.example.com/"}
KINDS = ", ".join(registry.KINDS)
LINE_BREAK = "A header's value must not contain line breaks or control characters."
BASIC = {"auth": {"type": "basic", "username": "ada", "password": "s3cret-word"}}


@pytest.fixture
def heard(monkeypatch):
    """What follows from a change: which monitors are checked soon, or have their incidents resolved, and how
    many of them are there at that moment."""
    events = []

    def note(event, monitors):
        if ids := [monitor.pk for monitor in monitors]:
            events.append((event, ids, Monitor.objects.filter(pk__in=ids).count()))

    monkeypatch.setattr(actions, "check_after_commit", lambda monitors, *, now: note("check", monitors))
    monkeypatch.setattr(actions, "_resolve_open", lambda monitors, *, ended_by, now: note(ended_by, monitors))
    return events


def path(monitor, action=""):
    return f"{URL}{monitor.pk}/{action}"


# One monitor


def test_a_monitor_is_made_and_shown_as_the_contract_says(api, team, heard):
    answer = api.post(URL, {**FORM, "tags": ["web", "prod"]})

    assert answer.status_code == 201
    body = answer.json()
    monitor = Monitor.objects.get()
    assert body.pop("config")["method"] == "GET"
    assert body.pop("created_at")
    (region,) = body.pop("regions_state")
    assert (region["region"], region["status"], region["checked_at"]) == ("local", "pending", None)
    assert (body.pop("incident"), body.pop("heartbeat")) == (None, None)
    assert body.pop("status_since")
    assert body.pop("version")
    assert body == {
        "id": monitor.pk,
        "team": team.pk,
        "name": "Shop",
        "kind": "http",
        "url": "https://shop.example.com/",
        "interval_s": 60,
        "timeout_s": 10,
        "fail_after": 2,
        "recover_after": 1,
        "recheck_s": 10,
        "regions": [],
        "tags": ["prod", "web"],
        "depends_on": [],
        "enabled": True,
        "status": "pending",
        "no_data": None,
        "last_checked_at": None,
        "last_result": None,
        "uptime": {"24h": None, "7d": None, "30d": None, "90d": None},
        "ping_url": None,
    }
    assert heard == [("check", [monitor.pk], 1)]


def test_the_newest_result_is_shown_with_its_timings(api, team):
    monitor = make_monitor(team)
    make_result(monitor, at=NOW - timedelta(minutes=1), status="down")
    make_result(
        monitor, at=NOW, http_status=200, total_ms=38, dns_ms=2, address="192.0.2.1", http_version="2"
    )

    body = api.get(path(monitor)).json()

    assert body["last_checked_at"] == "2026-03-01T12:00:00.040000Z"
    assert body["last_result"] == {
        "monitor": monitor.pk,
        "region": "local",
        "scheduled_at": "2026-03-01T12:00:00Z",
        "checked_at": "2026-03-01T12:00:00.040000Z",
        "status": "up",
        "error_code": "",
        "error": "",
        "http_status": 200,
        "timings": {
            "dns_ms": 2,
            "connect_ms": None,
            "tls_ms": None,
            "first_byte_ms": None,
            "download_ms": None,
            "total_ms": 38,
        },
        "address": "192.0.2.1",
        "http_version": "2",
        "size_bytes": None,
        "tls_expires_at": None,
        "domain_expires_at": None,
    }


def test_a_heartbeat_tells_where_to_ping(api, settings):
    settings.PUBLIC_URL = "https://status.example.com"
    body = api.post(URL, {"name": "Backup", "kind": "heartbeat", "config": {"period_s": 3600}}).json()
    assert body["ping_url"] == f"https://status.example.com/ping/{Monitor.objects.get().heartbeat.uuid}"


def test_secrets_never_come_back(api, team):
    created = api.post(URL, {**FORM, "config": BASIC})
    monitor = Monitor.objects.get()
    answers = [
        created,
        api.get(path(monitor)),
        api.get(URL),
        api.patch(path(monitor), {"config": {"keyword": "hello"}}),
        api.post(path(monitor, "clone")),
        api.get(f"{URL}export"),
        api.get(f"{URL}export?as=csv"),
    ]
    assert [a.status_code for a in answers] == [201, 200, 200, 200, 201, 200, 200]
    assert created.json()["config"]["auth"] == {"type": "basic", "username": "ada"}
    for answer in answers:
        assert b"s3cret-word" not in answer.content
        assert Monitor.objects.get(pk=monitor.pk).secrets.encode() not in answer.content


def test_a_part_of_the_configuration_is_changed_by_patch_and_all_of_it_by_put(api, team):
    monitor = make_monitor(team, config={**BASIC, "keyword": "hello"})
    patched = api.patch(path(monitor), {"config": {"method": "POST"}}).json()
    assert (patched["config"]["method"], patched["config"]["keyword"]) == ("POST", "hello")
    assert patched["config"]["auth"] == {"type": "basic", "username": "ada"}
    put = api.put(path(monitor), {**FORM, "config": {}}).json()
    assert (put["config"]["method"], put["config"]["keyword"], put["config"]["auth"]) == ("GET", "", None)


def test_what_was_read_may_be_put_back(api, team):
    monitor = make_monitor(team, config=BASIC, tags=["prod"])
    before = Monitor.objects.values("config", "secrets", "revision", "phase_ms").get()
    answer = api.put(path(monitor), api.get(path(monitor)).json())
    assert answer.status_code == 200
    assert Monitor.objects.values("config", "secrets", "revision", "phase_ms").get() == before


@pytest.mark.parametrize(
    ("change", "errors"),
    [
        ({"intervall_s": 60}, {"intervall_s": ["There is no field 'intervall_s'."]}),
        ({"kind": "carrier"}, {"kind": [f"There is no kind carrier; choose one of {KINDS}."]}),
        ({"name": None}, {"name": ["This field may not be null."]}),
        ({"name": ""}, {"name": ["Must have 1 to 100 characters, has 0."]}),
        ({"interval_s": "soon"}, {"interval_s": ["A valid integer is required."]}),
        ({"interval_s": 5}, {"interval_s": ["Must be from 10 to 604800 seconds, not 5."]}),
        ({"config": [1]}, {"config": ['Expected a dictionary of items but got type "list".']}),
        ({"config": {"methd": 1}}, {"config.methd": ["There is no field 'methd'. Did you mean method?"]}),
        ({"config": {"headers": {"Host": "a\nb"}}}, {"config.headers.Host": [LINE_BREAK]}),
        ({"team": 0}, {"team": ["No such team."]}),
        ({"tags": "prod"}, {"tags": ['Expected a list of items but got type "str".']}),
    ],
)  # fmt: skip
def test_a_refused_body_names_its_fields_and_makes_nothing(api, heard, change, errors):
    answer = api.post(URL, {**FORM, **change})
    assert (answer.status_code, answer.json()) == (400, errors)
    assert not Monitor.objects.exists()
    assert heard == []


def test_a_stored_secret_is_not_sent_to_another_host(api, team):
    monitor = make_monitor(team, url=SHOP, config=BASIC)
    answer = api.patch(path(monitor), {"url": "https://evil.example/"})
    assert answer.status_code == 400
    assert list(answer.json()) == ["config.auth.password"]
    assert Monitor.objects.get().url == FORM["url"]


@pytest.mark.parametrize(
    ("was", "body", "event"),
    [
        (True, {"name": "Other"}, "check"),
        (True, {"enabled": False, "name": "Other"}, "paused"),
        (False, {"enabled": True}, "check"),
    ],
)
def test_an_edit_is_told_for_what_it_is(api, team, heard, was, body, event):
    monitor = make_monitor(team, enabled=was)
    assert api.patch(path(monitor), body).status_code == 200
    assert heard == [(event, [monitor.pk], 1)]


def test_pausing_twice_is_told_once(api, team, heard):
    monitor = make_monitor(team)
    assert api.post(path(monitor, "pause")).json()["status"] == "paused"
    assert api.post(path(monitor, "pause")).json()["enabled"] is False
    assert api.post(path(monitor, "resume")).json()["status"] == "pending"
    assert [event for event, *_ in heard] == ["paused", "check"]


def test_deleting_is_told_while_the_monitor_is_still_there(api, team, heard):
    monitor = make_monitor(team)
    make_result(monitor)
    assert api.delete(path(monitor)).status_code == 204
    assert heard == [("deleted", [monitor.pk], 1)]
    assert not Monitor.objects.exists()


def test_what_follows_and_fails_undoes_the_change(api, team, monkeypatch):
    def fail(*args, **kwargs):
        raise RuntimeError("no")

    monitor = make_monitor(team)
    for follows in ("check_after_commit", "_resolve_open"):
        monkeypatch.setattr(actions, follows, fail)
    for call in (
        lambda: api.delete(path(monitor)),
        lambda: api.post(URL, FORM),
        lambda: api.post(path(monitor, "pause")),
    ):
        with pytest.raises(RuntimeError):
            call()
    assert Monitor.objects.get().enabled is True


def test_a_clone_may_be_named(api, team, heard):
    monitor = make_monitor(team)
    clone = api.post(path(monitor, "clone"), {"name": "Shop 2"}).json()
    assert (clone["name"], clone["id"] != monitor.pk) == ("Shop 2", True)
    assert heard == [("check", [clone["id"]], 1)]
    assert api.post(path(monitor, "clone"), {"nme": "x"}).json() == {"nme": ["There is no field 'nme'."]}


# Who


CALLS = [
    ("get", ""),
    ("get", "results"),
    ("put", ""),
    ("patch", ""),
    ("delete", ""),
    ("post", "pause"),
    ("post", "resume"),
    ("post", "clone"),
]


@pytest.mark.parametrize(("method", "action"), CALLS)
def test_to_a_stranger_the_monitor_is_not_there(stranger, team, method, action):
    monitor = make_monitor(team)
    assert getattr(stranger, method)(path(monitor, action), FORM).status_code == 404
    assert stranger.get(URL).json()["results"] == []
    assert Monitor.objects.get().enabled is True


@pytest.mark.parametrize(("method", "action"), CALLS)
def test_a_viewer_looks_and_changes_nothing(viewer, team, method, action):
    monitor = make_monitor(team)
    answer = getattr(viewer, method)(path(monitor, action), FORM if method != "get" else None)
    assert answer.status_code == (200 if method == "get" else 403)
    assert Monitor.objects.count() == 1


def test_a_viewer_makes_nothing_either(viewer, team):
    monitor = make_monitor(team)
    bodies = {
        URL: FORM,
        f"{URL}bulk": {"action": "delete", "ids": [monitor.pk]},
        f"{URL}import": {"monitors": [FORM]},
        "/api/v1/tags/": {"name": "prod"},
    }
    assert [viewer.post(url, body).status_code for url, body in bodies.items()] == [403] * 4
    assert (Monitor.objects.get(), Tag.objects.count()) == (monitor, 0)


def test_nobody_is_asked_to_sign_in(client, team):
    assert client.get(URL).status_code == 401
    assert client.get(path(make_monitor(team))).status_code == 401


# Many at once


def test_many_are_paused_resumed_edited_and_deleted(api, team, heard):
    ids = [make_monitor(team).pk for _ in range(3)]

    def send(action, **body):
        return api.post(f"{URL}bulk", {"action": action, **body}).json()

    assert send("pause", ids=ids[:2]) == {"changed": 2, "monitors": ids[:2]}
    assert send("pause", ids=ids) == {"changed": 1, "monitors": ids[2:]}
    assert send("resume", ids=ids) == {"changed": 3, "monitors": ids}
    assert send("edit", ids=ids[1:], add_tags=["prod"]) == {"changed": 2, "monitors": ids[1:]}
    assert send("edit", tag="Prod", interval_s=300, remove_tags=["prod"]) == {
        "changed": 2,
        "monitors": ids[1:],
    }
    assert send("delete", ids=ids[1:]) == {"changed": 2, "monitors": ids[1:]}
    assert list(Monitor.objects.values_list("pk", "interval_s")) == [(ids[0], 60)]
    assert [event for event, *_ in heard] == ["paused", "paused", "check", "check", "deleted"]


NO_ACTION = '"stop" is not a valid choice; choose one of pause, resume, delete, edit.'


@pytest.mark.parametrize(
    ("body", "errors"),
    [
        ({"action": "pause"}, {"ids": ["Give either ids or a tag."]}),
        ({"action": "pause", "ids": [1], "tag": "x"}, {"ids": ["Give either ids or a tag."]}),
        ({"action": "pause", "ids": []}, {"ids": ["Give at least one id."]}),
        (
            {"action": "stop", "ids": [1]},
            {"action": [NO_ACTION]},
        ),
        (
            {"action": "edit", "ids": [1]},
            {"action": ["Say what to edit: interval_s, add_tags, remove_tags."]},
        ),
        (
            {"action": "pause", "ids": [1], "interval_s": 60},
            {"interval_s": ["Goes with the action edit only."]},
        ),
        ({"action": "pause", "tag": "x"}, {"tag": ["No monitor has the tag 'x'."]}),
        ({"action": "pause", "id": 1, "ids": [1]}, {"id": ["There is no field 'id'."]}),
    ],
)
def test_a_bulk_request_that_is_not_clear_is_refused(api, body, errors):
    answer = api.post(f"{URL}bulk", body)
    assert (answer.status_code, answer.json()) == (400, errors)


def test_one_foreign_id_and_nothing_is_done(api, team, heard):
    mine, foreign = make_monitor(team), make_monitor(make_team())
    answer = api.post(f"{URL}bulk", {"action": "delete", "ids": [mine.pk, foreign.pk, 10**30]})
    assert answer.status_code == 400
    assert answer.json() == {"ids": [f"There are no monitors {foreign.pk}, {10**30}."]}
    assert (Monitor.objects.count(), heard) == (2, [])


def test_a_tag_of_two_teams_is_not_guessed(api, user, team):
    other = make_team()
    make_member(other, Role.MEMBER, user)
    ours, theirs = make_monitor(team, tags=["prod"]), make_monitor(other, tags=["prod"])
    body = {"action": "pause", "tag": "prod"}
    assert list(api.post(f"{URL}bulk", body).json()) == ["team"]
    assert api.post(f"{URL}bulk", {**body, "team": other.pk}).json()["monitors"] == [theirs.pk]
    assert Monitor.objects.get(enabled=True) == ours


def test_the_schema_is_complete(tmp_path):
    call_command(
        "spectacular",
        fail_on_warn=True,
        validate=True,
        file=str(tmp_path / "api.yml"),
    )
    written = (tmp_path / "api.yml").read_text()
    for promised in (
        "/api/v1/monitors/{id}/pause:",
        "/api/v1/monitors/bulk:",
        "/api/v1/monitors/export:",
        "/api/v1/tags/{id}/:",
    ):
        assert promised in written
