"""DNS: ask a name server for records and compare them with what is expected."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

from core import structs
from core.hosts import split_host_port
from probes.check import Check, Engines, Judgement
from probes.config_fields import DegradedMs, field
from probes.config_rules import collect_error
from probes.errors import ErrorCode
from probes.kind import CheckKind, Target
from probes.result import Status
from probes.spec import CheckSpec
from probes.targets import check_bare_host


class DnsConfig(Struct, frozen=True, kw_only=True):
    """Ask ``resolver`` (empty: the system's) for records and compare them with ``expected``.

    ``match``: ``any`` – at least one expected value is there; ``all`` – every one is; ``exact`` – these and
    no others; ``contains`` – every expected text is part of some record. Without any, every record will do.
    """

    record_type: Annotated[
        Literal["A", "AAAA", "CAA", "CNAME", "MX", "NS", "PTR", "SOA", "SRV", "TXT"],
        field("Record", "one of A, AAAA, CAA, CNAME, MX, NS, PTR, SOA, SRV, TXT", section="request"),
    ] = "A"
    expected: Annotated[
        list[Annotated[str, Meta(min_length=1, max_length=1_000)]],
        field(
            "Expected",
            "a list of at most 50 texts, none of them empty",
            "Without any, every record will do.",
            limits={"max_length": 50},
            example=["203.0.113.20"],
        ),
    ] = []
    match: Annotated[
        Literal["any", "all", "exact", "contains"],
        field(
            "How they match",
            '"any", "all", "exact" or "contains"',
            when=("expected", None),
            labels={
                "any": "At least one is there",
                "all": "All are there",
                "exact": "These and no others",
                "contains": "Each is part of some record",
            },
        ),
    ] = "any"
    resolver: Annotated[
        str,
        field(
            "Name server",
            "a host, host:port, or empty",
            "Who is asked; empty: the system's.",
            limits={"max_length": 260},
            section="request",
            advanced=True,
            example="1.1.1.1",
        ),
    ] = ""
    degraded_ms: DegradedMs = None


def tidy(config: Mapping[str, Any]) -> dict[str, Any]:
    spelled = dict(config)
    if isinstance(record_type := spelled.get("record_type"), str):
        spelled["record_type"] = record_type.strip().upper()
    return spelled


def validate(config: dict[str, Any], errors: dict[str, str]) -> None:
    if config["resolver"]:
        collect_error(errors, "resolver", lambda: split_host_port(config["resolver"], default_port=53))


def name_host(spec: CheckSpec) -> str:
    return str(spec.config.get("resolver") or spec.target).lower()


def start(check: Check, *, engines: Engines) -> None:
    """Begin a DNS check on the asyncio thread."""
    engines.loop.start(check, probe_dns)


async def probe_dns(check: Check) -> Judgement:
    """Ask by UDP, by TCP when the answer is truncated, and again until an answer comes or the time is up.
    Then compare the records."""
    from probes.dns_client import ask_name_server
    from probes.dns_records import compare_records

    config = structs.convert(check.spec.config, DnsConfig)
    check.phase = "dns_ms"
    records = await ask_name_server(check, kind=config.record_type, of=config.resolver)
    check.total_ms = sum(check.timings.values())
    if wrong := compare_records(records, config.expected, kind=config.record_type, match=config.match):
        return Judgement(Status.DOWN, ErrorCode.DNS_MISMATCH, wrong)
    return check.judge_soft_limits(expiry_days=0, degraded_ms=config.degraded_ms)


KIND = CheckKind(
    label="DNS",
    help="Asks a name server for records and compares them with what is expected.",
    target=Target("Name", "example.com"),
    name_hint="{host} {record_type}",
    config=DnsConfig,
    check_target=check_bare_host,
    start=start,
    needs=("probes.dns_client",),
    tidy=tidy,
    validate=validate,
    name_host=name_host,
)
