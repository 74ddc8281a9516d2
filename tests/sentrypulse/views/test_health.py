"""What load balancers and Prometheus are told, to whom, and in either spelling."""

import threading
from datetime import timedelta

import pytest
from django.db import connection, connections
from django.test import Client
from django.utils import timezone

from accounts.models import Team
from analytics.models import Archiving, Progress
from monitors.models import RegionState
from pipeline import dispatch
from pipeline.models import Cursor
from pipeline.queues.base import QueuesAway, Sender
from tests.factories import PASSWORD, UserFactory, make_monitor

HEALTH = "/api/v1/health"


@pytest.fixture
def client():
    return Client(REMOTE_ADDR="127.0.0.1")


def move_schedule(ago_s=0.0):
    now = timezone.now()
    at = now - timedelta(seconds=ago_s)
    return Cursor.objects.create(
        name="checks", sent_until=at, moved_at=at, lease_until=now, lease_owner="some-host-4711"
    )


class Queues(Sender):
    def figures(self):
        return {
            "checks": {"waiting": 3, "dead_letters": 1},
            "results": {"waiting": 0, "dead_letters": 2},
        }


@pytest.fixture
def engine():
    dispatch.use_sender(Queues())
    yield
    dispatch.use_sender(None)


@pytest.mark.django_db
def test_all_is_well(client, engine):
    cursor = move_schedule(ago_s=2)
    answer = client.get(HEALTH)
    body = answer.json()
    assert answer.status_code == 200
    assert body["ok"] is True
    assert body["engine"] == "embedded"
    assert body["database"]["ok"] is True
    assert body["scheduler"]["ok"] is True
    assert 2 <= body["scheduler"]["lag_s"] < 10
    assert body["scheduler"]["sent_until"][:19] == cursor.sent_until.isoformat()[:19]
    assert (body["queues"]["checks"], body["dead_letters"]) == ({"waiting": 3, "dead_letters": 1}, 3)
    assert "no-store" in answer["Cache-Control"]


@pytest.mark.django_db
def test_a_schedule_that_has_not_started_is_not_well(client):
    answer = client.get(HEALTH)
    assert answer.status_code == 503
    assert answer.json()["ok"] is False
    assert answer.json()["scheduler"] == {"ok": False, "error": "The schedule has not started yet."}


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("engine_name", "ago_s", "code"),
    [
        ("embedded", 50, 200),
        ("embedded", 70, 503),
        ("embedded", -70, 503),
        ("serverless", 70, 200),  # EventBridge comes once a minute, and sometimes late
        ("serverless", 190, 503),
    ],
)
def test_a_schedule_that_stands_still_or_runs_in_the_future_is_not_well(
    client, settings, engine_name, ago_s, code
):
    settings.ENGINE = engine_name
    move_schedule(ago_s)
    answer = client.get(HEALTH)
    assert answer.status_code == code
    assert answer.json()["scheduler"]["ok"] is (code == 200)
    assert answer.json()["database"]["ok"] is True


def ask_without_database(client, path):
    """In a thread, whose connection is new: it finds no database where the settings point it."""
    answers, alias = [], connection.settings_dict
    name, port = alias["NAME"], alias["PORT"]
    alias["NAME"], alias["PORT"] = "/nowhere/at/all.sqlite3", "1"

    def ask():
        answers.append(client.get(path))
        connections.close_all()

    thread = threading.Thread(target=ask)
    try:
        thread.start()
        thread.join(20)
    finally:
        alias["NAME"], alias["PORT"] = name, port
    (answer,) = answers
    return answer


@pytest.mark.django_db
def test_a_database_that_is_away_is_told_and_nothing_breaks(client):
    move_schedule()
    answer = ask_without_database(client, HEALTH)
    assert answer.status_code == 503
    body = answer.json()
    assert body["ok"] is False
    assert body["database"] == {"ok": False, "error": "The database does not answer."}
    assert body["scheduler"] == {"ok": False, "error": "Unknown: the database does not answer."}
    assert client.get(HEALTH).status_code == 200  # and well again when it is back


@pytest.mark.django_db
def test_metrics_answer_although_the_database_is_away(client):
    answer = ask_without_database(client, "/metrics")
    assert answer.status_code == 200
    assert "sentrypulse_database_up 0.0\n" in answer.content.decode()
    assert "sentrypulse_scheduler_lag_seconds NaN\n" in answer.content.decode()


