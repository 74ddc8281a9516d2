"""A change of rules or channels acts at once on what is open."""

from datetime import time, timedelta

import pytest

from accounts.models import Role
from actions.alerting import save_channel, save_rule
from alerts.models import DEFAULT_EVENTS, Trouble
from alerts.services import StepWish
from alerts.waking import wake_teams
from tests.alerts.factories import T0, make_channel, make_rule
from tests.alerts.test_withholding import why
from tests.factories import make_member, make_monitor, make_team

pytestmark = pytest.mark.django_db

MINUTE = timedelta(minutes=1)


def open_quietly(team, hook, telling, **fields):
    """A trouble that is told to nobody, because its rule says so."""
    rule = make_rule(hook, **fields)
    telling.check(make_monitor(team), "DD", every=10)
    assert telling.heard == []
    return rule


@pytest.mark.parametrize(
    ("kept_by", "change"),
    [
        ({"delay_min": 600}, {"delay_min": 0}),
        (
            {"quiet_from": time(11), "quiet_until": time(20)},
            {"quiet_from": None, "quiet_until": None},
        ),
        (
            {"quiet_from": time(11), "quiet_until": time(20), "timezone": "UTC"},
            {"timezone": "Asia/Tokyo"},
        ),
        ({"enabled": False}, {"enabled": True}),
        ({"events": ["recovered"]}, {"events": DEFAULT_EVENTS}),
    ],
)
def test_a_rule_that_is_changed_acts_on_what_is_open_at_once(team, hook, telling, kept_by, change):
    rule = open_quietly(team, hook, telling, **kept_by)
    save_rule(rule, fields=change)
    telling.run(seconds=5)
    assert telling.subjects() == ["Shop is down"]
    assert all(until is not None for *_, until in why())


def test_a_rule_that_is_saved_and_one_that_gets_a_channel_act_at_once(team, hook, telling):
    telling.check(make_monitor(team), "DD", every=10)
    rule = make_rule(hook)
    save_rule(rule, fields={})
    telling.run(seconds=5)
    assert telling.subjects("sp") == ["Shop is down"]
    other = make_channel(team, name="Other", url="https://hooks.example.com/other")
    save_rule(rule, fields={}, steps=[StepWish(0, [hook, other])])
    telling.run(seconds=5)
    assert telling.subjects("other") == ["Shop is down"]


def test_a_channel_that_is_switched_on_again_is_told_what_is_open(team, hook, telling):
    save_channel(hook, enabled=False, now=T0)
    open_quietly(team, hook, telling)
    save_channel(hook, enabled=True, now=T0)
    telling.run(seconds=5)
    assert telling.subjects() == ["Shop is down"]


def test_what_is_over_is_not_told_by_a_change(team, hook, telling):
    rule = open_quietly(team, hook, telling, delay_min=600)
    telling.check(Trouble.objects.get().monitor, "U", every=10)
    save_rule(rule, fields={"delay_min": 0})
    assert telling.run(seconds=60).heard == []


def test_changes_over_the_api_act_at_once_deletions_too(client_of, team, hook, telling):
    owner = client_of(make_member(team, Role.OWNER))
    rule = open_quietly(team, hook, telling, quiet_from=time(11), quiet_until=time(20))

    def is_due():
        due = Trouble.objects.filter(look_at__lte=T0 + 10 * MINUTE).exists()
        Trouble.objects.update(look_at=T0 + timedelta(days=1))
        return due

    Trouble.objects.update(look_at=T0 + timedelta(days=1))
    assert not is_due()
    monitor = Trouble.objects.get().monitor
    window = {
        "team": team.pk, "title": "Move", "monitors": [monitor.pk],
        "starts_at": "2026-03-02T11:00:00Z", "ends_at": "2099-03-02T13:00:00Z",
    }  # fmt: skip
    made = owner.post("/api/v1/maintenance/", window)
    assert made.status_code == 201, made.content
    assert is_due()
    for method, path, body in (
        ("delete", f"maintenance/{made.json()['id']}/", None),
        ("patch", f"teams/{team.pk}/", {"timezone": "Asia/Tokyo"}),
        ("patch", f"monitors/{monitor.pk}/", {"tags": ["web"]}),
        ("patch", f"channels/{hook.pk}/", {"name": "Renamed"}),
        ("patch", f"alert-rules/{rule.pk}/", {"delay_min": 1}),
        ("delete", f"alert-rules/{rule.pk}/", None),
        ("delete", f"channels/{hook.pk}/", None),
    ):
        done = getattr(owner, method)(f"/api/v1/{path}", body)
        assert done.status_code in {200, 204}, done.content
        assert is_due(), path
    assert owner.patch("/api/v1/alert-rules/999999/", {"delay_min": 1}).status_code == 404
    assert not is_due()


def test_a_change_of_one_team_wakes_no_other(team, hook, telling):
    open_quietly(team, hook, telling, delay_min=600)
    assert wake_teams([make_team().pk]) == 0
    assert wake_teams([team.pk]) == 1
