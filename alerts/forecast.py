"""What is going to be told of a trouble, if it stays as it is: what planning will find."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from alerts.escalation import DueNotice, Facts, RulePolicy, find_due_notices
from alerts.models import BEGINNINGS, Channel, Event, Trouble
from alerts.muting import Mute, find_mutes, is_followed
from alerts.planning import make_alert_key, make_facts, read_rules, read_told

MOST = 20
_LOOKS = 10
"""Of one rule: reminders never end."""
_WITHIN = timedelta(days=7)


@dataclass(frozen=True, slots=True, order=True)
class Forecast:
    """``unless``: what would make it needless, ``acknowledged`` or ``over``."""

    at: datetime
    event: str
    channel: int
    channel_name: str
    channel_kind: str
    rule: str
    unless: str


def forecast(trouble: Trouble, *, now: datetime) -> list[Forecast]:
    """The next notices, the soonest first, at most ``MOST``. Writes nothing."""
    told = read_told([trouble])[trouble.pk]
    mute = find_mutes([trouble], now=now).get(trouble.pk, Mute())
    facts = make_facts(trouble, mute, followed=is_followed(trouble))
    coming: dict[DueNotice, tuple[datetime, str]] = {}
    for policy in read_rules([trouble], {trouble.pk: told})[trouble.pk]:
        for at, notice in _look_ahead(facts, policy, set(told.heard), now):
            if make_alert_key(trouble, notice) not in told.keys:
                coming.setdefault(notice, (at, policy.name))
    channels = Channel.objects.in_bulk({notice.channel for notice in coming}) if coming else {}
    found = [
        Forecast(
            at,
            notice.event,
            notice.channel,
            channels[notice.channel].name,
            channels[notice.channel].kind,
            rule,
            "acknowledged" if notice.event in (Event.ESCALATED, Event.REMINDER) else "over",
        )
        for notice, (at, rule) in coming.items()
        if notice.channel in channels
    ]
    return sorted(found)[:MOST]


def _look_ahead(
    facts: Facts, policy: RulePolicy, heard: set[int], now: datetime
) -> Iterator[tuple[datetime, DueNotice]]:
    at = now
    for _ in range(_LOOKS):
        due = find_due_notices(facts, policy, heard=heard, now=at)
        for notice in sorted(due.notices):
            yield at, notice
        heard |= {notice.channel for notice in due.notices if notice.event in BEGINNINGS}
        if due.look_at is None or not at < due.look_at < now + _WITHIN:
            return
        at = due.look_at
