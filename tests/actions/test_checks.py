"""Checks besides the slots: on demand, and after a change over the API."""

import json
from io import BytesIO

import msgspec
import pytest
from botocore.exceptions import EndpointConnectionError
from django.db import OperationalError
from rest_framework.test import APIClient

from accounts.models import Role
from actions.checks import check_now
from incidents.models import Incident
from monitors.models import Monitor, RegionState, Result
from monitors.services import pause_monitors
from pipeline import dispatch
from pipeline.edge import PROBER
from pipeline.messages import decode
from pipeline.queues.base import QueuesAway, Sender
from pipeline.stages.record import record
from tests.e2e.harness import Target
from tests.factories import MembershipFactory, TeamFactory, UserFactory, make_monitor
from tests.pipeline.factories import T0, make_result

pytestmark = pytest.mark.django_db
URL = "/api/v1/monitors/"


@pytest.fixture(scope="module")
def target():
    running = Target().start()
    yield running
    running.stop()
    PROBER.close()


class Outbox(Sender):
    """Queues that keep what they are sent."""

    def __init__(self):
        self.sent = []

    def send(self, queue, body, *, delay_s=0.0):
        self.sent.append((queue, delay_s, decode(body).specs))

    def free(self, queue):
        return 100

    def figures(self):
        return {}

    def take_ids(self):
        """The monitors asked for since the last time."""
        sent, self.sent = self.sent, []
        assert all((queue, delay_s) == ("checks", 0.0) for queue, delay_s, _ in sent)
        return [spec.monitor_id for _, _, specs in sent for spec in specs]


@pytest.fixture
def outbox():
    box = Outbox()
    dispatch.use_sender(box)
    yield box
    dispatch.use_sender(None)


@pytest.fixture
def team(db):
    return TeamFactory()


@pytest.fixture
def api(team):
    user = UserFactory()
    MembershipFactory(team=team, user=user, role=Role.MEMBER)
    client = APIClient()
    client.force_authenticate(user)
    return client


def check(api, monitor):
    return api.post(f"{URL}{monitor.pk}/check")


def test_a_check_on_demand_returns_what_was_found_and_stores_it(api, team, target):
    monitor = make_monitor(team, url=target.url)
    answer = check(api, monitor)
    assert answer.status_code == 200
    body = answer.json()
    assert (body["monitor"], body["status"], body["http_status"]) == (monitor.pk, "up", 200)
    assert (body["error_code"], body["error"], body["region"]) == ("", "", "local")
    (shown,) = api.get(f"{URL}{monitor.pk}/results").json()["results"]
    assert shown == body
    assert RegionState.objects.get(monitor=monitor).state == "up"


def test_a_check_on_demand_that_fails_is_an_answer_and_counts_as_any_other(api, team, target):
    monitor = make_monitor(team, url=target.url, fail_after=1, config={"expected_status": "404"})
    body = check(api, monitor).json()
    assert (body["status"], body["error_code"]) == ("down", "http_status")
    incident = Incident.objects.get()
    assert incident.open_monitor_id == monitor.pk
    assert incident.cause == body


def test_a_paused_monitor_is_checked_and_nothing_of_it_is_stored(api, team, target):
    monitor = make_monitor(team, url=target.url, enabled=False)
    answer = check(api, monitor)
    assert (answer.status_code, answer.json()["status"]) == (200, "up")
    assert Result.objects.count() == 0
    assert RegionState.objects.get(monitor=monitor).state == "pending"


def test_a_heartbeat_cannot_be_run(api, team):
    monitor = make_monitor(team, kind="heartbeat", url="", config={"period_s": 60, "grace_s": 60})
    answer = check(api, monitor)
    assert answer.status_code == 409
    assert answer.json() == {
        "detail": "A heartbeat waits to be pinged: there is nothing to run. Call its ping_url instead."
    }
    assert Result.objects.count() == 0


def test_secrets_that_no_key_opens_are_told_and_not_a_crash(api, team, target):
    monitor = make_monitor(team, url=target.url)
    Monitor.objects.filter(pk=monitor.pk).update(secrets="nonsense")
    answer = check(api, monitor)
    assert answer.status_code == 409
    assert answer.json() == {
        "detail": "FIELD_ENCRYPTION_KEY does not open the stored secrets; restore the old key."
    }
    assert Result.objects.count() == 0


def test_when_the_result_cannot_be_stored_the_answer_says_so(api, team, target, monkeypatch):
    monitor = make_monitor(team, url=target.url)

    def away(*_args, **_kwargs):
        raise OperationalError("server has gone away")

    monkeypatch.setattr("monitors.recording.save_states", away)
    answer = check(api, monitor)
    assert (answer.status_code, answer["Retry-After"]) == (503, "5")
    assert Result.objects.count() == 0


