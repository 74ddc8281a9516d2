"""Custom domains: their spelling, and the TXT record at ``_sentrypulse.<domain>`` that proves who owns
one."""

import re
from collections.abc import Sequence
from contextlib import suppress

import dns.exception
import dns.resolver
from django.conf import settings

from core.hostnames import to_ascii

PREFIX, VALUE_START = "_sentrypulse", "sentrypulse-verification="
LOOK_UP_S = 5.0
_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
SHAPE = re.compile(rf"(?=.{{4,253}}\Z)(?:{_LABEL}\.)+(?!\d+\Z){_LABEL}", re.ASCII)


class LookupFailed(Exception):
    """The name servers gave no answer. The text is one sentence."""


def fold_domain(text: str) -> str:
    """The spelling in which domains are compared: lower case, no dot at the end, international names in
    ASCII."""
    text = text.strip()
    with suppress(ValueError):
        text = to_ascii(text)
    return text.rstrip(".").lower()


def find_domain_fault(domain: str, *, own_hosts: Sequence[str]) -> str | None:
    """What is wrong with the domain, as a sentence for the user; None for a domain that may be used."""
    if not SHAPE.fullmatch(domain):
        return "Give a host name such as status.example.com, without https:// and without a path."
    for own in own_hosts:
        suffix = own.lower().lstrip(".")
        if suffix != "*" and (domain == suffix or domain.endswith(f".{suffix}")):
            return f"{domain} is a name of this SentryPulse itself; choose one of your own domain."
    return None


def record_of(domain: str, token: str) -> tuple[str, str]:
    """The name and the value of the TXT record that proves the domain."""
    return f"{PREFIX}.{domain}", f"{VALUE_START}{token}"


def read_proofs(domain: str) -> set[str]:
    """The tokens in the domain's TXT records, looked up now. Raises ``LookupFailed`` without an answer within
    ``LOOK_UP_S``."""
    name, _ = record_of(domain, "")
    try:
        answer = _resolver().resolve(name, "TXT", lifetime=LOOK_UP_S)
    except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
        return set()
    except (dns.exception.DNSException, OSError) as error:
        raise LookupFailed(f"The name servers did not answer for {name} ({type(error).__name__}).") from None
    texts = (b"".join(record.strings).decode("utf-8", "replace") for record in answer)
    return {text.removeprefix(VALUE_START).strip() for text in texts if text.startswith(VALUE_START)}


def _resolver() -> dns.resolver.Resolver:
    """A resolver for the setting ``DNS_SERVER``, or for the system's servers. It caches nothing."""
    if not settings.DNS_SERVER:
        return dns.resolver.Resolver()
    host, _, port = settings.DNS_SERVER.rpartition(":")
    resolver = dns.resolver.Resolver(configure=False)
    resolver.nameservers, resolver.port = [host.strip("[]")], int(port)
    return resolver
