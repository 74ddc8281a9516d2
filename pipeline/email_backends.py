"""How Django's own e-mails (password reset, invitations) leave: by a mail server, or by the edge."""

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
from delivery.mailer import send_email
from delivery.message import Content, DeliveryMessage, Outcome, Receipt
from delivery.mime import encode_header, encode_sender
from delivery.registry import EMAIL
from pipeline import dispatch
from pipeline.messages import LETTERS, Deliveries, encode
from pipeline.queues.base import QueuesAway

logger = logging.getLogger(__name__)


class MailNotTaken(OSError):
    """The mail server did not accept an e-mail. The text is the server's answer."""


class MailServerBackend(BaseEmailBackend):
    """For an EMAIL_URL of SMTP or SES: sends e-mails by ``delivery.mailer``, as alerts are sent.

    Raises ``OSError`` when an e-mail is not accepted, unless ``fail_silently``.
    """

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        return sum(self._send(message) for message in email_messages if message.recipients())

    def _send(self, message: EmailMessage) -> bool:
        envelope: dict[str, Any] = {
            "sender": parseaddr(message.from_email)[1],
            "to": [parseaddr(recipient)[1] for recipient in message.recipients()],
        }
        written: Any = message.message()  # a class of Django's own that knows ``linesep``
        # Django does not encode ASCII, so mail readers would decode a subject that only looks encoded.
        written.replace_header("Subject", encode_header("Subject", str(message.subject)))
        written.replace_header("From", encode_sender(message.from_email))
        data: bytes = written.as_bytes(linesep="\r\n")
        try:
            verdict = send_email(data, **envelope, url=settings.EMAIL_URL, timeout_s=settings.EMAIL_TIMEOUT)
            if verdict.outcome is not Outcome.SENT:
                raise MailNotTaken(verdict.answer)
        except OSError:
            if not self.fail_silently:
                raise
            return False
        return True


class EdgeBackend(BaseEmailBackend):
    """For ENGINE=serverless: the core in a VPC reaches no mail server, so the edge sends the e-mails.

    Raises ``QueuesAway`` when an e-mail cannot be queued, unless ``fail_silently``.

    An e-mail that is not accepted for now comes again from the queue, and is a dead letter after five
    attempts. An e-mail that is refused is only logged and counted: the person who asked for it must not learn
    whether an address exists.
    """

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        deliveries = [make_delivery(message) for message in email_messages if message.recipients()]
        try:
            for delivery in deliveries:  # one a message, because a message comes again as a whole
                dispatch.send_body("deliveries", encode(Deliveries([delivery])))
        except QueuesAway:
            if not self.fail_silently:
                raise
            return 0
        return len(deliveries)


def make_delivery(message: EmailMessage) -> DeliveryMessage:
    """The e-mail as a delivery. It carries recipients, subject, text and HTML; the edge writes headers and
    sender itself."""
    name = uuid4().hex
    alternatives = message.alternatives if isinstance(message, EmailMultiAlternatives) else []
    html = next((str(body) for body, kind in alternatives if kind == "text/html"), "")
    return DeliveryMessage(
        id=f"{LETTERS}{name}",
        attempt=1,
        key=f"letter:{name}",
        kind=EMAIL,
        config={"to": [parseaddr(recipient)[1] for recipient in message.recipients()]},
        content=Content(subject=str(message.subject), text=str(message.body), html=html),
    )


def settle_emails(receipts: Iterable[Receipt], *, now: datetime) -> None:
    """Count the e-mails by outcome, and log those that were not sent by their id: recipients are private."""
    for receipt in receipts:
        telemetry.count(**{f"Letters{receipt.outcome.value.capitalize()}": 1})
        if receipt.outcome is not Outcome.SENT:
            level = logging.WARNING if receipt.outcome is Outcome.RETRY else logging.ERROR
            logger.log(
                level, "e-mail not sent id=%s outcome=%s: %s", receipt.id, receipt.outcome, receipt.answer
            )
