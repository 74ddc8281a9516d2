"""The real process, out of descriptors: nothing is called down, the log stays small, all goes on after."""

import resource
import time
from pathlib import Path

import httpx
import pytest

from tests.e2e.harness import NO_TLS, Target, wait_for
from tests.e2e.test_kill import rows
from tests.e2e.test_new_user import sign_up

MONITORS = 80
SHORT_FOR_S = 9.0


@pytest.fixture
def target():
    running = Target(host="").start()
    yield running
    running.stop()


def count(sentrypulse, claim):
    return rows(sentrypulse, f"SELECT COUNT(*) FROM monitors_result WHERE {claim}")[0][0]


def make_monitors(sentrypulse, target):
    """As many hosts, so that none waits for another's place."""
    asked = []
    for number in range(MONITORS):
        where = f"127.0.{number // 100}.{number % 100 + 1}:{target.port}"
        kind = ({"kind": "http", "url": f"http://{where}/"}, {"kind": "tcp", "url": where})[number % 2]
        asked.append({"name": f"M{number}", "interval_s": 4, "timeout_s": 4, "fail_after": 1, **kind})
    with sign_up(sentrypulse) as api:
        made = api.post("monitors/import", json={"monitors": asked})
    assert (made.status_code, made.json()["imported"]) == (201, MONITORS)


def health_status(sentrypulse):
    try:
        return httpx.get(f"{sentrypulse.url}/api/v1/health", timeout=5, verify=NO_TLS).status_code
    except httpx.TransportError:
        return None


def test_short_of_descriptors_nothing_is_down_and_the_log_stays_small(sentrypulse, target):
    sentrypulse.environment["PROBE_CONCURRENCY"] = str(MONITORS)
    sentrypulse.start()
    make_monitors(sentrypulse, target)
    monitors = "SELECT COUNT(DISTINCT monitor_id) FROM monitors_result"
    wait_for(lambda: rows(sentrypulse, monitors) == [(MONITORS,)])
    lines = len(sentrypulse.output)
    soft, hard = resource.prlimit(sentrypulse.process.pid, resource.RLIMIT_NOFILE)
    opened = len(list(Path(f"/proc/{sentrypulse.process.pid}/fd").iterdir()))
    resource.prlimit(sentrypulse.process.pid, resource.RLIMIT_NOFILE, (opened // 2, hard))
    time.sleep(SHORT_FOR_S)  # as long as it takes: each monitor has had two slots
    short = count(sentrypulse, "error_code = 'out_of_resources'")
    assert short > 0
    assert health_status(sentrypulse) in (503, None)
    told = [line for line in sentrypulse.output[lines:] if " INFO " not in line]
    assert len("".join(told)) < 40_000
    resource.prlimit(sentrypulse.process.pid, resource.RLIMIT_NOFILE, (soft, hard))

    lifted_at = int(time.time() * 1_000)

    def all_answer_again():
        return rows(sentrypulse, f"{monitors} WHERE status = 'up' AND checked_at > {lifted_at}") == [
            (MONITORS,)
        ]

    wait_for(all_answer_again)
    assert count(sentrypulse, "status = 'down'") == 0
    assert rows(sentrypulse, "SELECT COUNT(*) FROM incidents_incident") == [(0,)]
    assert sentrypulse.stop() == 0
