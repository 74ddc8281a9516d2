"""How a letter is written: text and HTML, recognisable when it comes twice, and marked as a machine's."""

import hashlib
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, parseaddr

from delivery.message import Delivery

_OURS = {"auto-submitted", "date", "from", "idempotency-key", "message-id", "subject", "to"}


def write_letter(delivery: Delivery, *, sender: str, now: datetime) -> EmailMessage:
    """The letter. ``Message-ID`` follows from the delivery's key, so a duplicate is known as one (RFC 5322).

    No value can add a header or a recipient: line breaks in a subject become blanks.
    """
    content = delivery.content
    letter = EmailMessage(policy=SMTP)
    letter["Subject"] = one_line(content.subject)
    letter["From"] = sender
    letter["To"] = tuple(Address(addr_spec=address) for address in delivery.config["to"])
    letter["Date"] = format_datetime(now)
    letter["Message-ID"] = make_message_id(delivery.key, sender=sender)
    letter["Auto-Submitted"] = "auto-generated"  # RFC 3834: no out-of-office answers
    letter["Idempotency-Key"] = one_line(delivery.key)
    for name, value in content.headers.items():
        if name.lower() not in _OURS and name.replace("-", "").isalnum() and name.isascii():
            letter[name] = one_line(value)
    text = content.text
    if content.link and content.link not in text:
        text = f"{text}\n\n{content.link}"
    letter.set_content(text)
    if content.html:
        letter.add_alternative(content.html, subtype="html")
    return letter


def make_message_id(key: str, *, sender: str) -> str:
    domain = parseaddr(sender)[1].rpartition("@")[2] or "localhost"
    return f"<{hashlib.sha256(key.encode()).hexdigest()[:32]}@{domain}>"


def one_line(text: str) -> str:
    return " ".join("".join(char if char.isprintable() else " " for char in text).split())
