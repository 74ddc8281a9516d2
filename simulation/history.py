"""A whole history, step by step: monitors, raw results with their spells, rollups, incidents."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

from django.conf import settings
from django.db import transaction

from accounts.models import Team, User
from accounts.services.teams import create_team
from analytics import rollups
from analytics.models import Progress
from analytics.retention import hours_kept_from
from analytics.windows import DAY, HOUR, Span, floor_day
from core.instants import to_ms
from incidents.models import MaintenanceWindow
from monitors.models import Monitor, Tag
from probes.registry import HEARTBEAT
from simulation.backfill import block_of, copy_back, shifts_of
from simulation.effects import SimulatedOutage, befall, believe, outages_of, tell_outages
from simulation.episodes import Spell, SpellKind, draw_spells, first_maintenance, lasting
from simulation.monitors import MAINTAINED_TAG, Player, make_players
from simulation.rows import batches, insert_rows

TEAM = "Simulation"
JUST_NOW = timedelta(seconds=15)
"""The newest result is older than this: it has been checked and recorded."""
ONE_IN_FLAKY = 20
DOWN_NOW, SLOW_NOW = 1, 3
"""By their number: one monitor is down at this moment, one slow."""
LASTING_SLOTS = 5

Told = Callable[[str, int, int], None]
"""Hears what is being done, and how much of how much."""
Spells = Mapping[Player, Sequence[Spell]]


class NotEmpty(Exception):
    """The team has monitors already."""


@dataclass(frozen=True, slots=True)
class Simulated:
    monitors: int
    results: int
    incidents: int


@dataclass(frozen=True, slots=True)
class HistoryFrame:
    """When the history begins, from when on it has raw results (both are midnights in UTC), and when it
    ends."""

    start: datetime
    raw_from: datetime
    end: datetime

    @classmethod
    def of(cls, days: int, now: datetime) -> "HistoryFrame":
        end = now - JUST_NOW
        kept, today = min(days, settings.RAW_RETENTION_DAYS), floor_day(end)
        return cls(today - days * DAY, today - kept * DAY, end)

    @property
    def block(self) -> Span:
        return block_of(self.raw_from, (floor_day(self.end) - self.raw_from) // DAY)


def simulate(
    *,
    monitors: int,
    days: int,
    interval_s: int,
    seed: int,
    add: bool,
    owner: str,
    clock: Callable[[], datetime],
    told: Told = lambda *_: None,
) -> Simulated:
    """Make ``monitors`` with ``days`` of history in the team "Simulation"; ``owner`` names who rolls up.

    The same ``seed`` makes the same history. Raises ``NotEmpty`` when the team has monitors, unless ``add``,
    and ``rollups.RollupBusy``. Raw results are those that would still be kept; what lies before is rollups
    alone.
    """
    now = clock()
    frame, chance = HistoryFrame.of(days, now), Random(seed)  # noqa: S311  # to be repeated, not to be secret
    team = ensure_team(now=now)
    if not add and Monitor.objects.filter(team=team).exists():
        raise NotEmpty
    _begin(frame, owner=owner, clock=clock)
    players = make_players(team, count=monitors, interval_s=interval_s, born_at=frame.start, chance=chance)
    _plan_maintenance(team, frame.start)
    spells = {player: _draw(number, player, frame, chance) for number, player in enumerate(players)}
    results = _write_results(spells, frame, told)
    _roll_up([p.monitor.pk for p in players], frame, owner=owner, clock=clock, told=told)
    believe(spells, born_at=frame.start, now=frame.end)
    outages = [outage for player, some in spells.items() for outage in outages_of(player, some)]
    incidents = tell_outages(outages, lambda outage: _copies(outage, frame))
    return Simulated(len(players), results, incidents)


def ensure_team(*, now: datetime) -> Team:
    """The team, which is made when there is none. The administrator owns it, if there is one."""
    administrator = User.objects.filter(is_superuser=True).order_by("pk").first()
    team = Team.objects.filter(name=TEAM).order_by("pk").first()
    if team is None and administrator is not None:
        return create_team(administrator, name=TEAM, now=now)
    return team or Team.objects.create(name=TEAM)


def _begin(frame: HistoryFrame, *, owner: str, clock: Callable[[], datetime]) -> None:
    """See to it that rolling up has begun, for real monitors where they do, else with our raw results."""
    if Monitor.objects.exists():
        rollups.catch_up(owner=owner, now=clock(), most=1)
    older = frame.start < frame.raw_from
    rollups.begin_at(frame.raw_from, raw_from=frame.raw_from if older else None, now=clock())


def _plan_maintenance(team: Team, after: datetime) -> None:
    start, end = first_maintenance(after)
    tag = Tag.objects.filter(team=team, name=MAINTAINED_TAG).first()
    if tag is not None:
        window, _ = MaintenanceWindow.objects.get_or_create(
            team=team,
            title="Weekly database maintenance",
            defaults={"starts_at": start, "ends_at": end, "rrule": "FREQ=WEEKLY;BYDAY=SU"},
        )
        window.tags.add(tag)


def _draw(number: int, player: Player, frame: HistoryFrame, chance: Random) -> list[Spell]:
    """What befalls a monitor while its results are raw. Two of them still suffer when it ends."""
    own = Random(chance.getrandbits(32))  # noqa: S311  # see above
    source, end_ms = player.source, to_ms(frame.end)
    now = {DOWN_NOW: SpellKind.OUTAGE, SLOW_NOW: SpellKind.SLOW}.get(number)
    drawn = draw_spells(
        source,
        own,
        start_ms=to_ms(frame.raw_from),
        end_ms=to_ms(floor_day(frame.end)) if now else end_ms,
        flaky=number % ONE_IN_FLAKY == 0,
        maintained=player.maintained,
    )
    spells = [
        spell for spell in drawn if spell.kind is not SpellKind.SLOW or player.monitor.kind != HEARTBEAT
    ]
    if not now:
        return spells
    last = lasting(source, now, end_ms=end_ms, slots=LASTING_SLOTS)
    return [*(spell for spell in spells if (spell.end_ms or 0) < last.start_ms), last]


def _write_results(spells: Spells, frame: HistoryFrame, told: Told) -> int:
    """Make the raw results a batch at a time, each with its spells in the same transaction."""
    of = {player.source: player for player in spells}
    start_ms, end_ms = to_ms(frame.raw_from), to_ms(frame.end)
    total = sum((end_ms - start_ms) // source.step_ms for source in of)
    made = 0
    for sources, since, until in batches(of.keys(), start_ms, end_ms):
        with transaction.atomic():
            made += insert_rows(sources, start_ms=since, end_ms=until)
            for player in (of[source] for source in sources):
                made -= sum(befall(player, spell) for spell in spells[player] if until == end_ms)
        told("raw results", min(made, total), total)
    told("raw results", total, total)
    return made


def _roll_up(
    ids: Sequence[int], frame: HistoryFrame, *, owner: str, clock: Callable[[], datetime], told: Told
) -> None:
    """Roll up what is raw by the product's own code, then copy it back in time."""
    rolled_until = Progress.objects.get(pk=Progress.UPTIME).rolled_until
    hours = (frame.end - frame.raw_from) // HOUR

    def tell(hour: datetime) -> None:
        told("hours rolled up", max(0, min(hours, (hour - frame.raw_from) // HOUR)), hours)

    # Hours that were rolled up before these results were there; what follows is the usual way.
    rollups.roll_monitors(ids, frame.raw_from, rolled_until, told=tell)
    rollups.catch_up_wholly(owner=owner, clock=clock, told=tell)
    told("hours rolled up", hours, hours)
    if frame.start < frame.raw_from:
        copy_back(
            ids,
            frame.block,
            start=frame.start,
            hours_from=hours_kept_from(frame.end),
            told=lambda done: told("older history", done, len(ids)),
        )


def _copies(outage: SimulatedOutage, frame: HistoryFrame) -> list[timedelta]:
    """How far the outage is moved back, each time with the rollups of its day."""
    if frame.start >= frame.raw_from or outage.started_at >= frame.block[1]:
        return []
    return [
        shift for shift in shifts_of(frame.block, frame.start) if outage.started_at - shift >= frame.start
    ]
