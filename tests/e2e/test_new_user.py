"""The walk of a new user against the real process: register, watch, see it fail, see it recover."""

import subprocess
import sys
from contextlib import contextmanager
from datetime import datetime, timedelta
from itertools import takewhile

import httpx
import pytest

from tests.e2e.harness import NO_TLS, ROOT, wait_for

ACCOUNT = {"email": "ada@example.com", "password": "correct horse battery"}


@contextmanager
def sign_up(sentrypulse):
    with httpx.Client(base_url=f"{sentrypulse.url}/api/v1/", timeout=20, verify=NO_TLS) as api:
        assert api.post("auth/register", json={**ACCOUNT, "name": "Ada"}).status_code == 201
        tokens = api.post("auth/token", json=ACCOUNT).json()
        api.headers["Authorization"] = f"Bearer {tokens['access']}"
        yield api


def instant(text):
    return datetime.fromisoformat(text)


def test_a_new_user_watches_a_site_through_an_outage(sentrypulse, target):
    sentrypulse.start()
    with sign_up(sentrypulse) as api:
        made = api.post(
            "monitors/",
            json={
                "name": "Shop",
                "kind": "http",
                "url": target.url,
                "interval_s": 20,
                "timeout_s": 2,
                "recheck_s": 1,
            },
        )
        assert made.status_code == 201, made.text
        monitor = made.json()
        assert monitor["status"] == "pending"

        def has(status):
            def shows_it():
                seen = api.get(f"monitors/{monitor['id']}/").json()
                # State and newest result are two queries, and the first result may come between them.
                return seen if seen["status"] == status and seen["last_result"] else None

            return shows_it

        seen = wait_for(has("up"))
        assert seen["last_result"]["http_status"] == 200

        def has_uptime():  # it tells of whole minutes
            return api.get(f"monitors/{monitor['id']}/").json()["uptime"]["24h"] == 1.0

        wait_for(has_uptime, within_s=150)

        api.patch(f"monitors/{monitor['id']}/", json={"interval_s": 8})
        target.stop()
        wait_for(has("down"))
        (incident,) = api.get("incidents/").json()["results"]
        results = api.get(f"monitors/{monitor['id']}/results").json()["results"]
        failing = list(takewhile(lambda result: result["status"] == "down", results))[
            ::-1
        ]  # since the last pass
        assert incident["cause"] == failing[0]
        assert incident["started_at"] == failing[0]["scheduled_at"]
        assert incident["cause"]["error_code"] == "connect_refused"
        confirmed_after = instant(failing[1]["scheduled_at"]) - instant(failing[0]["scheduled_at"])
        assert (
            timedelta(seconds=0.9) <= confirmed_after < timedelta(seconds=7)
        )  # the recheck, not the interval

        assert api.post(f"incidents/{incident['id']}/acknowledge").status_code == 200
        target.start()
        wait_for(has("up"))
        ended = api.get(f"incidents/{incident['id']}/").json()
        assert ended["status"] == "resolved"
        lasted = instant(ended["resolved_at"]) - instant(ended["started_at"])
        assert ended["duration_s"] == round(lasted.total_seconds())
        stats = api.get(f"monitors/{monitor['id']}/stats", params={"window": "1h"}).json()
        assert stats["incidents"] == 1
        assert 0 < stats["uptime"] < 1

        ran = api.post(f"monitors/{monitor['id']}/check").json()
        assert (ran["status"], ran["http_status"]) == ("up", 200)
    assert sentrypulse.stop() == 0
    assert "results_left=0" in "".join(sentrypulse.output)
    assert "Stopped." in "".join(sentrypulse.output)


def test_a_heartbeat_that_stops_coming_is_down_and_up_with_the_next_ping(sentrypulse):
    sentrypulse.start()
    with sign_up(sentrypulse) as api:
        config = {"period_s": 60, "grace_s": 60}
        monitor = api.post("monitors/", json={"name": "Backup", "kind": "heartbeat", "config": config}).json()
        ping_url = monitor["ping_url"]
        assert httpx.get(ping_url).text.strip() == "OK"
        seen = api.get(f"monitors/{monitor['id']}/").json()
        assert (seen["status"], seen["last_result"]["status"]) == ("up", "up")
        assert httpx.post(f"{ping_url}/3", content=b"disk full").status_code == 200
        seen = api.get(f"monitors/{monitor['id']}/").json()
        assert seen["status"] == "down"
        assert seen["last_result"]["error"] == "The job ended with exit status 3."
    assert sentrypulse.stop() == 0


@pytest.mark.from_nothing
def test_the_first_start_prints_a_password_that_works_and_the_second_prints_none(sentrypulse):
    sentrypulse.start("--demo")
    credentials = {"email": "admin@sentrypulse.local", "password": sentrypulse.password()}
    token = httpx.post(f"{sentrypulse.url}/api/v1/auth/token", json=credentials).json()["access"]
    headers = {"Authorization": f"Bearer {token}"}
    asked = f"{sentrypulse.url}/api/v1/monitors/?kind=tcp"

    def demo_is_up():
        monitors = httpx.get(asked, headers=headers, verify=NO_TLS).json()["results"]
        return [m["status"] for m in monitors] == ["up"]

    wait_for(demo_is_up)
    assert sentrypulse.stop() == 0
    sentrypulse.output.clear()
    sentrypulse.start("--demo")
    assert "password" not in "".join(sentrypulse.output)
    assert sentrypulse.stop() == 0


def test_a_port_in_use_is_told_in_one_sentence(sentrypulse, target):
    ran = subprocess.run(
        [sys.executable, "manage.py", "up"],
        cwd=ROOT,
        env=sentrypulse.environment | {"PORT": str(target.port)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ran.returncode == 1
    assert ran.stderr.strip().splitlines()[-1] == (
        f"CommandError: Cannot listen on 127.0.0.1:{target.port} (Address already in use); "
        "set PORT to a free one."
    )