@pytest.mark.django_db
def test_neither_health_nor_metrics_tell_anything_of_anybody(client, engine):
    move_schedule()
    UserFactory(email="ada@example.com")
    make_monitor(name="Secret shop", url="http://hidden.test/")
    for path in (HEALTH, "/metrics"):
        told = client.get(path).content.decode()
        for word in ("ada", "Secret", "hidden", "some-host-4711", "example.com"):
            assert word not in told, (path, word)
    assert set(client.get(HEALTH).json()) == {
        "ok", "version", "engine", "database", "writes", "scheduler", "broker", "checks", "alerts",
        "heartbeats", "jobs", "loops", "workers", "secrets", "network", "resources", "pages", "rollups",
        "archive", "watchdog", "mail", "queues", "dead_letters",
    }  # fmt: skip


@pytest.mark.django_db
def test_queues_that_cannot_be_reached_are_told_and_make_it_ill(client, monkeypatch):
    move_schedule()

    class Away(Sender):
        def figures(self):
            raise QueuesAway("The broker does not answer.")

    monkeypatch.setattr(dispatch, "_sender", Away())
    answer = client.get(HEALTH)
    assert answer.status_code == 503
    body = answer.json()
    assert body["broker"] == {"ok": False, "error": "The broker does not answer."}
    assert (body["scheduler"]["ok"], body["queues"], body["dead_letters"]) == (True, {}, None)
    assert client.get("/metrics").status_code == 200


@pytest.mark.django_db
def test_health_is_read_only(client):
    assert client.post(HEALTH).status_code == 405
    assert client.head(HEALTH).status_code == 503


@pytest.mark.django_db
@pytest.mark.parametrize(("hours", "well"), [(1, True), (4, False)])
def test_rolling_up_that_lags_is_told_but_makes_nobody_ill(client, engine, hours, well):
    move_schedule()
    rolled_until = timezone.now() - timedelta(hours=hours)
    Progress.objects.create(pk=Progress.UPTIME, rolled_until=rolled_until, lease_until=rolled_until)
    answer = client.get(HEALTH)
    assert (answer.status_code, answer.json()["rollups"]["ok"]) == (200, well)
    lines = client.get("/metrics").content.decode().splitlines()
    (lag,) = [line for line in lines if line.startswith("sentrypulse_rollup_lag_seconds ")]
    assert hours * 3600 <= float(lag.split()[1]) < hours * 3600 + 10


@pytest.mark.django_db
def test_metrics_count_the_monitors_of_each_status_no_data_among_them(client, engine):
    team = Team.objects.create(name="Ours")
    for name in ("Up", "Lost", "Paused"):
        make_monitor(team, name=name, enabled=name != "Paused")
    RegionState.objects.update(state="up")
    RegionState.objects.filter(monitor__name="Lost").update(no_data_since=timezone.now())
    lines = client.get("/metrics").content.decode().splitlines()
    counted = {line for line in lines if line.startswith("sentrypulse_monitors{")}
    assert counted == {
        f'sentrypulse_monitors{{status="{status}"}} {count}.0'
        for status, count in {
            "pending": 0,
            "up": 1,
            "degraded": 0,
            "down": 0,
            "no_data": 1,
            "paused": 1,
        }.items()
    }


