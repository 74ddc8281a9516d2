"""Django's own letters (password reset, invitations) leave as alerts do: by ``delivery.post``."""

from collections.abc import Sequence
from email.utils import parseaddr
from typing import Any

from django.conf import settings
from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend

from delivery.message import Outcome
from delivery.post import post_letter


class MailNotTaken(OSError):
    """The mail server did not take a letter; its text is what it said."""


class EmailBackend(BaseEmailBackend):
    """For EMAIL_URL of smtp and ses. Raises ``OSError`` where a letter is not taken, unless told to be
    silent."""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        return sum(self._send(message) for message in email_messages if message.recipients())

    def _send(self, message: EmailMessage) -> bool:
        post: dict[str, Any] = {
            "sender": parseaddr(message.from_email)[1],
            "to": [parseaddr(recipient)[1] for recipient in message.recipients()],
        }
        written: Any = message.message()  # a class of Django's own that knows ``linesep``
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
