"""Reads certificates: when they end, and what people want to see of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from ipaddress import ip_address


@lru_cache(maxsize=4_096)
def parse_openssl_time(text: str) -> datetime | None:
    """Read a time as OpenSSL writes it, such as "Dec 31 00:00:00 2030 GMT". None for any other text.
    (``strptime`` would depend on the locale.)"""
    months = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
    try:
        month, day, clock, year, _zone = text.split()
        hour, minute, second = clock.split(":")
        return datetime(
            int(year),
            months.index(month) + 1,
            int(day),
            int(hour),
            int(minute),
            int(float(second)),
            tzinfo=UTC,
        )
    except ValueError:
        return None


Fields = Sequence[tuple[bytes, bytes]]
"""What libcurl tells of a certificate (https://curl.se/libcurl/c/CURLINFO_CERTINFO.html)."""


def read_end(fields: Fields) -> datetime | None:
    for name, value in fields:
        if name == b"Expire date":
            return parse_openssl_time(value.decode("latin-1"))
    return None


def list_pems(chain: Sequence[Fields]) -> list[bytes]:
    return [value for fields in chain for name, value in fields if name == b"Cert"]


@dataclass(frozen=True, slots=True)
class Certificate:
    """What a person wants to know of a certificate."""

    subject: str
    issuer: str
    names: tuple[str, ...]
    begins_at: datetime
    expires_at: datetime


@lru_cache(maxsize=256)
def read_certificate(certificate: bytes) -> Certificate | None:
    """Read a DER or PEM certificate; None if it is too broken to be read."""
    from cryptography import x509  # slow to load, and needed only for people and for unverified certificates

    try:
        if certificate.startswith(b"-----"):
            parsed = x509.load_pem_x509_certificate(certificate)
        else:
            parsed = x509.load_der_x509_certificate(certificate)
        return Certificate(
            subject=parsed.subject.rfc4514_string(),
            issuer=parsed.issuer.rfc4514_string(),
            names=_read_names(parsed),
            begins_at=parsed.not_valid_before_utc,
            expires_at=parsed.not_valid_after_utc,
        )
    except ValueError:
        return None


def _read_names(parsed: "object") -> tuple[str, ...]:
    from cryptography import x509

    assert isinstance(parsed, x509.Certificate)  # noqa: S101  # narrows the type that a lazy import hides
    try:
        names = parsed.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (x509.ExtensionNotFound, ValueError):
        return ()
    return (
        *map(_show_dns_name, names.get_values_for_type(x509.DNSName)),
        *(str(address) for address in names.get_values_for_type(x509.IPAddress)),
    )


def _show_dns_name(name: str) -> str:
    """Mark an IP address that stands among the DNS names. No client accepts it there, and without the mark
    the certificate would seem to be valid for that address."""
    try:
        ip_address(name)
    except ValueError:
        return name
    return f"{name} (a DNS entry, which is not for an IP address)"
