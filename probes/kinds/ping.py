"""Ping: sends ICMP echo requests and counts the answers."""

import socket
from typing import Annotated

from msgspec import Struct

from core import structs
from probes.check import Check, Engines, Judgement, ProbeError
from probes.config_fields import DegradedMs, Family, field
from probes.config_rules import tidy_family
from probes.errors import ErrorCode
from probes.kind import CheckKind, Target
from probes.result import Status
from probes.routes import explain_no_route, has_route
from probes.targets import check_bare_host

_REFUSED = (
    "This machine does not let SentryPulse send pings. On Linux run: "
    'sysctl -w net.ipv4.ping_group_range="0 2147483647"; or watch the host with kind tcp.'
)


class PingConfig(Struct, frozen=True, kw_only=True):
    """Send ``count`` echo requests; down when a larger share than ``max_loss_ratio`` stays unanswered."""

    count: Annotated[
        int,
        field(
            "Requests",
            "a whole number from 1 to 20",
            limits={"ge": 1, "le": 20},
            section="request",
            advanced=True,
        ),
    ] = 3
    max_loss_ratio: Annotated[
        float,
        field(
            "Loss at most",
            "a number from 0 to below 1, such as 0.5",
            "The share of the requests that may stay unanswered.",
            limits={"ge": 0, "lt": 1},
        ),
    ] = 0.5
    degraded_ms: DegradedMs = None
    ip_family: Family = "any"


def find_obstacle() -> str:
    return "" if ping_permitted() else _REFUSED


def ping_permitted() -> bool:
    """Whether this process may send ICMP over IPv4."""
    from probes.icmp import open_socket

    try:
        opened, _raw = open_socket(socket.AF_INET)
    except ProbeError:
        return False
    opened.close()
    return True


def start(check: Check, *, engines: Engines) -> None:
    """Begin a ping check on the asyncio thread."""
    engines.loop.start(check, probe_ping)


async def probe_ping(check: Check) -> Judgement:
    """Send ``count`` requests, each when the one before is answered or its share of the time is over.

    ``first_byte_ms`` is the mean round trip. ``total_ms`` is the mean round trip plus the lookup: what one
    exchange takes.
    """
    from probes import icmp
    from probes.connect import drop, look_up

    config = structs.convert(check.spec.config, PingConfig)
    with check.timing("dns_ms"):
        found = await look_up(check.spec.target, 0, family=config.ip_family, kind=socket.SOCK_DGRAM)
    family, _, _, _, where = next((each for each in found if has_route(each[4][0])), found[0])
    check.address = where[0]
    check.guard.check(where[0])
    if no_route := explain_no_route([each[4][0] for each in found]):
        raise ProbeError(*no_route, status=Status.UNKNOWN)
    check.phase = "first_byte_ms"
    opened, raw = icmp.open_socket(family)
    try:
        trips_ms = await icmp.exchange(check, opened, raw=raw, family=family, where=where, count=config.count)
    finally:
        drop(opened)
    return _judge_trips(check, config, trips_ms)


def _judge_trips(check: Check, config: PingConfig, trips_ms: list[float]) -> Judgement:
    lost = config.count - len(trips_ms)
    if trips_ms:
        check.timings["first_byte_ms"] = round(sum(trips_ms) / len(trips_ms))
        check.total_ms = check.timings["dns_ms"] + check.timings["first_byte_ms"]
    if not trips_ms or lost / config.count > config.max_loss_ratio:
        return Judgement(
            Status.DOWN,
            ErrorCode.PING_LOST,
            f"{lost} of {config.count} echo requests to {check.address} stayed unanswered.",
        )
    return check.judge_soft_limits(expiry_days=0, degraded_ms=config.degraded_ms)


KIND = CheckKind(
    label="Ping",
    help="Sends ICMP echo requests and counts what comes back.",
    target=Target("Host", "example.com"),
    config=PingConfig,
    check_target=check_bare_host,
    start=start,
    needs=("probes.icmp", "probes.connect"),
    tidy=tidy_family,
    find_obstacle=find_obstacle,
)
