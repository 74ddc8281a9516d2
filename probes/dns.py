"""DNS: ask a name server for records and compare them with what is expected."""

import ipaddress
import socket
from functools import lru_cache

import dns.asyncresolver
import dns.exception
import dns.name
import dns.rdatatype
import dns.resolver
import dns.reversename
import msgspec

from probes.check import Check, Engines, ProbeError, Verdict
from probes.config import DnsConfig
from probes.connect import resolve
from probes.errors import ErrorCode
from probes.result import Status
from probes.targets import split_host_port


def start(check: Check, *, engines: Engines) -> None:
    """Begin a DNS check on the asyncio thread."""
    engines.loop.start(check, probe_dns)


async def probe_dns(check: Check) -> Verdict:
    """Ask once (UDP, TCP when truncated, again while the timeout lasts) and compare the records."""
    config = msgspec.convert(check.spec.config, DnsConfig)
    check.phase = "dns_ms"
    resolver = await _make_resolver(check, config.resolver)
    records = await _ask(check, resolver, config)
    check.total_ms = sum(check.timings.values())
    if wrong := _compare(records, config):
        return Verdict(Status.DOWN, ErrorCode.DNS_MISMATCH, wrong)
    return check.judge_soft_limits(expiry_days=0, degraded_ms=config.degraded_ms)


async def _make_resolver(check: Check, where: str) -> dns.asyncresolver.Resolver:
    """The system's resolver is the operator's own and trusted; one that a user names passes the guard."""
    if not where:
        return _get_system_resolver()
    host, port = split_host_port(where, default_port=53)
    found = await resolve(host, port, family="any", kind=socket.SOCK_DGRAM)
    address = found[0][4][0]
    check.address = address
    check.guard.check(address)
    resolver = dns.asyncresolver.Resolver(configure=False)
    resolver.nameservers, resolver.port = [address], port
    return resolver


@lru_cache(maxsize=1)
def _get_system_resolver() -> dns.asyncresolver.Resolver:
    try:
        return dns.asyncresolver.Resolver()
    except dns.resolver.NoResolverConfiguration:
        raise ProbeError(
            ErrorCode.INTERNAL, "This prober's system names no DNS server.", status=Status.UNKNOWN
        ) from None


async def _ask(check: Check, resolver: dns.asyncresolver.Resolver, config: DnsConfig) -> list[str]:
    name, kind = _spell_name(check.spec.target, config.record_type), config.record_type
    shown = check.spec.target[:100]
    try:
        with check.timing("dns_ms"):
            answer = await resolver.resolve(name, kind, search=False, lifetime=check.remaining_s())
    except dns.resolver.NXDOMAIN:
        raise ProbeError(ErrorCode.DNS_NXDOMAIN, f"The name {shown} does not exist.") from None
    except dns.resolver.NoAnswer:
        raise ProbeError(
            ErrorCode.DNS_NO_ANSWER, f"The name {shown} exists, but has no {kind} record."
        ) from None
    except dns.exception.Timeout:
        raise TimeoutError from None
    except (dns.resolver.NoNameservers, dns.resolver.YXDOMAIN, dns.exception.DNSException) as trouble:
        raise ProbeError(ErrorCode.DNS_FAILURE, _explain_failure(trouble, shown)) from None
    except OSError:
        raise ProbeError(ErrorCode.DNS_FAILURE, "The name server could not be reached.") from None
    check.address = check.address or str(getattr(answer, "nameserver", "") or "")
    if answer.rrset is None:
        return []
    return [_spell_record(record.to_text(), kind) for record in answer.rrset]


def _explain_failure(trouble: Exception, shown: str) -> str:
    for code in ("SERVFAIL", "REFUSED", "NOTIMP", "FORMERR"):
        if code in str(trouble):
            return f"The name server answered {code} when asked for {shown}."
    return f"The name server gave no usable answer for {shown}."


def _spell_name(target: str, kind: str) -> dns.name.Name:
    if kind == "PTR":
        try:
            return dns.reversename.from_address(str(ipaddress.ip_address(target)))
        except ValueError:
            pass  # a name under in-addr.arpa, written out
    try:
        return dns.name.from_text(target)
    except dns.exception.DNSException:
        raise ProbeError(
            ErrorCode.CONFIG_INVALID, f"{target[:100]} is not a domain name.", status=Status.UNKNOWN
        ) from None


def _spell_record(text: str, kind: str) -> str:
    """Bring a record, found or expected, into one spelling: no final dots, no quotes, one case."""
    if kind == "TXT":
        return "".join(part for part in text.split('"') if part.strip()) if text.startswith('"') else text
    if kind == "AAAA":
        try:
            return ipaddress.IPv6Address(text.strip()).compressed
        except ValueError:
            return text.lower()
    return " ".join(part.rstrip(".") or "." for part in text.lower().split())


def _compare(records: list[str], config: DnsConfig) -> str:
    expected = [_spell_record(value, config.record_type) for value in config.expected]
    if not expected:
        return ""
    found, wanted = set(records), set(expected)
    fits = {
        "any": bool(found & wanted),
        "all": wanted <= found,
        "exact": wanted == found,
        "contains": all(any(part in record for record in records) for part in expected),
    }[config.match]
    if fits:
        return ""
    word = {"any": "one of", "all": "all of", "exact": "exactly", "contains": "records containing"}[
        config.match
    ]
    return f"Expected {word} {_list(expected)}; got {_list(sorted(records)) or 'no records'}."


def _list(values: list[str]) -> str:
    shown = ", ".join(value[:80] for value in values[:4])
    return f"{shown}, …" if len(values) > 4 else shown
