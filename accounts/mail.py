"""E-mails to people about their account: plain text, sent after the commit and beside the request."""

import logging
import threading
from functools import partial

from django.conf import settings
from django.core.mail import EmailMessage
from django.db import transaction
from django.template.loader import render_to_string

from core.engine import Engine

logger = logging.getLogger(__name__)


def send_later(template: str, *, to: str, context: dict[str, object]) -> None:
    """Render ``accounts/<template>.txt`` (first line: the subject) now, and send it when this commits.

    The answer does not wait for the mail server, so that its time does not tell whether an account exists.
    """
    text = render_to_string(f"accounts/{template}.txt", {"app_url": settings.APP_URL, **context})
    subject, _, body = text.partition("\n")
    message = EmailMessage(subject.strip(), body.lstrip("\n"), to=[to])
    transaction.on_commit(partial(send_in_thread, message, template), robust=True)


def send_in_thread(message: EmailMessage, template: str) -> None:
    """A thread of its own. Lambda freezes threads once it has answered, so there the request waits."""
    if settings.ENGINE == Engine.SERVERLESS:
        send_or_log(message, template)
    else:
        threading.Thread(target=send_or_log, args=(message, template), name=f"mail-{template}").start()


def send_or_log(message: EmailMessage, template: str) -> None:
    """Send the message. A failure of the mail server is logged for the operator and does not reach the person
    who asked."""
    try:
        message.send()
    except Exception:  # SMTP, sockets and TLS share no narrower class
        logger.exception("mail template=%s failed", template)
    else:
        logger.info("mail template=%s sent", template)
