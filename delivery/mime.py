"""Writes an e-mail: text and HTML, recognisable when it comes twice, and marked as automatic."""

import hashlib
import re
from datetime import datetime
from email.header import Header
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, formataddr, parseaddr

from delivery.message import DeliveryMessage

_OURS = {"auto-submitted", "date", "from", "idempotency-key", "message-id", "subject", "to"}
_LONGEST_WORD = 900
"""RFC 5322 allows 998 octets a line, and a word in ASCII is never broken."""
_DOT_ATOM = re.compile(r"[\w.!#$%&'*+/=?^`{|}~-]+@[\w.-]+", re.ASCII)
"""Matches nearly every address. ``Address`` would decode what looks like an encoded word in one."""


def write_email(delivery: DeliveryMessage, *, sender: str, now: datetime) -> EmailMessage:
    """The e-mail. ``Message-ID`` is made from the delivery's key, so a mail reader recognises a duplicate
    (RFC 5322).

    No value can add a header or a recipient. Line breaks in a subject become blanks, and what people typed is
    stored encoded (``set_raw``): ``email[name] = value`` would decode encoded words (RFC 2047) in it, line
    breaks among them (CVE-2024-6923). Raises ``ValueError`` for a recipient that is no e-mail address.
    """
    content = delivery.content
    email = EmailMessage(policy=SMTP.clone(refold_source="none"))
    email.set_raw("Subject", encode_header("Subject", content.subject))
    email.set_raw("From", encode_sender(sender))
    email.set_raw("To", ",\r\n ".join(_check_address(address) for address in delivery.config["to"]))
    email["Date"] = format_datetime(now)
    email["Message-ID"] = make_message_id(delivery.key, sender=sender)
    email["Auto-Submitted"] = "auto-generated"  # RFC 3834: no out-of-office answers
    email.set_raw("Idempotency-Key", encode_header("Idempotency-Key", delivery.key))
    for name, value in content.headers.items():
        if name.lower() not in _OURS and name.replace("-", "").isalnum() and name.isascii():
            email.set_raw(name, encode_header(name, value))
    text = content.text
    if content.link and content.link not in text:
        text = f"{text}\n\n{content.link}"
    email.set_content(text)
    if content.html:
        email.add_alternative(content.html, subtype="html")
    return email


def make_message_id(key: str, *, sender: str) -> str:
    domain = parseaddr(sender)[1].rpartition("@")[2] or "localhost"
    return f"<{hashlib.sha256(key.encode()).hexdigest()[:32]}@{domain}>"


def encode_header(name: str, text: str) -> str:
    """``text`` on one line, as the value of the header ``name``. It is folded unless it is one word, such as
    an address. It becomes encoded words when it is not ASCII or would be read as an encoded word."""
    text = one_line(text)
    if _is_plain(text) and " " not in text:
        return text
    charset = "us-ascii" if _is_plain(text) else "utf-8"
    return Header(text, charset, header_name=name).encode(linesep="\r\n")


def encode_sender(sender: str) -> str:
    """``Name <address>`` as the value of ``From``."""
    name, address = parseaddr(sender)
    if _is_plain(name) and len(name) <= 60:
        return formataddr((one_line(name), address))
    return f"{encode_header('From', name)}\r\n <{address}>"


def _is_plain(text: str) -> bool:
    return text.isascii() and "=?" not in text and all(len(word) < _LONGEST_WORD for word in text.split())


def _check_address(address: str) -> str:
    if not _DOT_ATOM.fullmatch(address) and Address(addr_spec=address).addr_spec != address:
        raise ValueError(f"{address!r} is no e-mail address")
    return address


def one_line(text: str) -> str:
    return " ".join("".join(char if char.isprintable() else " " for char in text).split())
