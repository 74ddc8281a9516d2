"""An e-mail to the addresses of a channel, through the operator's mail server or Amazon SES."""

import re
from email.headerregistry import Address
from email.utils import parseaddr
from typing import Annotated, Any

from delivery.addresses import spell_mail
from delivery.attempt import Attempt, Verdict
from delivery.forms import MAX_RECIPIENTS, Form, Recipients, field
from delivery.message import DeliveryMessage
from delivery.mime import write_email
from delivery.outcomes import judge_fault
from delivery.registry import ChannelKind
from delivery.validation import CONTROL, check_recipients


class EmailForm(Form, frozen=True, kw_only=True):
    """An e-mail to one or more addresses."""

    to: Annotated[
        Recipients,
        field(
            "Addresses",
            f"a list of 1 to {MAX_RECIPIENTS} e-mail addresses",
            "Everybody here gets the same e-mail.",
            input="emails",
            example=["you@example.com"],
        ),
    ]


def tidy_address(text: str) -> str:
    """One e-mail address, with its domain in ASCII. Raises ``ValueError`` for anything else, such as two
    addresses."""
    text = spell_mail(text)
    local, at, domain = text.rpartition("@")
    if not at or not local or len(text) > 254 or len(local) > 64 or re.search(r"[\s<>,;:\"()\\]", text):
        raise ValueError("not one e-mail address")
    if CONTROL.search(text) or not text.isprintable():
        raise ValueError("control characters")
    if not local.isascii():
        raise ValueError("few mail servers take other letters there")
    address = Address(username=local, domain=domain)
    if not re.fullmatch(r"(?!-)[a-z0-9.-]+(?<![-.])", address.domain) or ".." in text or local[0] == ".":
        raise ValueError("no such domain")
    return address.addr_spec


def check(config: dict[str, Any], errors: dict[str, str]) -> None:
    check_recipients(config, errors, tidy_address, "e-mail addresses")


def send(delivery: DeliveryMessage, *, attempt: Attempt) -> Verdict:
    """Send one e-mail to all addresses. The operator chose the mail server, so the guard does not judge its
    address; and when it cannot be reached, that is no fault of the channel's addresses."""
    from delivery.mailer import send_email  # here, because forms do not need smtplib

    email = write_email(delivery, sender=attempt.mailer.sender, now=attempt.read_clock())
    with attempt.operators_own():
        try:
            return send_email(
                email.as_bytes(),
                sender=parseaddr(attempt.mailer.sender)[1],
                to=delivery.config["to"],
                url=attempt.mailer.url,
                timeout_s=attempt.left_s,
            )
        except OSError as fault:
            return judge_fault(fault, attempt=attempt)


KIND = ChannelKind(label="E-mail", form=EmailForm, check=check, send=send, imports=("delivery.mailer",))
