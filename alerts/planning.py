"""Planning: write the deliveries that are due into the outbox, in the transaction of the change they tell of.

``plan_deliveries`` is called when incidents change. ``follow_troubles`` is called by the clock, for delays,
reminders and escalations whose time has come. Both ask ``escalation.find_due_notices`` what must have been
told by now, and add the deliveries that are missing.
"""

import logging
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from django.db import transaction

from alerts.defaults import ensure_defaults
from alerts.escalation import Due, DueNotice, EscalationStep, Facts, Flap, Quiet, RulePolicy, find_due_notices
from alerts.models import BEGINNINGS, DEFAULT_EVENTS, ENDS, Channel, Delivery, Reason, Rule, Trouble
from alerts.muting import Mute, find_mutes, update_flapping, wake_dependents
from alerts.troubles import find_missed, update_incident_troubles
from alerts.withholding import Written, end_deleted, find_ledger_changes, find_reasons
from core.isolation import do_together, is_away, leave_out, resting
from incidents.reconcile import IncidentChange, IncidentEvent
from monitors.models import Monitor
from outbox.models import OutgoingStatus

logger = logging.getLogger(__name__)

PLAN = "plan alerts"
HOLD = timedelta(seconds=2)
"""A delivery waits this long for others; many of them become one digest (``alerts/digests.py``)."""
LOOK_AT_ONCE = 200
LOOK_AGAIN = timedelta(minutes=1)
"""A trouble whose planning failed is tried again after this time."""
_WAITING = [OutgoingStatus.HELD, OutgoingStatus.PLANNED, OutgoingStatus.RETRY]
TOO_LATE = "It was over before this could be sent."


def plan_deliveries(events: Iterable[IncidentEvent], *, now: datetime) -> int:
    """Plan the deliveries that ``events`` call for; return their number. Call it in the events' transaction.

    The number of statements does not depend on the number of events (up to 200). When an event cannot be
    planned, it is left out and logged: the incident is recorded all the same, and ``follow_troubles`` tries
    again.
    """
    planned: list[int] = []
    do_together(
        PLAN,
        list(events),
        lambda some: planned.append(_plan(some, now=now)),
        name=lambda event: ("incident", event.incident.pk),
    )
    return sum(planned)


@transaction.atomic
def _plan(events: Sequence[IncidentEvent], *, now: datetime) -> int:
    if gone := {event.incident.team_id for event in events if event.event == IncidentChange.DELETED}:
        end_deleted(gone, now=now)
    return plan_troubles(update_incident_troubles(events, now=now), now=now)


def plan_troubles(troubles: Sequence[Trouble], *, now: datetime) -> int:
    """Plan the deliveries for troubles that opened, closed or changed; return their number."""
    planned: list[int] = []
    ids = sorted(trouble.pk for trouble in troubles)
    for first in range(0, len(ids), LOOK_AT_ONCE):
        look = partial(_look_at, now=now, planned=planned, wakes=True)
        _look_together(ids[first : first + LOOK_AT_ONCE], look, now=now)
    return sum(planned)


def follow_troubles(*, now: datetime) -> int:
    """Plan the deliveries whose time has come, and those that were missed; return their number. Safe to run
    twice."""
    if missed := find_missed(but=resting(PLAN, "incident")):
        plan_deliveries(missed, now=now)
    due = Trouble.objects.filter(look_at__lte=now).order_by("look_at").values_list("pk", flat=True)
    planned: list[int] = []
    if ids := sorted(due[:LOOK_AT_ONCE]):
        _look_together(ids, partial(_look_at, now=now, planned=planned, wakes=False), now=now)
    return sum(planned)


def _look_together(ids: Sequence[int], look: Callable[[Sequence[int]], None], *, now: datetime) -> None:
    """Call ``look`` for all troubles. When one fails, the others go on, and it is tried again after
    ``LOOK_AGAIN``."""

    def look_later(pk: int) -> None:
        Trouble.objects.filter(pk=pk).update(look_at=now + LOOK_AGAIN)

    do_together(PLAN, ids, look, name=lambda pk: ("trouble", pk), give_up=look_later)


def _look_at(ids: Sequence[int], *, now: datetime, planned: list[int], wakes: bool) -> None:
    with transaction.atomic():
        locked = _lock(ids)
        count = _look(locked, now=now)
        if wakes:
            wake_dependents(locked, now=now)
    planned.append(count)


def _lock(ids: Sequence[int]) -> list[Trouble]:
    """Lock the troubles and read them. Nobody else plans them until the transaction ends.

    They are locked first, and read with their incidents afterwards: in one statement MariaDB would lock the
    incidents too, in another order than the recorder does.
    """
    if not ids:
        return []
    locked = Trouble.objects.select_for_update().filter(pk__in=ids).order_by("pk")
    alive = list(locked.values_list("pk", flat=True))
    return list(Trouble.objects.select_related("incident").filter(pk__in=alive).order_by("pk"))