@pytest.mark.django_db
def test_metrics_are_what_prometheus_reads(client, engine):
    move_schedule(ago_s=5)
    answer = client.get("/metrics")
    assert answer.status_code == 200
    assert answer["Content-Type"].startswith("text/plain; version=")
    lines = answer.content.decode().splitlines()
    assert "sentrypulse_database_up 1.0" in lines
    assert 'sentrypulse_queue_messages{queue="checks"} 3.0' in lines
    assert 'sentrypulse_dead_letters{queue="results"} 2.0' in lines
    (lag,) = [line for line in lines if line.startswith("sentrypulse_scheduler_lag_seconds ")]
    assert 5 <= float(lag.split()[1]) < 15


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("token", "sent", "address", "forwarded", "proxies", "code"),
    [
        ("", None, "127.0.0.1", None, 0, 200),
        ("", None, "::1", None, 0, 200),
        ("", None, "192.0.2.7", None, 0, 403),
        ("", None, "127.0.0.1", "192.0.2.7", 0, 403),  # a proxy on this machine speaks for somebody else
        ("", None, "127.0.0.1", None, 1, 403),
        ("", "Bearer ", "192.0.2.7", None, 0, 403),
        ("s3cret", "Bearer s3cret", "192.0.2.7", None, 0, 200),
        ("s3cret", "Bearer s3cret", "127.0.0.1", "192.0.2.7", 1, 200),
        ("s3cret", "Bearer S3cret", "127.0.0.1", None, 0, 403),
        ("s3cret", "s3cret", "127.0.0.1", None, 0, 403),
        ("s3cret", None, "127.0.0.1", None, 0, 403),
        ("schlüssel", "Bearer schlüssel", "192.0.2.7", None, 0, 200),
    ],
)
def test_metrics_are_for_this_machine_or_for_the_token(
    settings, token, sent, address, forwarded, proxies, code
):
    settings.METRICS_TOKEN, settings.TRUSTED_PROXIES = token, proxies
    headers = {"Authorization": sent, "X-Forwarded-For": forwarded}
    client = Client(REMOTE_ADDR=address, headers={k: v for k, v in headers.items() if v is not None})
    answer = client.get("/metrics")
    assert answer.status_code == code
    if code == 403:
        assert answer.content == b"Send METRICS_TOKEN as a bearer token.\n"


@pytest.mark.django_db
@pytest.mark.parametrize("path", [HEALTH, "/metrics", "/api/v1/monitors/", "/api/docs/"])
def test_both_spellings_of_a_path_answer_the_same(client, path):
    other = path[:-1] if path.endswith("/") else f"{path}/"
    one, two = client.get(path), client.get(other)
    assert one.status_code == two.status_code
    assert "Location" not in two
    assert one["Content-Type"] == two["Content-Type"]


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/api/v1/auth/token", "/api/v1/auth/token/"])
def test_both_spellings_take_a_post_with_its_body(client, path):
    UserFactory(email="ada@example.com")
    asked = {"email": "ada@example.com", "password": PASSWORD}
    answer = client.post(path, asked, content_type="application/json")
    assert answer.status_code == 200
    assert set(answer.json()) >= {"access", "refresh"}


@pytest.mark.django_db
def test_a_path_that_is_none_in_either_spelling_is_not_found(client):
    assert client.get("/api/v1/nothing").status_code == 404
    assert client.get("/api/v1/nothing/").status_code == 404


@pytest.mark.django_db
def test_a_request_is_one_line_of_the_log_whatever_its_path(client, caplog):
    caplog.set_level("INFO", logger="sentrypulse.middleware")
    answer = client.get("/api/v1/%0aINFO all is well?key=s3cret")
    (line,) = [r.getMessage() for r in caplog.records if r.name == "sentrypulse.middleware"]
    assert line.startswith("request method=GET path=/api/v1/%0AINFO%20all%20is%20well status=404 took_ms=")
    assert line.endswith(f" id={answer['X-Request-Id']}")
    assert "s3cret" not in line


@pytest.mark.django_db
def test_where_there_is_no_archive_none_is_called_well(client, engine):
    move_schedule()
    assert client.get(HEALTH).json()["archive"] is None
    assert "sentrypulse_archive_up" not in client.get("/metrics").content.decode()


@pytest.mark.django_db
def test_an_archive_that_is_away_is_told_but_makes_nobody_ill(client, engine, settings):
    move_schedule()
    settings.ARCHIVE_URL = "s3://hidden-bucket"
    assert client.get(HEALTH).json()["archive"] == {"ok": True, "written_at": None}
    state = Archiving.objects.create(
        pk=Archiving.RESULTS, lease_until=timezone.now(), problem="The bucket hidden-bucket did not take it."
    )
    answer = client.get(HEALTH)
    assert (answer.status_code, answer.json()["archive"]["ok"]) == (200, False)
    assert "hidden-bucket" not in answer.content.decode()
    assert "sentrypulse_archive_up 0.0" in client.get("/metrics").content.decode().splitlines()
    state.problem, state.written_at = "", timezone.now()
    state.save()
    archive = client.get(HEALTH).json()["archive"]
    assert (archive["ok"], "error" in archive, archive["written_at"] is None) == (True, False, False)
    assert "sentrypulse_archive_up 1.0" in client.get("/metrics").content.decode().splitlines()
