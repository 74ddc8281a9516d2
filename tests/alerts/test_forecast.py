"""What is foretold is what will be told."""

import pytest

from alerts.forecast import forecast
from alerts.models import Trouble
from tests.alerts.factories import make_rule
from tests.alerts.telling import Telling
from tests.factories import make_monitor

pytestmark = pytest.mark.django_db


def test_of_a_flapping_monitor_only_the_last_recovery_is_foretold(team, hook):
    """Before: each recovery that was kept back was foretold as due now, and never came."""
    make_rule(hook)
    telling = Telling().check(make_monitor(team, fail_after=1), "DU" * 8, every=60)
    *earlier, last = Trouble.objects.order_by("opened_at")
    assert [forecast(trouble, now=telling.now) for trouble in earlier] == [[]] * 7
    assert [coming.event for coming in forecast(last, now=telling.now)] == ["recovered"]
    before = len(telling.heard)
    telling.run(seconds=15 * 60)
    assert telling.subjects()[before:] == ["Shop has recovered after 1 minute"]
