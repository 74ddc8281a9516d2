"""What is to be told becomes rows of the outbox, in the transaction of the change that it tells of.

``plan`` is called with what happened; ``follow`` by the clock, for delays, reminders and escalations
whose time has come. Both ask ``notices.find_due`` what must have been told by now, and write down what is
missing.
"""

import logging
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.db import transaction

from alerts.defaults import ensure_defaults
from alerts.models import Channel, Delivery, Event, Rule, Trouble
from alerts.muting import Mute, find_flapping, find_mutes, wake_dependents
from alerts.notices import Facts, Flap, Notice, Policy, Quiet, Step, find_due
from alerts.troubles import find_incident_troubles, find_missed
from incidents.reconcile import IncidentEvent
from monitors.models import Monitor
from outbox.models import OutgoingStatus

logger = logging.getLogger(__name__)

HOLD = timedelta(seconds=2)
"""A notice waits so long for others, which may make one digest of them all."""
LOOK_AT_ONCE = 200
_BAD = {*Event.values} - {Event.RECOVERED, Event.ACKNOWLEDGED}
"""Who was told one of these, has heard of the trouble."""


def plan(events: Iterable[IncidentEvent], *, now: datetime) -> int:
    """Plan what ``events`` make us tell; the number of deliveries. To be called in the events' transaction.

    The number of statements does not depend on the number of events (up to 200).
    """
    return plan_troubles(find_incident_troubles(events, now=now), now=now)


def plan_troubles(troubles: Sequence[Trouble], *, now: datetime) -> int:
    """The same for troubles that opened, closed or changed."""
    planned = 0
    ids = sorted(trouble.pk for trouble in troubles)
    for first in range(0, len(ids), LOOK_AT_ONCE):
        with transaction.atomic():
            locked = _lock(ids[first : first + LOOK_AT_ONCE])
            planned += _look(locked, now=now)
            wake_dependents(locked, now=now)
    return planned


def follow(*, now: datetime) -> int:
    """Plan what time alone makes us tell, and what was missed; the number of deliveries. Safe to run
    twice."""
    if missed := find_missed():
        with transaction.atomic():
            plan(missed, now=now)
    due = Trouble.objects.filter(look_at__lte=now).order_by("look_at").values_list("pk", flat=True)
    with transaction.atomic():
        return _look(_lock(sorted(due[:LOOK_AT_ONCE])), now=now)


def _lock(ids: Sequence[int]) -> list[Trouble]:
    """The troubles as they are now; nobody else plans them until the transaction ends.

    Locked by themselves, then read with their incidents: MariaDB would lock those, too, and in the other
    order than the recorder does.
    """
    if not ids:
        return []
    locked = Trouble.objects.select_for_update().filter(pk__in=ids).order_by("pk")
    alive = list(locked.values_list("pk", flat=True))
    return list(Trouble.objects.select_related("incident").filter(pk__in=alive).order_by("pk"))


@dataclass(slots=True)
class _Told:
    """What was planned of a trouble already: by channel and event (with its number), in this round."""

    keys: set[str] = field(default_factory=set)
    heard: set[int] = field(default_factory=set)


def _look(troubles: Sequence[Trouble], *, now: datetime) -> int:
    """Write down what is missing for each trouble, and when to look at it again."""
    if not troubles:
        return 0
    ensure_defaults({trouble.team_id for trouble in troubles})
    followed = find_flapping(troubles, now=now)
    mutes = find_mutes(troubles, now=now)
    rules = _read_rules(troubles)
    told = _read_told(troubles)
    missing: list[Delivery] = []
    for trouble in troubles:
        facts = _facts(trouble, mutes.get(trouble.pk, Mute()), followed=trouble.pk in followed)
        looks, notices = set[datetime](), set[Notice]()
        for policy in rules[trouble.pk]:
            due = find_due(facts, policy, heard=told[trouble.pk].heard, now=now)
            notices |= due.notices
            looks |= {due.look_at} if due.look_at else set()
        missing += _missing(trouble, notices, told[trouble.pk].keys, now=now)
        trouble.look_at = min(looks, default=None)
    _drop_overtaken(missing, now=now)
    _name_channels(missing)
    Delivery.objects.bulk_create(missing)
    Trouble.objects.bulk_update(troubles, ["look_at"])
    if missing:
        logger.info("alerts troubles=%d planned=%d", len(troubles), len(missing))
    return len(missing)


def _facts(trouble: Trouble, mute: Mute, *, followed: bool) -> Facts:
    flap = None if trouble.flaps_id is None else Flap.FIRST if trouble.flaps_id == trouble.pk else Flap.MORE
    return Facts(
        event=trouble.event,
        told_from=trouble.told_from,
        acknowledged_at=trouble.incident.acknowledged_at if trouble.incident else None,
        closed_at=trouble.closed_at,
        held=mute.held,
        held_until=mute.until,
        flap=flap,
        followed=followed,
    )