def test_what_is_created_edited_resumed_or_cloned_is_checked_at_once(
    api, team, outbox, django_capture_on_commit_callbacks
):
    form = {"name": "Shop", "kind": "http", "url": "http://shop.test/", "team": team.pk}

    def ask(method, path="", body=None):
        with django_capture_on_commit_callbacks(execute=False) as waiting:
            answer = getattr(api, method)(f"{URL}{path}", body, format="json")
        assert answer.status_code in {200, 201, 204}, answer.content
        assert outbox.sent == []  # nothing leaves before the change is committed
        for callback in waiting:
            callback()
        return answer.json() if answer.content else None

    made = ask("post", body=form)["id"]
    assert outbox.take_ids() == [made]
    ask("patch", f"{made}/", {"url": "http://other.test/"})
    assert outbox.take_ids() == [made]
    ask("post", f"{made}/pause")
    ask("patch", f"{made}/", {"name": "Paused shop"})
    assert outbox.take_ids() == []
    ask("post", f"{made}/resume")
    assert outbox.take_ids() == [made]
    ask("post", f"{made}/resume")  # it was running already
    assert outbox.take_ids() == []
    ask("patch", f"{made}/", {"enabled": False})
    assert outbox.take_ids() == []
    ask("patch", f"{made}/", {"enabled": True})
    assert outbox.take_ids() == [made]
    clone = ask("post", f"{made}/clone")["id"]
    assert outbox.take_ids() == [clone]
    ask("post", "bulk", {"action": "edit", "ids": [made, clone], "interval_s": 300})
    assert outbox.take_ids() == [made, clone]
    ask("post", "bulk", {"action": "edit", "ids": [made, clone], "add_tags": ["prod"]})
    assert outbox.take_ids() == []
    ask("post", "bulk", {"action": "pause", "ids": [made]})
    ask("post", "bulk", {"action": "resume", "ids": [made, clone]})
    assert outbox.take_ids() == [made]
    rows = [{"name": f"M{n}", "kind": "tcp", "url": "127.0.0.1:9"} for n in range(2)]
    imported = ask("post", "import", {"team": team.pk, "monitors": rows})["monitors"]
    assert outbox.take_ids() == imported
    ask("delete", f"{made}/")
    assert outbox.take_ids() == []


def test_a_new_heartbeat_and_a_monitor_created_paused_are_not_checked(
    api, team, outbox, django_capture_on_commit_callbacks
):
    forms = [
        {"name": "Backup", "kind": "heartbeat", "config": {"period_s": 60, "grace_s": 60}},
        {"name": "Later", "kind": "http", "url": "http://shop.test/", "enabled": False},
    ]
    with django_capture_on_commit_callbacks(execute=True):
        for form in forms:
            assert api.post(URL, form | {"team": team.pk}).status_code == 201
    assert outbox.sent == []


def test_a_change_that_is_refused_asks_for_no_check(api, team, outbox, django_capture_on_commit_callbacks):
    monitor = make_monitor(team)
    with django_capture_on_commit_callbacks(execute=True):
        assert api.patch(f"{URL}{monitor.pk}/", {"timeout_s": 900}).status_code == 400
    assert outbox.sent == []


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("delete", "{pk}/", None),
        ("post", "bulk", {"action": "delete"}),
        ("post", "{pk}/pause", None),
    ],
)
def test_the_open_incident_of_a_monitor_that_is_deleted_or_paused_is_resolved_and_keeps_its_title(
    api, team, method, path, body
):
    monitor = make_monitor(team, name="Shop", fail_after=1)
    record([make_result(monitor, T0, "D")], now=T0)
    incident = Incident.objects.get()
    assert incident.open_monitor_id == monitor.pk
    asked = body and body | {"ids": [monitor.pk]}
    assert getattr(api, method)(f"{URL}{path.format(pk=monitor.pk)}", asked).status_code in {200, 204}
    shown = api.get(f"/api/v1/incidents/{incident.pk}/").json()
    assert (shown["title"], shown["status"]) == ("Shop is down", "resolved")
    assert shown["monitor"] == (monitor.pk if path == "{pk}/pause" else None)
    assert shown["resolved_at"] is not None
    assert shown["cause"]["error"] == "Expected 200-299, got 503."
    assert [update["status"] for update in shown["updates"]] == ["investigating", "resolved"]


def test_pausing_for_a_check_in_flight_leaves_no_result_behind(team, target):
    """The check was begun while the monitor ran, and ends when it is paused: paused is no data."""
    monitor = make_monitor(team, url=target.url)
    stale = Monitor.objects.get(pk=monitor.pk)
    pause_monitors([monitor], now=T0)
    assert stale.enabled
    assert check_now(stale, now=T0).status == "up"
    assert Result.objects.count() == 0


