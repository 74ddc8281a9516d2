"""Is it the target, or is it us? While nothing answers from here, a check that fails says nothing about its
target.

A result that failed on the network is held for a moment, until we know. Our own network is down when none of
the reference targets answers (OWN_NETWORK_TARGETS). Without reference targets, it is down when more than 80 %
of at least five distinct hosts do not answer. These are hosts that answered lately, of which some are asked
again, or the hosts of the same batch and minute. When too few hosts are watched to tell, the result is handed
on at once as it is. A host that refuses has answered. Checks of a batch whose ``learns`` is False (a person
looked once) are no evidence about the network.
"""

import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from time import perf_counter
from typing import Protocol, TypeVar

import msgspec

from core.descriptors import was_short
from probes.check import Check
from probes.errors import SHORT, ErrorCode
from probes.evidence import MIN_HOSTS, Address, Evidence, HostOutcome, Way, is_literal, is_ours, read_outcomes
from probes.result import ERROR_MAX_CHARS, CheckResult, Status

logger = logging.getLogger(__name__)

ASK_WITHIN_S = 2.0
FRESH_S = 2.0
"""Seconds after which hosts are asked again, while nobody answers."""
BATCH_WITHIN_S = 3.0
"""Seconds for which the rest of a batch is waited for."""
PEERS_FOR_S = 600.0
FIRST_ASKED, ASKED_AT_MOST = 5, 20
SIGNS_OF_LIFE, LIFE_WITHIN_S = 3, 0.3
"""When so many hosts answer within so many seconds of the failure, all is well, and nobody is asked."""
BACK_WITHIN_S = 10.0
STOP_WITHIN_S = 1.0
"""Seconds that a stop waits for hosts that are being asked."""
RECENT_S = 60.0
"""Seconds. When nobody can be asked, the hosts that were checked within this time are counted."""

NOTHING_ANSWERS = "Nothing answers from where it is checked: the network there failed, and not the target."

Deliver = Callable[[CheckResult], None]
T = TypeVar("T")


class Batch(Protocol):
    """One batch of checks. ``hosts``: its number of distinct hosts. ``held``: how many of its results are
    held here. ``learns``: whether its results are evidence."""

    hosts: int
    held: int
    learns: bool

    @property
    def is_all_in(self) -> bool:
        """Whether each of its checks has ended."""

    def abandon(self) -> None:
        """Give up the results that have not come: nobody waits for them any more."""


@dataclass(slots=True)
class _Line:
    """What is known of one of the two things that fail when our network does: looking up names, and
    connecting."""

    by_name: bool
    references: Sequence[Address]
    evidence: Evidence = field(default_factory=Evidence)
    down_from: float | None = None
    last_outage: tuple[float, float] = (-1.0, -1.0)
    fine_at: float = float("-inf")
    asked_at: float = float("-inf")


@dataclass(slots=True, eq=False)
class _Held:
    started: float
    ended: float
    host: str
    line: _Line
    batch: Batch
    result: CheckResult
    deliver: Deliver


