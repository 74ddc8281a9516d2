"""The rules of telling, without a database: at what minute is who told what?"""

from dataclasses import replace
from datetime import time, timedelta
from zoneinfo import ZoneInfo

import pytest

from alerts.escalation import Due, DueNotice, EscalationStep, Facts, Flap, Quiet, RulePolicy, find_due_notices
from alerts.models import DEFAULT_EVENTS
from tests.alerts.factories import T0

FIRST, SECOND, THIRD = 1, 2, 3


def minutes(number):
    return timedelta(minutes=number)


def make_policy(*, steps=((0, FIRST),), **fields):
    made = tuple(EscalationStep(minutes(after), (channel,)) for after, channel in steps)
    return RulePolicy(**({"events": frozenset(DEFAULT_EVENTS), "steps": made} | fields))


def tell(facts, policy, *, until, every=1):
    """Everything that is told, minute by minute, as planning would: each notice once."""
    told, heard, minute = {}, set(), 0
    while minute <= until:
        now = T0 + minutes(minute)
        seen = facts
        if facts.acknowledged_at and facts.acknowledged_at > now:
            seen = replace(seen, acknowledged_at=None)
        if facts.closed_at and facts.closed_at > now:
            seen = replace(seen, closed_at=None)
        for notice in find_due_notices(seen, policy, heard=heard, now=now).notices:
            told.setdefault(notice, minute)
        heard |= {notice.channel for notice in told if notice.event not in {"recovered", "acknowledged"}}
        minute += every
    return {(n.event, n.channel, n.number): at for n, at in told.items()}


def facts(**fields):
    return Facts(**({"event": "down", "told_from": T0} | fields))


def test_down_is_told_at_once_and_its_end_when_it_comes():
    assert tell(facts(closed_at=T0 + minutes(7)), make_policy(), until=20) == {
        ("down", FIRST, 0): 0,
        ("recovered", FIRST, 0): 7,
    }


def test_what_is_over_before_the_delay_is_never_told():
    assert tell(facts(closed_at=T0 + minutes(4)), make_policy(delay=minutes(5)), until=20) == {}


def test_what_lasts_longer_than_the_delay_is_told_after_it():
    told = tell(facts(closed_at=T0 + minutes(9)), make_policy(delay=minutes(5)), until=20)
    assert told == {("down", FIRST, 0): 5, ("recovered", FIRST, 0): 9}


def test_an_event_that_the_rule_does_not_list_is_not_told():
    policy = make_policy(events=frozenset({"recovered", "tls_expiring"}))
    told = tell(facts(closed_at=T0 + minutes(3)), policy, until=5)
    assert told == {("recovered", FIRST, 0): 3}  # who asks for ends alone, gets them


def test_reminders_come_until_somebody_acknowledges():
    told = tell(facts(acknowledged_at=T0 + minutes(35)), make_policy(remind_every=minutes(10)), until=80)
    assert told == {
        ("down", FIRST, 0): 0,
        ("reminder", FIRST, 1): 10,
        ("reminder", FIRST, 2): 20,
        ("reminder", FIRST, 3): 30,
    }


def test_reminders_that_were_missed_are_not_made_up_for():
    due = find_due_notices(
        facts(), make_policy(remind_every=minutes(10)), heard={FIRST}, now=T0 + minutes(47)
    )
    assert {n for n in due.notices if n.event == "reminder"} == {DueNotice("reminder", FIRST, 4)}
    assert due.look_at == T0 + minutes(50)


def test_nobody_acknowledges_so_the_next_step_hears_of_it():
    policy = make_policy(
        steps=((0, FIRST), (5, SECOND), (15, THIRD)), events=frozenset({"down", "recovered"})
    )
    assert tell(facts(closed_at=T0 + minutes(30)), policy, until=40) == {
        ("down", FIRST, 0): 0,
        ("escalated", SECOND, 1): 5,
        ("escalated", THIRD, 2): 15,
        ("recovered", FIRST, 0): 30,
        ("recovered", SECOND, 0): 30,
        ("recovered", THIRD, 0): 30,
    }