@dataclass(slots=True)
class _Told:
    """What the ledger holds of a trouble. ``keys``: the keys of its deliveries. ``heard``: the ids of the
    channels that were told of it. ``kept``: the rows that say what was kept back, by key."""

    keys: set[str] = field(default_factory=set)
    heard: set[int] = field(default_factory=set)
    kept: dict[str, Delivery] = field(default_factory=dict)


def _look(troubles: Sequence[Trouble], *, now: datetime) -> int:
    """Add the deliveries that are missing for each trouble, and store when to look at it again; return the
    number of deliveries."""
    if not troubles:
        return 0
    ensure_defaults({trouble.team_id for trouble in troubles})
    followed = update_flapping(troubles, now=now)
    mutes = find_mutes(troubles, now=now)
    told = read_told(troubles)
    rules = read_rules(troubles, told)
    missing: list[Delivery] = []
    kept_back = Written()
    for trouble in troubles:
        facts = make_facts(trouble, mutes.get(trouble.pk, Mute()), followed=trouble.pk in followed)
        heard = told[trouble.pk].heard
        looked = [
            (policy, find_due_notices(facts, policy, heard=heard, now=now)) for policy in rules[trouble.pk]
        ]
        notices = {notice for _, due in looked for notice in due.notices}
        missing += _missing(trouble, notices, told[trouble.pk].keys, now=now)
        trouble.look_at = min((due.look_at for _, due in looked if due.look_at), default=None)
        _keep_back(kept_back, trouble, facts, looked, told[trouble.pk], now=now)
    _drop_overtaken(missing, now=now)
    _name_channels(missing)
    Delivery.objects.bulk_create([*missing, *kept_back.new])
    Delivery.objects.bulk_update(kept_back.changed, ["answer", "settled_at"])
    Trouble.objects.bulk_update(troubles, ["look_at"])
    if missing:
        logger.info("alerts troubles=%d planned=%d", len(troubles), len(missing))
    return len(missing)


def _keep_back(
    written: Written,
    trouble: Trouble,
    facts: Facts,
    looked: Sequence[tuple[RulePolicy, Due]],
    told: _Told,
    *,
    now: datetime,
) -> None:
    """Add to ``written`` the ledger's rows about notices of ``trouble`` that are kept back."""
    kept = {notice for _, due in looked if due.withheld for notice in due.withheld.kept}
    planned = {notice for notice in kept if make_alert_key(trouble, notice) in told.keys}
    reasons = find_reasons(facts, looked, heard=told.heard, planned=planned)
    rows = [row for key, row in told.kept.items() if key.startswith(round_of(trouble))]
    found = find_ledger_changes(trouble, reasons, rows, heard=bool(told.heard), now=now)
    written.new += found.new
    written.changed += found.changed


def make_facts(trouble: Trouble, mute: Mute, *, followed: bool) -> Facts:
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
        held_by=mute.by,
    )


def _missing(
    trouble: Trouble, notices: Iterable[DueNotice], planned: set[str], *, now: datetime
) -> list[Delivery]:
    rows = []
    for notice in sorted(notices):
        key = make_alert_key(trouble, notice)
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


def make_alert_key(trouble: Trouble, notice: DueNotice) -> str:
    """The identity of an alert: trouble, round, event (with the number of the step or reminder), channel."""
    number = f".{notice.number}" if notice.number else ""
    return f"{round_of(trouble)}{notice.event}{number}:{notice.channel}"


def round_of(trouble: Trouble) -> str:
    """How the keys of a trouble begin. The round goes up each time the trouble is told again."""
    return f"{trouble.pk}.{trouble.round}:"


def read_told(troubles: Sequence[Trouble]) -> Mapping[int, _Told]:
    """By id of the trouble: what the ledger holds of it. One statement.

    A channel that was told that a monitor flaps counts as having heard of each trouble of that flapping.
    """
    told: dict[int, _Told] = defaultdict(_Told)
    by_head = defaultdict(list)
    for trouble in troubles:
        by_head[trouble.flaps_id].append(trouble)
    wanted = {t.pk for t in troubles} | {t.flaps_id for t in troubles if t.flaps_id}
    rows = Delivery.objects.filter(trouble_id__in=wanted).only(
        "trouble", "key", "event", "channel", "status", "digest", "reason", "answer", "settled_at"
    )
    for row in rows:
        if row.trouble_id is None:
            continue
        told[row.trouble_id].keys.add(row.key)
        if row.status == OutgoingStatus.WITHHELD and row.channel_id is None:
            told[row.trouble_id].kept[row.key] = row
        reached = row.event in BEGINNINGS and (row.status != OutgoingStatus.DROPPED or row.digest_id)
        if row.channel_id and reached:
            for pk in {row.trouble_id, *(trouble.pk for trouble in by_head.get(row.trouble_id, ()))}:
                told[pk].heard.add(row.channel_id)
    return told


def read_rules(troubles: Sequence[Trouble], told: Mapping[int, _Told]) -> Mapping[int, list[RulePolicy]]:
    """By id of the trouble: the policies that apply to it. Six statements for any number of troubles."""
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
    policies = {rule.pk: make_rule_policy(rule, alive=alive) for rule in rules}
    return {
        trouble.pk: [
            policies[rule.pk]
            for rule in rules
            if rule.team_id == trouble.team_id
            and (
                _applies(rule, trouble, tags.get(trouble.monitor_id or 0, set()))
                or _told_of_what_is_deleted(policies[rule.pk], trouble, told[trouble.pk])
            )
        ]
        for trouble in troubles
    }


