"""Django's own letters (password reset, invitations), by the edge: the core in a VPC reaches no mail
server."""

import logging
from collections.abc import Iterable, Sequence
from datetime import datetime
from email.utils import parseaddr
from uuid import uuid4

from django.core.mail import EmailMessage, EmailMultiAlternatives
from django.core.mail.backends.base import BaseEmailBackend

from delivery.message import Content, Delivery, Outcome, Receipt
from pipeline import dispatch, observing
from pipeline.messages import LETTERS, Deliveries, encode

logger = logging.getLogger(__name__)


class EmailBackend(BaseEmailBackend):
    """For ENGINE=serverless. Raises ``dispatch.QueuesAway`` where a letter cannot be queued, unless told to
    be silent.

    One that is not taken for now comes again from the queue, and is a dead letter in the end. One that is
    refused is in the log and the figures alone: who asked for it must not learn whether an address is good.
    """

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        letters = [make_letter(message) for message in email_messages if message.recipients()]
        try:
            for letter in letters:  # each alone, for what comes again is a whole message
                dispatch.send("deliveries", encode(Deliveries([letter])))
        except dispatch.QueuesAway:
            if not self.fail_silently:
                raise
            return 0
        return len(letters)


def make_letter(message: EmailMessage) -> Delivery:
    """The edge writes its headers and its sender; subject, text and HTML are the message's."""
    name = uuid4().hex
    alternatives = message.alternatives if isinstance(message, EmailMultiAlternatives) else []
    html = next((str(body) for body, kind in alternatives if kind == "text/html"), "")
    return Delivery(
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
        observing.count(**{f"Letters{receipt.outcome.value.capitalize()}": 1})
        if receipt.outcome is not Outcome.SENT:
            level = logging.WARNING if receipt.outcome is Outcome.RETRY else logging.ERROR
            logger.log(
                level, "letter not sent id=%s outcome=%s: %s", receipt.id, receipt.outcome, receipt.answer
            )