# Before there is a monitor


def draft(team, target, **fields):
    return {"team": team.pk, "name": "Shop", "kind": "http", "url": target.url} | fields


def test_a_monitor_is_tested_before_it_is_created_and_nothing_is_stored(api, team, target, outbox):
    body = api.post(f"{URL}test", draft(team, target)).json()
    assert (body["monitor"], body["status"], body["http_status"], body["region"]) == (
        None,
        "up",
        200,
        "local",
    )
    wrong = api.post(f"{URL}test", draft(team, target, config={"expected_status": "404"})).json()
    assert (wrong["status"], wrong["error_code"]) == ("down", "http_status")
    assert (Monitor.objects.count(), Result.objects.count(), outbox.sent) == (0, 0, [])


def test_a_draft_is_validated_as_a_monitor_is(api, team, target):
    answer = api.post(f"{URL}test", draft(team, target, timeout_s=900))
    assert answer.status_code == 400
    assert list(answer.json()) == ["timeout_s"]
    heartbeat = {
        "team": team.pk,
        "name": "Job",
        "kind": "heartbeat",
        "config": {"period_s": 60, "grace_s": 60},
    }
    answer = api.post(f"{URL}test", heartbeat)
    assert (answer.status_code, Monitor.objects.count()) == (409, 0)


def test_a_drafts_secrets_reach_the_target(api, team, target):
    config = {"auth": {"type": "bearer", "token": "t0ken"}}
    assert api.post(f"{URL}test", draft(team, target, config=config)).json()["status"] == "up"


# Where the core has no way out, the edge is asked


class Edge:
    """Lambda's invoke, and the edge's function behind it."""

    def __init__(self, answer=None, error=None):
        self.asked, self.answer, self.error = [], answer, error

    def invoke(self, *, FunctionName, Payload):
        self.asked.append((FunctionName, json.loads(Payload)))
        if self.error:
            raise self.error
        return {"Payload": BytesIO(json.dumps(self.answer).encode())} | (
            {"FunctionError": "Unhandled"} if "errorType" in self.answer else {}
        )


@pytest.fixture
def serverless(settings, monkeypatch):
    settings.ENGINE, settings.EDGE_FUNCTION = "serverless", "sentrypulse-prod-edge"
    settings.QUEUE_ADDRESSES = {}

    def answer(**options):
        edge = Edge(**options)
        monkeypatch.setattr("pipeline.edge._client", lambda aws_region: edge)
        return edge

    return answer


def test_on_lambda_the_edge_runs_the_check_and_the_core_records_it(api, team, serverless):
    monitor = make_monitor(team)
    edge = serverless(answer={"result": msgspec.to_builtins(make_result(monitor, T0))})
    body = check(api, monitor).json()
    assert (body["monitor"], body["status"]) == (monitor.pk, "up")
    assert Result.objects.count() == 1
    ((function, payload),) = edge.asked
    assert (function, payload["call"]) == ("sentrypulse-prod-edge", "probe")
    assert (payload["spec"]["monitor_id"], payload["spec"]["target"]) == (monitor.pk, monitor.url)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (
            {"error": EndpointConnectionError(endpoint_url="https://lambda.test")},
            "The edge in local does not answer. Nothing was sent; try again in a moment.",
        ),
        (
            {"answer": {"errorType": "ValueError", "errorMessage": "boom"}},
            "The edge in local failed to do this; its log says why.",
        ),
        (
            {"answer": {"late": True}},
            "The check takes longer than the 20 s that we can wait here; look at its next results.",
        ),
    ],
)
def test_an_edge_that_is_away_fails_or_is_late_is_told_in_a_sentence(
    api, team, serverless, options, sentence
):
    serverless(**options)
    answer = check(api, make_monitor(team))
    assert (answer.status_code, answer.json()) == (409, {"detail": sentence})
    assert Result.objects.count() == 0


def test_a_change_is_stored_although_the_queues_are_away(api, team, django_capture_on_commit_callbacks):
    class Away(Outbox):
        def send(self, queue, body, *, delay_s=0.0):
            raise QueuesAway("SQS does not answer.")

    dispatch.use_sender(Away())
    try:
        with django_capture_on_commit_callbacks(execute=True):
            answer = api.post(URL, {"team": team.pk, "name": "x", "kind": "http", "url": "http://shop.test/"})
    finally:
        dispatch.use_sender(None)
    assert (answer.status_code, Monitor.objects.count()) == (201, 1)
