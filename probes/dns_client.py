"""Asks a name server for records. An answer without records of the kind is a ``ProbeError``."""

import ipaddress
import os
import socket
from functools import lru_cache

import dns.asyncresolver
import dns.exception
import dns.name
import dns.rdatatype
import dns.resolver
import dns.reversename

from core.descriptors import is_shortage
from core.hosts import split_host_port
from probes.check import Check, ProbeError
from probes.connect import look_up
from probes.dns_records import spell_found
from probes.errors import SHORT, ErrorCode
from probes.guard import BlockedAddress
from probes.result import Status
from probes.routes import RESOLV_CONF


async def ask_name_server(check: Check, *, kind: str, of: str) -> list[str]:
    """The records of ``kind`` that the name server ``of`` (empty: the system's) has for the target."""
    resolver = await _make_resolver(check, of)
    name = _spell_name(check.spec.target, kind)
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
    except dns.exception.Timeout as trouble:
        _note_shortage(trouble)
        raise TimeoutError from None
    except (dns.resolver.NoNameservers, dns.resolver.YXDOMAIN, dns.exception.DNSException) as trouble:
        _note_shortage(trouble)
        raise ProbeError(ErrorCode.DNS_FAILURE, _explain_failure(trouble, shown)) from None
    except OSError as trouble:
        if is_shortage(trouble):
            raise ProbeError(*SHORT, status=Status.UNKNOWN) from None
        raise ProbeError(ErrorCode.DNS_FAILURE, "The name server could not be reached.") from None
    check.address = str(getattr(answer, "nameserver", "") or check.address)
    if answer.rrset is None:
        return []
    return [spell_found(record, kind) for record in answer.rrset]


async def _make_resolver(check: Check, where: str) -> dns.asyncresolver.Resolver:
    """The resolver that asks the name server ``where``, which must pass the guard because a user named it.
    Empty: the system's, which is trusted because the operator chose it."""
    if not where:
        return _get_system_resolver()
    host, port = split_host_port(where, default_port=53)
    found = await look_up(host, port, family="any", kind=socket.SOCK_DGRAM)
    addresses = _allow(check, list(dict.fromkeys(str(each[4][0]) for each in found)))
    resolver = dns.asyncresolver.Resolver(configure=False)
    resolver.nameservers, resolver.port = addresses, port
    resolver.timeout = max(0.5, min(resolver.timeout, check.remaining_s() / (len(addresses) + 1)))
    return resolver


def _allow(check: Check, addresses: list[str]) -> list[str]:
    """The addresses that may be reached. Raises ``BlockedAddress`` when none may."""
    allowed, refused = list[str](), list[BlockedAddress]()
    for address in addresses:
        try:
            check.guard.check(address)
            allowed.append(address)
        except BlockedAddress as blocked:
            refused.append(blocked)
    if refused and not allowed:
        raise refused[0]
    check.address, check.tried = allowed[0], allowed
    return allowed


def _get_system_resolver() -> dns.asyncresolver.Resolver:
    """The system's resolver. The operator may change its file while we run (DHCP and VPNs do), and then it is
    read again."""
    try:
        seen = os.stat(RESOLV_CONF)
        version = (seen.st_mtime_ns, seen.st_size, seen.st_ino)
    except OSError:
        version = (0, 0, 0)
    return _read_system_resolver(version)


@lru_cache(maxsize=1)
def _read_system_resolver(version: tuple[int, int, int]) -> dns.asyncresolver.Resolver:
    try:
        return dns.asyncresolver.Resolver(RESOLV_CONF)
    except dns.resolver.NoResolverConfiguration:
        raise ProbeError(
            ErrorCode.INTERNAL, "This prober's system names no DNS server.", status=Status.UNKNOWN
        ) from None


def _note_shortage(trouble: dns.exception.DNSException) -> None:
    """Look for a shortage of ours among the errors that dnspython keeps for each name server."""
    for error in (getattr(trouble, "kwargs", None) or {}).get("errors") or ():
        is_shortage(error[3])


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
