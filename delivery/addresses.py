"""E-mail addresses in the one spelling that mail servers know."""

from core.hostnames import to_ascii


def spell_mail(address: str) -> str:
    """Return ``address`` with its domain in lower-case ASCII, or raise ``ValueError``; no more is judged."""
    local, at, domain = address.rpartition("@")
    return f"{local}{at}{to_ascii(domain)}" if at else address
