"""Which page belongs to a host name, and how is that proven? By a TXT record at ``_sentrypulse.<domain>``."""

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
    """The name servers gave no answer; its text is one sentence."""


def fold_domain(text: str) -> str:
    """As it is compared: small letters, no last dot, international names in their ASCII form."""
    text = text.strip()
    with suppress(ValueError):
        text = to_ascii(text)
    return text.rstrip(".").lower()


def find_domain_fault(domain: str, *, own_hosts: Sequence[str]) -> str | None:
    """A sentence that tells what to mend, None for a domain that may be asked for."""
    if not SHAPE.fullmatch(domain):
        return "Give a host name such as status.example.com, without https:// and without a path."
    for own in own_hosts:
        suffix = own.lower().lstrip(".")
        if suffix != "*" and (domain == suffix or domain.endswith(f".{suffix}")):
            return f"{domain} is a name of this SentryPulse itself; choose one of your own domain."
    return None


def record_of(domain: str, token: str) -> tuple[str, str]:
    """(name, value) of the TXT record that proves it."""
    return f"{PREFIX}.{domain}", f"{VALUE_START}{token}"


def read_proofs(domain: str) -> set[str]:
    """The tokens that the domain's TXT records name now. Raises ``LookupFailed`` without an answer."""
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
    """Of the setting ``DNS_SERVER``, else the system's; asked anew each time, for nothing is cached."""
    if not settings.DNS_SERVER:
        return dns.resolver.Resolver()
    host, _, port = settings.DNS_SERVER.rpartition(":")
    resolver = dns.resolver.Resolver(configure=False)
    resolver.nameservers, resolver.port = [host.strip("[]")], int(port)
    return resolver
