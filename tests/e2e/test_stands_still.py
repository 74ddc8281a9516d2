"""A process that is stopped (SIGSTOP) while its checks run, and goes on later, blames no target."""

import signal
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tests.e2e.harness import wait_for
from tests.e2e.test_kill import rows
from tests.e2e.test_new_user import sign_up

ANSWERS_AFTER_S = 1.0
TIMEOUT_S = 3


@pytest.fixture
def slow():
    """A target that takes its time, so that some check always runs."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            time.sleep(ANSWERS_AFTER_S)
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *args):
            pass

    ThreadingHTTPServer.request_queue_size = 100
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    yield server.server_address[1]
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize("stopped_s", [4.0, 12.0], ids=["little", "long"])
def test_checks_that_run_while_the_process_is_stopped_are_not_held_against_their_targets(
    sentrypulse, slow, stopped_s
):
    """A little longer than the timeout, which no lateness tells from a target that hangs, and much longer."""
    sentrypulse.start()
    asked = [
        {"name": f"M{number}", "kind": "http", "url": f"http://127.0.0.1:{slow}/", "interval_s": 3}
        | {"timeout_s": TIMEOUT_S, "fail_after": 1, "config": {"degraded_ms": 2_900}}
        for number in range(9)  # of one host, ten at once
    ]
    with sign_up(sentrypulse) as api:
        assert api.post("monitors/import", json={"monitors": asked}).json()["imported"] == len(asked)
    monitors = "SELECT COUNT(DISTINCT monitor_id) FROM monitors_result WHERE status = 'up'"
    wait_for(lambda: rows(sentrypulse, monitors) == [(len(asked),)])
    sentrypulse.process.send_signal(signal.SIGSTOP)
    time.sleep(stopped_s)  # for the kernel this is the whole of it
    back_at = int(time.time() * 1_000)
    sentrypulse.process.send_signal(signal.SIGCONT)
    wait_for(lambda: rows(sentrypulse, f"{monitors} AND checked_at > {back_at}") == [(len(asked),)])
    found = dict(rows(sentrypulse, "SELECT status, COUNT(*) FROM monitors_result GROUP BY status"))
    assert set(found) == {"up", "unknown"}, "some check ran meanwhile, and each of them is unknown"
    assert rows(sentrypulse, "SELECT COUNT(*) FROM incidents_incident") == [(0,)]
    assert sentrypulse.stop() == 0
