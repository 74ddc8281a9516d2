"""One installation for all tests of this folder: building and starting it takes a minute or more.

These tests are not collected unless they are named (``make test-compose``): they need Docker with Compose 2,
and without it they fail.
"""

import pytest

from tests.compose.installation import Installation
from tests.e2e.harness import wait_for


@pytest.fixture(scope="session")
def installation(tmp_path_factory):
    made = Installation(tmp_path_factory.mktemp("compose"))
    try:
        made.compose("up", "-d")
        wait_for(made.is_well, within_s=180, every_s=2)
        yield made
    except BaseException:
        print(made.compose("ps", "-a", ok=False), made.compose("logs", ok=False))  # noqa: T201  # why it failed
        raise
    finally:
        made.remove()
