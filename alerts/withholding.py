"""Why was nobody told? When notices are kept back, the ledger gets a row for each trouble, reason and event
(beginning or end). The row holds a sentence, and when the reason began and ended."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from alerts.escalation import Due, DueNotice, Facts, RulePolicy, end_of
from alerts.models import Delivery, Event, Reason, Trouble
from core.formats import say_utc
from delivery.message import ANSWER_MAX_CHARS
from outbox.models import OutgoingStatus

OVER = " It was over before."
DELETED = "What it tells of was deleted before this could be sent."


@dataclass(slots=True)
class Written:
    """Rows that ``find_ledger_changes`` wants stored: ``new`` to insert, ``changed`` to update (``answer``,
    ``settled_at``)."""

    new: list[Delivery] = field(default_factory=list)
    changed: list[Delivery] = field(default_factory=list)


def find_reasons(
    facts: Facts,
    looked: Sequence[tuple[RulePolicy, Due]],
    *,
    heard: set[int],
    planned: set[DueNotice],
) -> dict[Reason, str]:
    """By reason: a sentence for people. ``looked`` holds the rules that apply, each with what it wants told
    by now; ``planned`` the notices that are in the ledger; ``heard`` the ids of channels that were told.
    Pure."""
    found: dict[Reason, list[str]] = defaultdict(list)
    for policy, due in looked:
        if due.withheld is not None and _keeps_news(policy, due, heard, planned):
            found[due.withheld.reason].append(_tell(policy, due))
        if facts.closed_at is None and facts.event in policy.events:
            for reason, sentence in _find_silent_channels(policy):
                found[reason].append(sentence)
    tells = any(facts.event in policy.events for policy, _ in looked)
    if facts.closed_at is None and not tells and not heard:
        found[Reason.NO_RULE].append(_tell_no_rule(facts, looked))
    return {reason: " ".join(dict.fromkeys(said))[:ANSWER_MAX_CHARS] for reason, said in found.items()}


def _keeps_news(policy: RulePolicy, due: Due, heard: set[int], planned: set[DueNotice]) -> bool:
    """Whether somebody would hear something new if nothing were kept back."""
    if due.withheld is None:
        return False
    if due.withheld.kept:
        return not due.withheld.kept <= planned
    return not policy.steps or not set(policy.steps[0].channels) <= heard


def _find_silent_channels(policy: RulePolicy) -> Iterable[tuple[Reason, str]]:
    if policy.off:
        names = ", ".join(policy.off)
        yield Reason.CHANNEL_OFF, f"{_name(policy)} would tell a channel that is switched off: {names}."
    elif not policy.channels:
        yield Reason.NO_CHANNEL, f"{_name(policy)} has no channel to tell."


def _name(policy: RulePolicy) -> str:
    return f"The rule “{policy.name}”" if policy.name else "A rule"


def _tell(policy: RulePolicy, due: Due) -> str:
    assert due.withheld is not None  # noqa: S101  # the caller asked
    until = due.withheld.until
    at = f" until {say_utc(until)}" if until else ""
    match due.withheld.reason:
        case Reason.QUIET_HOURS:
            assert policy.quiet is not None and until is not None  # noqa: S101, PT018  # it is quiet
            zone = policy.quiet.zone
            return f"{_name(policy)} is quiet until {until.astimezone(zone):%Y-%m-%d %H:%M} ({zone.key})."
        case Reason.DELAY:
            minutes = policy.delay // timedelta(minutes=1)
            return f"{_name(policy)} tells only what is still so after {minutes} min{at and f', so not{at}'}."
        case Reason.MAINTENANCE:
            return f"Maintenance covers the monitor{at}; what is still so then is told."
        case Reason.DEPENDENCY if until is None:
            return "A monitor that it depends on is down, and is told instead."
        case Reason.DEPENDENCY:
            return f"It waits for a monitor that it depends on{at}."
        case _:
            return f"It is up and down too often to tell each time{at}."


def _tell_no_rule(facts: Facts, looked: Sequence[tuple[RulePolicy, Due]]) -> str:
    if not looked:
        return "No rule that is switched on is for this."
    return f"None of the rules for this tells the event {facts.event}."


def find_ledger_changes(
    trouble: Trouble,
    reasons: Mapping[Reason, str],
    kept: Collection[Delivery],
    *,
    heard: bool,
    now: datetime,
) -> Written:
    """The changes that make the ledger say ``reasons``. ``kept`` holds the trouble's rows so far.

    The reasons concern the beginning while the trouble is open, and the end after that. A row whose reason no
    longer holds is settled. Nothing is stored here, and nothing is returned when the ledger is up to date.
    """
    event = trouble.event if trouble.closed_at is None else end_of(trouble.event)
    lasts = trouble.closed_at is None or trouble.look_at is not None
    rows = {row.reason: row for row in kept if row.event == event}
    written = Written()
    for reason, sentence in reasons.items():
        row = rows.get(reason)
        if row is None:
            made = _make_row(trouble, event, reason, sentence, now=now)
            made.settled_at = None if lasts else now
            written.new.append(made)
        elif row.answer != sentence or (row.settled_at is None) != lasts:
            row.answer, row.settled_at = sentence, None if lasts else now
            written.changed.append(row)
    for row in kept:
        if (row.event != event or row.reason not in reasons) and row.settled_at is None:
            row.settled_at = now
            if trouble.closed_at is not None and not heard:
                row.answer = row.answer[: ANSWER_MAX_CHARS - len(OVER)] + OVER
            written.changed.append(row)
    return written


def end_deleted(team_ids: Collection[int], *, now: datetime) -> None:
    """Settle the rows of troubles that were deleted with their incident: waiting deliveries are dropped, rows
    of kept-back notices end."""
    # Messages of these events tell many troubles, so their rows point to none.
    together = {Event.MONITORING_STOPPED, Event.MONITORING_RESUMED}
    rows = Delivery.objects.filter(
        team_id__in=team_ids,
        trouble__isnull=True,
        event__in=set(Event.values) - together,
        settled_at__isnull=True,
    )
    waiting = [OutgoingStatus.HELD, OutgoingStatus.PLANNED, OutgoingStatus.RETRY]
    rows.filter(status__in=waiting).update(
        status=OutgoingStatus.DROPPED, due_at=None, settled_at=now, answer=DELETED, reason=Reason.OVER
    )
    rows.filter(status=OutgoingStatus.WITHHELD, channel__isnull=True).update(settled_at=now)


def _make_row(trouble: Trouble, event: str, reason: Reason, sentence: str, *, now: datetime) -> Delivery:
    return Delivery(
        team_id=trouble.team_id,
        trouble=trouble,
        event=event,
        key=make_withheld_key(trouble, event, reason),
        status=OutgoingStatus.WITHHELD,
        reason=reason,
        subject=trouble.title[:300],
        answer=sentence,
        planned_at=now,
    )


def make_withheld_key(trouble: Trouble, event: str, reason: Reason) -> str:
    """The key of a row: trouble, round (as in ``planning.round_of``), reason and event."""
    key = f"{trouble.pk}.{trouble.round}:withheld:{reason}"
    return key if event == trouble.event else f"{key}:{event}"
