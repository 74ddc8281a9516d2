"""What follows from other fields when a user does not say it, and what does not go together."""

import pytest
from django.core.exceptions import ValidationError

from monitors import services
from tests.factories import NOW, make_monitor, make_team

pytestmark = pytest.mark.django_db
OVER_TLS = {"config.http_version": ['HTTP/3 runs over TLS only: use an https:// URL, or http_version "any".']}


@pytest.fixture(autouse=True)
def _short_intervals(settings):
    settings.MIN_INTERVAL_S = 2


@pytest.mark.parametrize(("interval_s", "timeout_s"), [(60, 10), (10, 10), (5, 5), (2, 2)])
def test_the_default_timeout_fits_the_interval(interval_s, timeout_s):
    assert make_monitor(make_team(), interval_s=interval_s).timeout_s == timeout_s


def test_a_lowered_interval_lowers_the_default_timeout_alone():
    monitor, said = make_monitor(make_team()), make_monitor(make_team(), timeout_s=8)
    changed = services.update_monitor(monitor, now=NOW, interval_s=5)
    assert (changed.interval_s, changed.timeout_s, changed.revision) == (5, 5, 2)
    changed = services.update_monitor(changed, now=NOW, interval_s=60)
    assert (changed.interval_s, changed.timeout_s) == (60, 5)
    with pytest.raises(ValidationError) as refused:
        services.update_monitor(said, now=NOW, interval_s=5)
    assert refused.value.message_dict == {"timeout_s": ["Must not be longer than the interval (5 s)."]}


def test_many_intervals_lowered_at_once_lower_their_default_timeouts():
    monitors = [make_monitor(make_team()), make_monitor(make_team(), interval_s=30)]
    services.edit_monitors(monitors, now=NOW, interval_s=5)
    for monitor in monitors:
        monitor.refresh_from_db()
    assert [(m.interval_s, m.timeout_s, m.revision) for m in monitors] == [(5, 5, 2)] * 2


def test_http_3_without_tls_is_refused_with_its_reason():
    team = make_team()
    with pytest.raises(ValidationError) as refused:
        make_monitor(team, url="http://example.com/", config={"http_version": "3"})
    assert refused.value.message_dict == OVER_TLS
    secure = make_monitor(team, url="https://example.com/", config={"http_version": "3"})
    plain = make_monitor(team, url="http://example.com/")
    for monitor, change in (
        (secure, {"url": "http://example.com/"}),
        (plain, {"config_changes": {"http_version": "3"}}),
    ):
        with pytest.raises(ValidationError) as refused:
            services.update_monitor(monitor, now=NOW, **change)
        assert refused.value.message_dict == OVER_TLS
    assert services.update_monitor(secure, now=NOW, name="Other").name == "Other"
