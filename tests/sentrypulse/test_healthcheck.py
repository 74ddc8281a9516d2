"""The containers' health check: alive, or one sentence why not."""

import os
import subprocess
import sys
import time

import pytest

from core.env import Env
from sentrypulse import healthcheck
from tests.delivery.receivers import Say, receive
from tests.e2e.harness import ROOT, free_port


@pytest.mark.parametrize("what", ["worker", "beat"])
def test_a_process_that_touches_its_file_is_alive_and_one_that_stopped_is_not(tmp_path, what):
    path = tmp_path / "pulse"
    env = Env({"PULSE_FILE": str(path)})
    assert (
        healthcheck.explain_dead(what, env)
        == f"PULSE_FILE ({path}) is not there: the process has not started."
    )
    path.touch()
    assert healthcheck.explain_dead(what, env) == ""
    long_ago = time.time() - healthcheck.STALE_AFTER_S - 5
    os.utime(path, (long_ago, long_ago))
    assert healthcheck.explain_dead(what, env).startswith("The loop stood still for 6")


@pytest.mark.parametrize(
    ("status", "body", "fault"),
    [
        (200, b'{"database": {"ok": true}}', ""),
        (503, b'{"database": {"ok": true}, "scheduler": {"ok": false}}', ""),  # the clock's affair
        (503, b'{"database": {"ok": false, "error": "It is away."}}', "It is away."),
    ],
)
def test_the_web_server_is_alive_when_it_and_its_database_answer(status, body, fault):
    with receive(Say(status=status, body=body)) as web:
        assert healthcheck.explain_dead("web", Env({"PORT": str(web.port)})) == fault


def test_a_web_server_that_does_not_know_this_host_says_which_setting_to_mend():
    with receive(Say(status=400, body=b"<h1>Bad Request</h1>")) as web:
        told = healthcheck.explain_dead("web", Env({"PORT": str(web.port)}))
    assert told == f"Port {web.port} answers 400: ALLOWED_HOSTS must name 127.0.0.1, too."


def test_a_port_that_does_not_answer_is_told_and_ends_with_status_1(monkeypatch, capsys):
    port = str(free_port())
    monkeypatch.setenv("PORT", port)
    monkeypatch.setattr("sys.argv", ["pulse", "web"])
    assert healthcheck.main() == 1
    assert capsys.readouterr().err.startswith(f"Port {port} does not answer")
    monkeypatch.setattr("sys.argv", ["pulse"])
    assert healthcheck.main() == 2


def test_the_check_answers_under_its_older_name_too(tmp_path):
    pulse = tmp_path / "pulse"
    pulse.touch()
    asked = subprocess.run(
        [sys.executable, "-m", "sentrypulse.pulse", "worker"],
        cwd=ROOT,
        env=os.environ | {"PULSE_FILE": str(pulse)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (asked.returncode, asked.stderr) == (0, "")
