import pytest

from tests.e2e.harness import SentryPulse, Target


@pytest.fixture
def sentrypulse(tmp_path):
    running = SentryPulse(tmp_path)
    yield running
    if running.process and running.process.poll() is None:
        running.kill()


@pytest.fixture
def target():
    running = Target().start()
    yield running
    running.stop()
