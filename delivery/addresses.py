"""E-mail addresses in the one spelling that mail servers know."""

from core.hostnames import to_ascii


def spell_mail(address: str) -> str:
    """``address`` with its domain in lower-case ASCII. Raises ``ValueError`` for a domain that has no such
    form; checks nothing else."""
    local, at, domain = address.rpartition("@")
    return f"{local}{at}{to_ascii(domain)}" if at else address