def _missing(
    trouble: Trouble, notices: Iterable[Notice], planned: set[str], *, now: datetime
) -> list[Delivery]:
    rows = []
    for notice in sorted(notices):
        key = key_of(trouble, notice)
        if key not in planned:
            rows.append(
                Delivery(
                    team_id=trouble.team_id,
                    channel_id=notice.channel,
                    trouble=trouble,
                    event=notice.event,
                    key=key,
                    status=OutgoingStatus.HELD,
                    planned_at=now,
                    due_at=now + HOLD,
                )
            )
    return rows


def key_of(trouble: Trouble, notice: Notice) -> str:
    """(incident, event, channel): the identity of an alert."""
    number = f".{notice.number}" if notice.number else ""
    return f"{trouble.pk}.{trouble.round}:{notice.event}{number}:{notice.channel}"


def _read_told(troubles: Sequence[Trouble]) -> Mapping[int, _Told]:
    """One statement; what was told of a trouble counts as heard in those that its flapping is told by."""
    told: dict[int, _Told] = defaultdict(_Told)
    by_head = defaultdict(list)
    for trouble in troubles:
        by_head[trouble.flaps_id].append(trouble)
    wanted = {t.pk for t in troubles} | {t.flaps_id for t in troubles if t.flaps_id}
    rows = Delivery.objects.filter(trouble_id__in=wanted).values_list(
        "trouble_id", "key", "event", "channel_id", "status", "digest_id"
    )
    for trouble_id, key, event, channel_id, status, digest_id in rows:
        heard = event in _BAD and channel_id and (status != OutgoingStatus.DROPPED or digest_id)
        for trouble in by_head.get(trouble_id, ()):
            told[trouble.pk].heard |= {channel_id} if heard else set()
        told[trouble_id].keys.add(key)
        told[trouble_id].heard |= {channel_id} if heard else set()
    return told


def _read_rules(troubles: Sequence[Trouble]) -> Mapping[int, list[Policy]]:
    """The policies that apply to each trouble; six statements for any number."""
    team_ids = {trouble.team_id for trouble in troubles}
    rules = list(Rule.objects.filter(team_id__in=team_ids, enabled=True).select_related("team").with_steps())
    alive = set(Channel.objects.filter(team_id__in=team_ids, enabled=True).values_list("pk", flat=True))
    ids = {trouble.monitor_id for trouble in troubles if trouble.monitor_id}
    wanted = any(rule.tags.all() for rule in rules)
    tags: dict[int, set[int]] = defaultdict(set)
    if wanted:
        for monitor_id, tag_id in Monitor.tags.through.objects.filter(monitor_id__in=ids).values_list(
            "monitor_id", "tag_id"
        ):
            tags[monitor_id].add(tag_id)
    policies = {rule.pk: make_policy(rule, alive=alive) for rule in rules}
    return {
        trouble.pk: [
            policies[rule.pk]
            for rule in rules
            if rule.team_id == trouble.team_id
            and _applies(rule, trouble, tags.get(trouble.monitor_id or 0, set()))
        ]
        for trouble in troubles
    }


def _applies(rule: Rule, trouble: Trouble, tags: set[int]) -> bool:
    monitors, wanted = {m.pk for m in rule.monitors.all()}, {t.pk for t in rule.tags.all()}
    return not (monitors or wanted) or trouble.monitor_id in monitors or bool(wanted & tags)


def make_policy(rule: Rule, *, alive: set[int]) -> Policy:
    """The rule as planning reads it; ``alive`` are the channels that are switched on."""
    span = rule.quiet_span
    return Policy(
        events=frozenset(rule.events),
        steps=tuple(
            Step(
                timedelta(minutes=step.after_min),
                tuple(sorted(c.pk for c in step.channels.all() if c.pk in alive)),
            )
            for step in rule.steps.all()
        ),
        delay=timedelta(minutes=rule.delay_min),
        remind_every=timedelta(minutes=rule.remind_every_min) if rule.remind_every_min else None,
        quiet=Quiet(span, frozenset(rule.quiet_days), ZoneInfo(rule.timezone or rule.team.timezone))
        if span
        else None,
    )


def _drop_overtaken(missing: Sequence[Delivery], *, now: datetime) -> None:
    """Bad news that did not get out before the good news is not told any more: it would be told last."""
    ends = [row for row in missing if row.event == Event.RECOVERED]
    if not ends:
        return
    pairs = {(row.trouble_id, row.channel_id) for row in ends}
    waiting = Delivery.objects.filter(
        trouble_id__in={row.trouble_id for row in ends},
        event__in=_BAD,
        status__in=[OutgoingStatus.HELD, OutgoingStatus.PLANNED, OutgoingStatus.RETRY],
    )
    overtaken = [
        row.pk
        for row in waiting.select_for_update().order_by("pk")
        if (row.trouble_id, row.channel_id) in pairs
    ]
    Delivery.objects.filter(pk__in=overtaken).update(
        status=OutgoingStatus.DROPPED,
        due_at=None,
        settled_at=now,
        answer="It was over before this could be sent.",
    )


def _name_channels(rows: Sequence[Delivery]) -> None:
    names = (
        dict(Channel.objects.filter(pk__in={row.channel_id for row in rows}).values_list("pk", "name"))
        if rows
        else {}
    )
    for row in rows:
        row.channel_name = names.get(row.channel_id or 0, "")
