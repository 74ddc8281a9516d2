"""How Django's own mails (password reset, invitations) leave: by a mail server, or by the edge."""

import logging
from collections.abc import Iterable, Sequence
from datetime import datetime
from email.utils import parseaddr
from typing import Any
from uuid import uuid4

from django.conf import settings
from django.core.mail import EmailMessage, EmailMultiAlternatives
from django.core.mail.backends.base import BaseEmailBackend

from core import telemetry
from delivery.mailer import post_letter
from delivery.message import Content, DeliveryMessage, Outcome, Receipt
from delivery.mime import encode_header, encode_sender
from pipeline import dispatch
from pipeline.messages import LETTERS, Deliveries, encode
from pipeline.queues.base import QueuesAway

logger = logging.getLogger(__name__)


class MailNotTaken(OSError):
    """The mail server did not take a letter; its text is what it said."""


class MailServerBackend(BaseEmailBackend):
    """For EMAIL_URL of smtp and ses: mails leave as alerts do, by ``delivery.mailer``.

    Raises ``OSError`` where a letter is not taken, unless told to be silent.
    """

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        return sum(self._send(message) for message in email_messages if message.recipients())

    def _send(self, message: EmailMessage) -> bool:
        post: dict[str, Any] = {
            "sender": parseaddr(message.from_email)[1],
            "to": [parseaddr(recipient)[1] for recipient in message.recipients()],
        }
        written: Any = message.message()  # a class of Django's own that knows ``linesep``
        # Django leaves ASCII as it is, so that mail readers decode what only looks encoded.
        written.replace_header("Subject", encode_header("Subject", str(message.subject)))
        written.replace_header("From", encode_sender(message.from_email))
        data: bytes = written.as_bytes(linesep="\r\n")
        try:
            verdict = post_letter(data, **post, url=settings.EMAIL_URL, timeout_s=settings.EMAIL_TIMEOUT)
            if verdict.outcome is not Outcome.SENT:
                raise MailNotTaken(verdict.answer)
        except OSError:
            if not self.fail_silently:
                raise
            return False
        return True


class EdgeBackend(BaseEmailBackend):
    """For ENGINE=serverless: the core in a VPC reaches no mail server, so the edge sends.

    Raises ``QueuesAway`` where a letter cannot be queued, unless told to be silent.

    One that is not taken for now comes again from the queue, and is a dead letter in the end. One that is
    refused is in the log and the figures alone: who asked for it must not learn whether an address is good.
    """

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        letters = [make_letter(message) for message in email_messages if message.recipients()]
        try:
            for letter in letters:  # each alone, for what comes again is a whole message
                dispatch.send("deliveries", encode(Deliveries([letter])))
        except QueuesAway:
            if not self.fail_silently:
                raise
            return 0
        return len(letters)


def make_letter(message: EmailMessage) -> DeliveryMessage:
    """The edge writes its headers and its sender; subject, text and HTML are the message's."""
    name = uuid4().hex
    alternatives = message.alternatives if isinstance(message, EmailMultiAlternatives) else []
    html = next((str(body) for body, kind in alternatives if kind == "text/html"), "")
    return DeliveryMessage(
        id=f"{LETTERS}{name}",
        attempt=1,
        key=f"letter:{name}",
        kind="email",
        config={"to": [parseaddr(recipient)[1] for recipient in message.recipients()]},
        content=Content(subject=str(message.subject), text=str(message.body), html=html),
    )


def settle(receipts: Iterable[Receipt], *, now: datetime) -> None:
    """Log the letters that were not taken; to whom they went is nobody's business here."""
    for receipt in receipts:
        telemetry.count(**{f"Letters{receipt.outcome.value.capitalize()}": 1})
        if receipt.outcome is not Outcome.SENT:
            level = logging.WARNING if receipt.outcome is Outcome.RETRY else logging.ERROR
            logger.log(
                level, "letter not sent id=%s outcome=%s: %s", receipt.id, receipt.outcome, receipt.answer
            )
