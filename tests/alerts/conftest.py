import pytest

from tests.alerts.factories import drop_defaults, make_channel
from tests.alerts.telling import Telling


@pytest.fixture
def hook(team):
    """The team's one channel; its rules are the test's."""
    drop_defaults(team)
    return make_channel(team)


@pytest.fixture
def telling(hook):
    return Telling()
