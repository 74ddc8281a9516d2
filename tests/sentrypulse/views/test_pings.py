"""The public ping addresses: what is answered, and that OK means stored."""

import uuid
from contextlib import contextmanager
from datetime import timedelta

import pytest
from django.db import DataError, InterfaceError, OperationalError, connection
from django.test import Client
from django.utils import timezone

from accounts.models import Team
from incidents.models import Incident
from monitors import heartbeats
from monitors.models import Heartbeat, Monitor, Ping, RegionState, Result
from pipeline.stages.record import record
from probes.config import check_config
from sentrypulse.views import pings
from sentrypulse.views.pings import PING_PATHS

urlpatterns = PING_PATHS
pytestmark = [pytest.mark.django_db, pytest.mark.urls(__name__)]

RUN = "728b3763-fb83-44f0-bb03-b2f0f8d1f1cd"


@pytest.fixture
def heartbeat(db):
    config = check_config("heartbeat", {"period_s": 300, "grace_s": 60})
    monitor = Monitor.objects.create(
        team=Team.objects.create(name="Ops"), name="Backup", kind="heartbeat", config=config, fail_after=1
    )
    RegionState.objects.create(
        monitor=monitor, region="local", counted_from=timezone.now() - timedelta(days=1)
    )
    return Heartbeat.objects.create(monitor=monitor)


@contextmanager
def failing_statements(start, error):
    """Let every statement that begins like ``start`` fail in the database's driver."""

    def fail(execute, sql, params, many, context):
        if sql.startswith(start):
            raise error
        return execute(sql, params, many, context)

    with connection.execute_wrapper(fail):
        yield


@pytest.mark.parametrize("method", ["get", "head", "post"])
@pytest.mark.parametrize("spelling", ["", "/"])
def test_a_ping_is_ok_by_every_method_and_is_recorded(client, heartbeat, method, spelling):
    response = getattr(client, method)(f"/ping/{heartbeat.uuid}{spelling}")
    assert (response.status_code, response.content) == (200, b"" if method == "head" else b"OK")
    assert response["Content-Type"] == "text/plain; charset=utf-8"
    assert response["Access-Control-Allow-Origin"] == "*"
    assert response["Ping-Body-Limit"] == "10000"
    assert "no-store" in response["Cache-Control"]
    assert Ping.objects.get().method == method.upper()
    assert Result.objects.get().status == "up"
    assert RegionState.objects.get().state == "up"


@pytest.mark.parametrize("spelling", [str.upper, lambda text: text.replace("-", "")])
def test_a_uuid_may_be_written_in_capitals_or_without_hyphens(client, heartbeat, spelling):
    assert client.get(f"/ping/{spelling(str(heartbeat.uuid))}").status_code == 200
    assert Ping.objects.count() == 1


@pytest.mark.parametrize(
    ("path", "kind", "exit_status", "status", "error"),
    [
        ("/fail", "fail", None, "down", "The job reported failure."),
        ("/0", "success", 0, "up", ""),
        ("/7", "fail", 7, "down", "The job ended with exit status 7."),
        ("/255/", "fail", 255, "down", "The job ended with exit status 255."),
    ],
)
def test_an_address_says_how_the_job_ended(client, heartbeat, path, kind, exit_status, status, error):
    assert client.post(f"/ping/{heartbeat.uuid}{path}").status_code == 200
    ping, result = Ping.objects.get(), Result.objects.get()
    assert (ping.kind, ping.exit_status) == (kind, exit_status)
    assert (result.status, result.error) == (status, error)


def test_a_failure_opens_an_incident_and_the_next_success_resolves_it(client, heartbeat):
    client.get(f"/ping/{heartbeat.uuid}/1")
    assert Incident.objects.get().resolved_at is None
    client.get(f"/ping/{heartbeat.uuid}")
    assert Incident.objects.get().resolved_at is not None


def test_a_start_and_its_end_make_a_run_with_a_duration(client, heartbeat):
    client.get(f"/ping/{heartbeat.uuid}/start?rid={RUN.upper()}")
    assert not Result.objects.exists()
    client.get(f"/ping/{heartbeat.uuid}?rid={RUN}")
    start, end = Ping.objects.order_by("pk")
    assert (start.kind, start.run_id, end.run_id) == ("start", RUN, RUN)
    assert end.duration_ms == (end.received_at - start.received_at) // timedelta(milliseconds=1)
    assert Result.objects.get().total_ms == end.duration_ms


def test_a_paused_monitor_answers_ok_and_records_nothing(client, heartbeat):
    Monitor.objects.update(enabled=False)
    assert client.get(f"/ping/{heartbeat.uuid}").content == b"OK"
    assert (Ping.objects.count(), Result.objects.count()) == (1, 0)


@pytest.mark.parametrize("path", [str(uuid.UUID(int=5)), "-" * 36, f"{uuid.UUID(int=5)}/start", "0" * 34])
def test_an_unknown_address_is_not_found(client, heartbeat, path):
    response = client.get(f"/ping/{path}")
    assert (response.status_code, response.content) == (404, b"not found")
    assert not Ping.objects.exists()