def _applies(rule: Rule, trouble: Trouble, tags: set[int]) -> bool:
    monitors, wanted = {m.pk for m in rule.monitors.all()}, {t.pk for t in rule.tags.all()}
    return not (monitors or wanted) or trouble.monitor_id in monitors or bool(wanted & tags)


def _told_of_what_is_deleted(policy: RulePolicy, trouble: Trouble, told: _Told) -> bool:
    """Whether a channel of ``policy`` heard of a trouble whose monitor is deleted. Nobody knows which rules
    were for that monitor, so the channels that heard of the beginning hear of the end."""
    return trouble.monitor_id is None and trouble.closed_at is not None and bool(policy.channels & told.heard)


def make_rule_policy(rule: Rule, *, alive: set[int]) -> RulePolicy:
    """The rule as planning reads it. ``alive`` holds the ids of the channels that are switched on."""
    return RulePolicy(
        events=_read_events(rule),
        steps=tuple(
            EscalationStep(
                timedelta(minutes=step.after_min),
                tuple(sorted(c.pk for c in step.channels.all() if c.pk in alive)),
            )
            for step in rule.steps.all()
        ),
        delay=timedelta(minutes=rule.delay_min),
        remind_every=timedelta(minutes=rule.remind_every_min) if rule.remind_every_min else None,
        quiet=_read_quiet(rule),
        name=rule.name,
        off=tuple(
            sorted({c.name for step in rule.steps.all() for c in step.channels.all() if c.pk not in alive})
        ),
    )


def _read_events(rule: Rule) -> frozenset[str]:
    """The rule's events. When the stored value is broken, those of a new rule: too many alerts are better
    than none."""
    known = isinstance(rule.events, list) and all(isinstance(event, str) for event in rule.events)
    return frozenset(rule.events if known else DEFAULT_EVENTS)


def _read_quiet(rule: Rule) -> Quiet | None:
    """The rule's quiet hours. None when it has none, or when the stored value is broken."""
    span = rule.quiet_span
    if span is None:
        return None
    try:
        if not isinstance(rule.quiet_days, list):
            raise TypeError("quiet_days is no list")
        return Quiet(span, frozenset(rule.quiet_days), ZoneInfo(rule.timezone or rule.team.timezone))
    except (TypeError, ValueError, LookupError, OSError) as fault:
        if is_away(fault):
            raise
        leave_out("read quiet hours", ("rule", rule.pk), fault)
        return None


def _drop_overtaken(missing: Sequence[Delivery], *, now: datetime) -> None:
    """Drop beginnings that still wait when the end of the same trouble is planned for the same channel. They
    would arrive after the end."""
    ends = [row for row in missing if row.event in ENDS]
    if not ends:
        return
    pairs = {(row.trouble_id, row.channel_id) for row in ends}
    waiting = Delivery.objects.filter(
        trouble_id__in={row.trouble_id for row in ends},
        event__in=BEGINNINGS,
        status__in=_WAITING,
    )
    overtaken = [
        row.pk
        for row in waiting.select_for_update().order_by("pk")
        if (row.trouble_id, row.channel_id) in pairs
    ]
    _drop(overtaken, now=now)


def _drop(ids: Sequence[int], *, now: datetime, **fields: Any) -> None:
    Delivery.objects.filter(pk__in=ids).update(
        status=OutgoingStatus.DROPPED,
        due_at=None,
        settled_at=now,
        answer=TOO_LATE,
        reason=Reason.OVER,
        **fields,
    )


def take_back(troubles: Iterable[Trouble], *, now: datetime) -> None:
    """Drop the deliveries of ended troubles that were not sent yet. A channel that did not hear of the
    beginning then hears nothing of the end. A digest that waits is dropped when all its troubles are over.

    This is for no-data troubles. Call it before they are planned, in the same transaction.
    """
    over = [trouble.pk for trouble in troubles if trouble.closed_at is not None]
    if not over:
        return
    rows = Delivery.objects.select_for_update().filter(trouble_id__in=over).order_by("pk")
    _drop([row.pk for row in rows if row.status in _WAITING], now=now)
    digests = Delivery.objects.select_for_update().filter(
        pk__in={row.digest_id for row in rows if row.digest_id}, status__in=_WAITING
    )
    for digest in digests.order_by("pk"):
        told = Delivery.objects.filter(digest=digest)
        if not told.filter(trouble__closed_at__isnull=True, trouble__isnull=False).exists():
            _drop([digest.pk], now=now)
            _drop(list(told.values_list("pk", flat=True)), now=now, digest=None)


def _name_channels(rows: Sequence[Delivery]) -> None:
    names = (
        dict(Channel.objects.filter(pk__in={row.channel_id for row in rows}).values_list("pk", "name"))
        if rows
        else {}
    )
    for row in rows:
        row.channel_name = names.get(row.channel_id or 0, "")
