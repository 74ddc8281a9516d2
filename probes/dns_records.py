"""Brings DNS records, found and expected ones, into one normal form, and compares them."""

import ipaddress
import re
from collections.abc import Sequence
from typing import Any

import dns.exception
import dns.rdata
import dns.rdataclass
import dns.rdatatype

from core.hostnames import to_ascii

_CAA = re.compile(r"(\d+)\s+(\S+)\s+(.*)", re.DOTALL)


def spell_found(record: Any, kind: str) -> str:
    """The normal form of a record that a server gave. The strings of a TXT record are one text (RFC 7208,
    3.3), in UTF-8."""
    if kind == "TXT":
        return _read_bytes(b"".join(record.strings))
    if kind == "CAA":
        return f"{record.flags} {_read_bytes(record.tag)} {_space_out(_read_bytes(record.value))}".lower()
    return _spell(record.to_text(), kind)


def _space_out(value: str) -> str:
    """The value of a CAA record with one blank behind each semicolon. Servers may write blanks there or not
    (RFC 8659, 4.2)."""
    return re.sub(r"\s*;\s*", "; ", value).strip()


def _read_bytes(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError:
        return data.decode("latin-1")


def read_expected(text: str, kind: str) -> set[str]:
    """The normal forms of what people may mean by ``text``: the text as it stands, and as a zone file or
    ``dig`` writes it (in quotes, in several strings, with backslashes; RFC 1035, 5.1)."""
    text = text.strip()
    if kind == "TXT":
        return {text} | _read_zone_text(text)
    if kind == "CAA" and (parts := _CAA.fullmatch(text)):
        flags, tag, value = parts.groups()
        readings = {value, *_read_zone_text(value)}
        return {f"{int(flags)} {tag} {_space_out(one)}".lower() for one in readings}
    return {_spell(text, kind)}


def _read_zone_text(text: str) -> set[str]:
    if not text.startswith('"') and "\\" not in text:
        return set()
    spelled = text if text.startswith('"') else f'"{text}"'
    try:
        record: Any = dns.rdata.from_text(dns.rdataclass.IN, dns.rdatatype.TXT, spelled)
    except (dns.exception.DNSException, ValueError, UnicodeError):
        return {text.strip('"')}
    return {_read_bytes(b"".join(record.strings))}


def _spell(text: str, kind: str) -> str:
    """The normal form of a record: no final dots, one case, international names in ASCII."""
    if kind == "AAAA":
        try:
            return ipaddress.IPv6Address(text.strip()).compressed
        except ValueError:
            return text.lower()
    return " ".join(_spell_part(part) for part in text.split())


def _spell_part(part: str) -> str:
    try:
        part = to_ascii(part)  # a name, perhaps an international one
    except ValueError:
        part = part.lower()
    return part.rstrip(".") or "."


def compare_records(records: Sequence[str], expected: Sequence[str], *, kind: str, match: str) -> str:
    """What is wrong with the records, in a sentence; empty when nothing is."""
    if not expected:
        return ""
    found, wanted = set(records), [read_expected(text, kind) for text in expected]
    meant = set().union(*wanted)
    there = [bool(found & readings) for readings in wanted]
    fits = {
        "any": any(there),
        "all": all(there),
        "exact": all(there) and found <= meant,
        "contains": all(any(part in record for record in found for part in readings) for readings in wanted),
    }[match]
    if fits:
        return ""
    word = {"any": "one of", "all": "all of", "exact": "exactly", "contains": "records containing"}[match]
    shown = [text.strip() if kind in {"TXT", "CAA"} else _spell(text, kind) for text in expected]
    return f"Expected {word} {_list(shown)}; got {_list(sorted(found)) or 'no records'}."


def _list(values: list[str]) -> str:
    shown = ", ".join(value[:80] for value in values[:4])
    return f"{shown}, …" if len(values) > 4 else shown
