"""One instance watches the other: its heartbeat is the other's dead man's switch."""

import shutil

import pytest

from tests.e2e.harness import SentryPulse, wait_for
from tests.e2e.test_new_user import sign_up

WITHIN_S = 120.0  # a bound for a machine under load


@pytest.fixture
def watched(sentrypulse, tmp_path, migrated):
    """The other instance, not started yet; it ends with the test."""
    folder = tmp_path / "watched"
    folder.mkdir()
    shutil.copy(migrated, folder / "sentrypulse.sqlite3")
    other = SentryPulse(folder)
    yield other
    if other.process and other.process.poll() is None:
        other.kill()


def test_a_second_instance_hears_each_minute_that_the_first_is_well_and_tells_when_it_does_not(
    sentrypulse, watched
):
    sentrypulse.start(within_s=WITHIN_S)
    with sign_up(sentrypulse) as api:
        asked = {"name": "The first", "kind": "heartbeat", "config": {"period_s": 10, "grace_s": 10}}
        made = api.post("monitors/", json=asked).json()

        def is_now(status):
            return lambda: api.get(f"monitors/{made['id']}/").json()["status"] == status

        watched.environment["WATCHDOG_URL"] = made["ping_url"]
        watched.start(within_s=WITHIN_S)
        wait_for(is_now("up"), within_s=WITHIN_S)
        wait_for(lambda: watched.health()["watchdog"]["told_at"], within_s=WITHIN_S)
        watched.kill()
        wait_for(is_now("down"), within_s=WITHIN_S)