class OwnNetwork:
    """Holds the results that failed, and hands each on as it is or as ``own_network``. Thread-safe; its own
    thread starts with the first result that must be held."""

    def __init__(self, *, references: Sequence[Address] = ()) -> None:
        named = [each for each in references if not is_literal(each[0])]
        self._connections = _Line(by_name=False, references=references)
        self._names = _Line(by_name=True, references=named)
        self._held: list[_Held] = []
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self._closing = False

    def close(self) -> None:
        """Stop the thread. Results that are held are dropped."""
        with self._changed:
            self._closing, thread = True, self._thread
            for held in self._held:
                held.batch.abandon()
            self._held.clear()
            self._changed.notify()
        if thread is not None:
            thread.join(STOP_WITHIN_S)

    def take(self, check: Check, result: CheckResult, *, batch: Batch, deliver: Deliver) -> None:
        """Learn from ``result``, and ``deliver`` it now, or as soon as it is known what it means."""
        now = perf_counter()
        outcomes = read_outcomes(result, name=_name_of(check), way=_way_of(check))
        failed = None
        with self._changed:
            for outcome in outcomes:
                line = self._names if outcome.by_name else self._connections
                if outcome.refused and line.references:  # may be a gateway's: these decide
                    failed = _Held(check.started, now, outcome.host, line, batch, result, deliver)
                    continue
                if batch.learns:
                    self._learn(line, outcome, check, now)
                if not outcome.reached:
                    failed = _Held(check.started, now, outcome.host, line, batch, result, deliver)
            if failed is None or result.status is not Status.DOWN:
                excused: bool | None = False
            else:
                excused = self._is_excused(failed, now)
                if excused is None:
                    self._hold(failed)
        if excused is False or failed is None:
            deliver(result)
        elif excused:
            deliver(excuse(result))

    def _hold(self, held: _Held) -> None:
        if self._closing:
            held.batch.abandon()
            return
        self._held.append(held)
        held.batch.held += 1
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="probe-network", daemon=True)
            self._thread.start()
        self._changed.notify()

    # What we know. Called under the lock.

    def _learn(self, line: _Line, outcome: HostOutcome, check: Check, now: float) -> None:
        peer = _peer_of(check, outcome.by_name)
        line.evidence.note(outcome.host, reached=outcome.reached, at=now, team=check.team, peer=peer)
        if outcome.reached:
            self._note_life(line, now)

    def _is_excused(self, held: _Held, now: float) -> bool | None:
        """Whether the failure is ours. None: not known yet."""
        line = held.line
        began, ended = line.last_outage if line.down_from is None else (line.down_from, now)
        if (
            began <= held.ended
            and held.started <= ended
            and (line.down_from is None or line.asked_at > now - FRESH_S)
        ):
            return True  # it failed while nothing answered from here
        alive = line.fine_at >= held.ended or self._is_alive(line, since=held.ended)
        if line.down_from is None and alive:
            return False
        if self._can_ask(held, now):
            return None
        if held.batch.hosts >= MIN_HOSTS and not held.batch.is_all_in and now < held.ended + BATCH_WITHIN_S:
            return None
        hosts, failed = line.evidence.count(since=held.started - RECENT_S)
        ours, was_ours = is_ours(hosts, failed), line.down_from is not None
        if ours or was_ours:
            self._conclude(
                line, ours=ours, at=now, since=held.started, said=f"{failed} of {hosts} hosts fail"
            )
        return ours or was_ours  # it failed before anybody knew that all is well again

    def _is_alive(self, line: _Line, *, since: float) -> bool:
        hosts, failed = line.evidence.count(since=since)
        return hosts - failed >= SIGNS_OF_LIFE and not is_ours(hosts, failed)

    def _can_ask(self, held: _Held, now: float) -> bool:
        line = held.line
        if line.references:
            return True
        peers = self._list_peers(line, now)
        itself = {held.host} if held.batch.learns else set()
        if len(peers.keys() | itself) >= MIN_HOSTS:
            return True
        # Hosts that never answered cost nothing: before they outvote all others, who answered is asked.
        several = line.evidence.is_of_several_teams
        return bool(peers) and several and is_ours(*line.evidence.count(since=held.started - RECENT_S))

    def _list_peers(self, line: _Line, now: float) -> dict[str, Address]:
        """The hosts that answered in the last minutes; while nobody answers, in the minutes before that."""
        since = (now if line.down_from is None else line.down_from) - PEERS_FOR_S
        return line.evidence.list_peers(since=since)

    def _note_life(self, line: _Line, now: float) -> None:
        if line.down_from is not None and self._is_alive(line, since=now - BACK_WITHIN_S):
            self._conclude(line, ours=False, at=now, since=now, said="hosts answer again")

    def _conclude(self, line: _Line, *, ours: bool, at: float, since: float, said: str) -> None:
        line.asked_at = at
        what = "names" if line.by_name else "connections"
        if ours and line.down_from is None:
            line.down_from = since
            logger.error("own network is down line=%s: checks that fail are unknown; %s", what, said)
        elif not ours:
            line.fine_at = at
            if line.down_from is not None:
                line.last_outage, line.down_from = (line.down_from, at), None
                logger.warning(
                    "own network is back line=%s after_s=%d; %s", what, at - line.last_outage[0], said
                )

    # The thread

    def _run(self) -> None:
        while True:
            with self._changed:
                while not self._held and not self._closing:
                    self._changed.wait()
                if self._closing:
                    return
                now = perf_counter()
                judged = [(held, self._is_excused(held, now)) for held in self._held]
                self._held = [held for held, excused in judged if excused is None]
                for held, excused in judged:
                    held.batch.held -= excused is not None
                unasked = {
                    id(held.line): held.line
                    for held in self._held
                    if now >= held.ended + LIFE_WITHIN_S and self._can_ask(held, now)
                }
            for held, excused in judged:
                if excused is not None:
                    held.deliver(excuse(held.result) if excused else held.result)
            for line in unasked.values():
                self._ask(line)
            if self._held and not unasked:
                with self._changed:
                    self._changed.wait(0.02)

    def _ask(self, line: _Line) -> None:
        """Find out whether anybody answers. When a bug prevents that, the network counts as up, so that no
        result is held for ever."""
        with self._changed:
            began = perf_counter()
            mine = [held for held in self._held if held.line is line]
            since = min((held.started for held in mine), default=began)
            peers = self._list_peers(line, began)
            failed = {held.host for held in mine}
            chosen = _choose([host for host in peers if host not in failed], ASKED_AT_MOST)
            chosen += [host for host in peers if host in failed][: ASKED_AT_MOST - len(chosen)]
            counts_itself = any(held.batch.learns and held.host not in peers for held in mine)
        try:
            ours, said = (
                self._ask_references(line)
                if line.references
                else self._ask_peers(line, [peers[host] for host in chosen], int(counts_itself))
            )
        except Exception:
            logger.exception("own network could not be asked")
            ours, said = False, "nobody could be asked"
        if was_short(since=began):
            self._let_go(line)
            return
        with self._changed:
            self._conclude(line, ours=ours, at=perf_counter() if ours else began, since=since, said=said)

    def _let_go(self, line: _Line) -> None:
        """Hand on the held results as ``unknown``: a process without free descriptors can ask nobody, and the
        checks may have failed for that reason."""
        with self._changed:
            freed = [held for held in self._held if held.line is line]
            self._held = [held for held in self._held if held.line is not line]
            for held in freed:
                held.batch.held -= 1
        for held in freed:
            held.deliver(excuse(held.result, *SHORT))

    def _ask_references(self, line: _Line) -> tuple[bool, str]:
        from probes.asking import count_connected

        answered = count_connected(line.references, enough=1, within_s=ASK_WITHIN_S)
        return not answered, f"{answered} of {len(line.references)} reference targets answer"

    def _ask_peers(self, line: _Line, peers: Sequence[Address], failed: int) -> tuple[bool, str]:
        """Ask a few hosts first; when too few of these answer, ask many. Only hosts that were asked count,
        and ``failed`` (0 or 1) for the checks that made us ask. Fewer hosts than ``MIN_HOSTS`` are enough
        here, because they are asked only when the hosts of the last minute say the same."""
        from probes.asking import count_connected, count_looked_up  # asks for names: a library's cost

        first = _choose(peers, FIRST_ASKED)
        asked = answered = 0
        at_least = min(MIN_HOSTS, len(peers) + failed)
        for some in (first, [peer for peer in peers if peer not in first]):
            enough = len(some) // 2 + 1
            if line.by_name:
                answered += count_looked_up([n for n, _ in some], enough=enough, within_s=ASK_WITHIN_S)
            else:
                answered += count_connected(some, enough=enough, within_s=ASK_WITHIN_S, or_refused=True)
            asked += len(some)
            if not is_ours(asked + failed, asked - answered + failed, at_least=at_least):
                break
        hosts, silent = asked + failed, asked - answered + failed
        ours = is_ours(hosts, silent, at_least=at_least)
        return ours, f"{silent} of {hosts} hosts do not answer"


def _choose(those: Sequence[T], number: int) -> list[T]:
    """``number`` of ``those``, evenly spread over the list. In the list the teams take turns, so that a team
    with many hosts fills its end."""
    number = min(number, len(those))
    return [those[place * len(those) // number] for place in range(number)]


def _way_of(check: Check) -> Way:
    if check.spec.kind != "dns":
        return Way.CONNECTS
    return Way.ASKS_SERVER if check.spec.config.get("resolver") else Way.LOOKS_UP


def _name_of(check: Check) -> str:
    return check.spec.target.lower() if check.spec.kind == "dns" else check.host


def _peer_of(check: Check, by_name: bool) -> Address | None:
    if by_name:
        return _name_of(check), 0
    return (check.address, check.port) if check.address and check.port else None


def excuse(
    result: CheckResult, code: ErrorCode = ErrorCode.OWN_NETWORK, why: str = NOTHING_ANSWERS
) -> CheckResult:
    """The result of a check that failed for a reason of ours: ``unknown``. As a rule, the reason is that
    nothing answered from here."""
    return msgspec.structs.replace(
        result,
        status=Status.UNKNOWN,
        error_code=code.value,
        error=f"{why} What was seen: {result.error}"[:ERROR_MAX_CHARS],
    )
