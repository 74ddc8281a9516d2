"""What the checks of this process tell about the network that they go through. Pure: the caller gives the
instants.

Hosts count, not checks: fifty monitors of one host, of one address, or of one public network count once.
Names and connections are judged apart, because a place may have lost only its name servers. A host that
refuses has answered. When more than one team is watched, no team decides for the others: its hosts count only
up to the number of all others' hosts, or ``OF_ONE_TEAM``, which alone are too few to decide.
"""

from collections import Counter, OrderedDict
from enum import StrEnum
from functools import lru_cache
from ipaddress import ip_address, ip_network
from itertools import chain, zip_longest
from typing import NamedTuple

from probes.errors import LOOKUP_CODES, NETWORK_CODES, REFUSAL_CODES, ErrorCode
from probes.result import CheckResult, Status

MIN_HOSTS = 5
"""Fewer hosts than this say nothing about a network: all of them may be down."""
FAILED_SHARE = 0.8
"""When a larger part of the hosts does not answer, our own network is down."""
HOSTS_AT_MOST = 2_000
OF_ONE_TEAM = 3
"""Hosts of a team that count even when fewer hosts of others are watched."""
TEAMS_FOR_S = 3_600.0
"""Seconds for which a team counts as watched after its last check."""

Address = tuple[str, int]
"""An address or a name, and a port."""

_SAYS_NOTHING = frozenset({ErrorCode.DNS_NO_ANSWER, ErrorCode.BLOCKED_ADDRESS})


class HostOutcome(NamedTuple):
    """Whether ``host`` answered: when its name was looked up (``by_name``), or when a check connected to it.

    ``refused``: the host was reached and refused, and the check failed because of that.
    """

    host: str
    reached: bool
    by_name: bool
    refused: bool = False


class Way(StrEnum):
    """How a check reaches its target: ``connects`` to it, ``looks_up`` a name at the system's name servers,
    or ``asks_server``, a name server that the user named."""

    CONNECTS = "connects"
    LOOKS_UP = "looks_up"
    ASKS_SERVER = "asks_server"


def read_outcomes(result: CheckResult, *, name: str, way: Way) -> list[HostOutcome]:
    """What ``result`` says of the network; empty when it says nothing. ``name`` is the target's host or
    domain."""
    code, ours = result.error_code, result.error_code == ErrorCode.OWN_NETWORK
    if code in _SAYS_NOTHING or (result.status is Status.UNKNOWN and not ours):
        return []
    if way is Way.ASKS_SERVER and result.address:
        unheard = ours or code in (
            ErrorCode.DNS_TIMEOUT,
            ErrorCode.DNS_FAILURE,
        )  # a name server answered that the name does not exist
        return [HostOutcome(group_address(result.address), not unheard, by_name=False)]
    if code in LOOKUP_CODES or (ours and not result.address):
        refused = code in REFUSAL_CODES
        return [HostOutcome(group_name(name), refused, by_name=True, refused=refused)]
    outcomes = []
    if not is_literal(name) and (result.address or way is Way.LOOKS_UP):
        outcomes.append(HostOutcome(group_name(name), True, by_name=True))
    if result.address and way is Way.CONNECTS:
        refused = code in REFUSAL_CODES
        reached = refused or not (ours or code in NETWORK_CODES)
        outcomes.append(HostOutcome(group_address(result.address), reached, by_name=False, refused=refused))
    return outcomes


@lru_cache(maxsize=4_096)
def is_literal(name: str) -> bool:
    try:
        ip_address(name.strip("[]").partition("%")[0])
    except ValueError:
        return False
    return True


@lru_cache(maxsize=4_096)
def group_address(address: str) -> str:
    """The group in which an address counts as one host: the /24 of a public IPv4 address, the /48 of a public
    IPv6 address, and for all others the address itself."""
    try:
        ip = ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if not ip.is_global:
        return str(ip)
    return str(ip_network((ip, 24 if ip.version == 4 else 48), strict=False))


@lru_cache(maxsize=4_096)
def group_name(name: str) -> str:
    """The group in which a name counts as one host: roughly its registered domain, because all names below it
    fail together with its name servers."""
    labels = name.rstrip(".").split(".")
    kept = 3 if len(labels) > 2 and len(labels[-1]) == 2 and len(labels[-2]) <= 3 else 2
    return ".".join(labels[-kept:])


class _Seen(NamedTuple):
    at: float
    reached: bool
    team: int


class Evidence:
    """The newest outcome of each host, and where hosts that answered can be asked again. Not thread-safe: its
    owner holds a lock."""

    def __init__(self) -> None:
        self._latest: OrderedDict[str, _Seen] = OrderedDict()
        self._peers: OrderedDict[str, tuple[float, Address]] = OrderedDict()
        self._team: int | None = None
        self._at = self._two_teams_at = float("-inf")

    def note(
        self, host: str, *, reached: bool, at: float, team: int = 0, peer: Address | None = None
    ) -> None:
        """Take one outcome in. ``peer`` is the (address or name, port) at which ``host`` can be asked again.
        A host stays with the team that was the first to watch it."""
        if self._team not in (None, team):
            self._two_teams_at = at
        self._team, self._at = team, at
        before = self._latest.get(host)
        self._latest[host] = _Seen(at, reached, before.team if before else team)
        self._latest.move_to_end(host)
        if len(self._latest) > HOSTS_AT_MOST:
            self._peers.pop(self._latest.popitem(last=False)[0], None)
        if peer is not None and reached:
            self._peers[host] = at, peer
            self._peers.move_to_end(host)

    def count(self, *, since: float) -> tuple[int, int]:
        """Returns (hosts, hosts that did not answer) of the outcomes since then. Of each team, only as many
        hosts count as ``_bound`` says."""
        hosts: Counter[int] = Counter()
        failed: Counter[int] = Counter()
        for seen in reversed(self._latest.values()):
            if seen.at < since:
                break
            hosts[seen.team] += 1
            failed[seen.team] += not seen.reached
        in_all = hosts.total()
        counted = {team: min(number, self._bound(number, in_all)) for team, number in hosts.items()}
        silent = sum(round(failed[team] * number / hosts[team]) for team, number in counted.items())
        return sum(counted.values()), silent

    def list_peers(self, *, since: float) -> dict[str, Address]:
        """Where the hosts that answered since then can be asked, by host; of each team only as many as
        ``_bound`` says. The teams take turns, and a team's newest hosts come first."""
        by_team: dict[int, list[tuple[str, Address]]] = {}
        number = 0
        for host, (at, peer) in reversed(self._peers.items()):
            if at < since:
                break
            by_team.setdefault(self._latest[host].team, []).append((host, peer))
            number += 1
        bounded = [peers[: self._bound(len(peers), number)] for peers in by_team.values()]
        return dict(each for each in chain.from_iterable(zip_longest(*bounded)) if each is not None)

    def _bound(self, number: int, of: int) -> int:
        """How many of a team's ``number`` hosts count, when all teams together have ``of``."""
        return max(OF_ONE_TEAM, of - number) if self.is_of_several_teams else number

    @property
    def is_of_several_teams(self) -> bool:
        """Whether more than one team is watched."""
        return self._two_teams_at > self._at - TEAMS_FOR_S


def is_ours(hosts: int, failed: int, *, at_least: int = MIN_HOSTS) -> bool:
    """Whether our own network is down when ``failed`` of ``hosts`` do not answer. False for fewer hosts than
    ``at_least``, because they cannot tell."""
    return hosts >= at_least and failed > FAILED_SHARE * hosts