@pytest.mark.parametrize("path", ["/stop", "/-1", "/1.5", "/start/1"])
def test_an_address_that_means_nothing_is_not_found(client, heartbeat, path):
    assert client.get(f"/ping/{heartbeat.uuid}{path}").status_code == 404
    assert not Ping.objects.exists()


@pytest.mark.parametrize(
    ("path", "sentence"),
    [
        ("/256", b"An exit status is a number from 0 to 255."),
        ("/99999999999999999999", b"An exit status is a number from 0 to 255."),
        ("?rid=nightly", b"rid must be a UUID, such as 728b3763-fb83-44f0-bb03-b2f0f8d1f1cd."),
        ("/start?rid=", b"rid must be a UUID, such as 728b3763-fb83-44f0-bb03-b2f0f8d1f1cd."),
    ],
)
def test_a_mistake_is_refused_with_a_sentence_and_nothing_is_kept(client, heartbeat, path, sentence):
    response = client.get(f"/ping/{heartbeat.uuid}{path}")
    assert (response.status_code, response.content) == (400, sentence)
    assert (Ping.objects.count(), Result.objects.count()) == (0, 0)


def test_other_methods_are_refused(client, heartbeat):
    response = client.put(f"/ping/{heartbeat.uuid}")
    assert (response.status_code, response["Allow"]) == (405, "GET, HEAD, POST")
    assert not Ping.objects.exists()


def test_a_browser_without_csrf_token_may_post(heartbeat):
    assert Client(enforce_csrf_checks=True).post(f"/ping/{heartbeat.uuid}").status_code == 200


@pytest.mark.parametrize(
    "content_type", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data"]
)
def test_a_large_body_is_cut_and_never_refused(client, heartbeat, settings, content_type):
    settings.PING_BODY_MAX_BYTES = 10
    body = "backup=grüße".encode() * 300_000
    assert len(body) > settings.DATA_UPLOAD_MAX_MEMORY_SIZE
    response = client.post(f"/ping/{heartbeat.uuid}", body, content_type=content_type)
    assert response.status_code == 200
    assert Ping.objects.get().body == "backup=gr"


def test_a_body_is_kept_when_the_cap_is_not_reached(client, heartbeat):
    client.post(f"/ping/{heartbeat.uuid}/1", "disk full €", content_type="text/plain")
    assert Ping.objects.get().body == "disk full €"


def test_a_ping_is_kept_with_the_address_of_who_called_and_without_the_port(client, heartbeat, settings):
    settings.TRUSTED_PROXIES = 1
    client.get(f"/ping/{heartbeat.uuid}", headers={"X-Forwarded-For": "198.51.100.1, 203.0.113.7:5000"})
    assert Ping.objects.get().address == "203.0.113.7"


@pytest.mark.parametrize("error", [OperationalError("gone away"), InterfaceError("closed"), DataError("odd")])
@pytest.mark.parametrize(
    "statement", ["INSERT INTO monitors_result", 'INSERT INTO "monitors_ping"', 'UPDATE "monitors_heartbeat"']
)
def test_a_failing_database_asks_to_try_again_and_keeps_neither_ping_nor_result(
    client, heartbeat, statement, error
):
    if connection.vendor == "mysql":
        statement = statement.replace('"', "`")
    with failing_statements(statement, error):
        response = client.get(f"/ping/{heartbeat.uuid}")
    assert (response.status_code, response.content, response["Retry-After"]) == (503, b"Try again.", "5")
    assert (Ping.objects.count(), Result.objects.count()) == (0, 0)
    assert Heartbeat.objects.get().last_ping_at is None
    assert client.get(f"/ping/{heartbeat.uuid}").status_code == 200


def test_a_bug_is_not_taken_for_a_failing_database(client, heartbeat, monkeypatch):
    def fail(*args, **kwargs):
        raise KeyError("bug")

    monkeypatch.setattr(pings, "take_ping", fail)
    with pytest.raises(KeyError):
        client.get(f"/ping/{heartbeat.uuid}")


def test_a_ping_costs_few_statements(client, heartbeat, django_assert_max_num_queries):
    for path, most in (("", 18), ("", 15), ("/start", 15), ("", 15)):  # the first is news, also to pages
        with django_assert_max_num_queries(most):
            client.get(f"/ping/{heartbeat.uuid}{path}")


def test_a_ping_between_finding_late_and_recording_ends_up(client, heartbeat):
    """The late result is recorded behind the success that overtook it, and the success counts."""
    deadline = timezone.now() - timedelta(seconds=30)
    Heartbeat.objects.update(deadline_at=deadline, last_ping_at=deadline - timedelta(minutes=6))
    late = heartbeats.find_late(now=timezone.now())
    client.get(f"/ping/{heartbeat.uuid}")
    for _ in range(2):
        record(late, now=timezone.now())
        assert heartbeats.advance(late, now=timezone.now()) == 0
    assert list(Result.objects.order_by("scheduled_at").values_list("status", flat=True)) == ["down", "up"]
    assert RegionState.objects.get().state == "up"