def test_acknowledging_stops_the_escalation():
    policy = make_policy(
        steps=((0, FIRST), (5, SECOND), (15, THIRD)), events=frozenset({"down", "recovered"})
    )
    told = tell(facts(acknowledged_at=T0 + minutes(6), closed_at=T0 + minutes(30)), policy, until=40)
    assert ("escalated", THIRD, 2) not in told
    assert ("recovered", THIRD, 0) not in told


def test_who_heard_of_it_hears_who_is_on_it_where_the_rule_says_so():
    policy = make_policy(events=frozenset({"down", "acknowledged"}), steps=((0, FIRST), (60, SECOND)))
    told = tell(facts(acknowledged_at=T0 + minutes(6)), policy, until=20)
    assert told == {("down", FIRST, 0): 0, ("acknowledged", FIRST, 0): 6}


QUIET = Quiet((time(12), time(13)), frozenset(), ZoneInfo("UTC"))  # T0 is 12:00


def test_what_is_still_so_after_the_quiet_hours_is_told_then():
    assert tell(facts(), make_policy(quiet=QUIET), until=120) == {("down", FIRST, 0): 60}


def test_what_is_over_by_then_is_not():
    assert tell(facts(closed_at=T0 + minutes(59)), make_policy(quiet=QUIET), until=120) == {}


def test_an_end_within_the_quiet_hours_is_told_after_them():
    began_before = facts(told_from=T0 - minutes(30), closed_at=T0 + minutes(10))
    due = find_due_notices(began_before, make_policy(quiet=QUIET), heard={FIRST}, now=T0 + minutes(10))
    assert due == Due(look_at=T0 + minutes(60))
    after = find_due_notices(began_before, make_policy(quiet=QUIET), heard={FIRST}, now=T0 + minutes(60))
    assert after.notices == {DueNotice("recovered", FIRST)}


def test_what_is_held_is_not_told_and_its_end_neither():
    held = facts(held=True)
    assert find_due_notices(held, make_policy(), heard=(), now=T0) == Due()
    assert (
        find_due_notices(
            replace(held, closed_at=T0 + minutes(1)), make_policy(), heard=(), now=T0 + minutes(1)
        ).notices
        == set()
    )


def test_what_is_held_until_a_moment_is_looked_at_then():
    held = facts(held_until=T0 + minutes(20))
    assert find_due_notices(held, make_policy(), heard=(), now=T0) == Due(look_at=T0 + minutes(20))
    assert find_due_notices(facts(), make_policy(), heard=(), now=T0 + minutes(20)).notices == {
        DueNotice("down", FIRST)
    }


# Flapping


def test_the_first_of_a_flapping_tells_of_it_instead_of_down():
    due = find_due_notices(facts(flap=Flap.FIRST), make_policy(), heard=(), now=T0)
    assert due.notices == {DueNotice("flapping", FIRST)}


def test_more_of_it_is_silent_until_it_has_stayed_down():
    more = facts(flap=Flap.MORE)
    assert find_due_notices(more, make_policy(), heard={FIRST}, now=T0 + minutes(9)) == Due(
        look_at=T0 + minutes(10)
    )
    assert (
        DueNotice("down", FIRST)
        in find_due_notices(more, make_policy(), heard={FIRST}, now=T0 + minutes(10)).notices
    )


@pytest.mark.parametrize("flap", list(Flap))
def test_its_last_recovery_is_told_once_it_has_stayed_up(flap):
    over = facts(flap=flap, closed_at=T0 + minutes(2))
    assert find_due_notices(over, make_policy(), heard={FIRST}, now=T0 + minutes(11)) == Due(
        look_at=T0 + minutes(12)
    )
    assert find_due_notices(over, make_policy(), heard={FIRST}, now=T0 + minutes(12)).notices == {
        DueNotice("recovered", FIRST)
    }


def test_a_recovery_that_another_failure_follows_is_not_told():
    over = facts(flap=Flap.MORE, closed_at=T0 + minutes(2), followed=True)
    assert find_due_notices(over, make_policy(), heard={FIRST}, now=T0 + minutes(30)) == Due()


def test_an_outage_that_lasted_is_recovered_from_at_once():
    over = facts(flap=Flap.MORE, closed_at=T0 + minutes(25))
    assert find_due_notices(over, make_policy(), heard={FIRST}, now=T0 + minutes(25)).notices == {
        DueNotice("recovered", FIRST)
    }
