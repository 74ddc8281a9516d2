"""Sends an e-mail, for alerts and for Django's own alike: by SMTP, Amazon SES, or to the console.

``EMAIL_URL`` says which: ``smtp://user:password@host:25``, ``smtp+tls://`` (STARTTLS, 587), ``smtp+ssl://``
or ``smtps://`` (TLS from the start, 465), ``ses://eu-central-1``, ``consolemail://``, ``dummymail://``.
"""

import re
import smtplib
import ssl
import sys
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any
from urllib.parse import SplitResult, unquote, urlsplit

from delivery.attempt import Verdict
from delivery.message import Outcome
from probes.trust import trust_as_libcurl

_PORTS = {"smtp": 25, "smtp+tls": 587, "smtp+ssl": 465, "smtps": 465}
_STARTTLS_PORTS = {25, 587}


def send_email(data: bytes, *, sender: str, to: Sequence[str], url: str, timeout_s: float) -> Verdict:
    """Send one e-mail. Raises ``OSError`` when the server cannot be reached or breaks off, and ``ValueError``
    for an unknown EMAIL_URL.

    ``refused`` is about a recipient or the e-mail itself. Our own trouble (login, sender, quota, an account
    that may not send) is ``retry`` and ``ours``: it must never disable anybody's channel.
    """
    parts = urlsplit(url)
    ways: dict[str, Callable[[], Verdict]] = {
        "consolemail": lambda: _print(data),
        "dummymail": lambda: Verdict(
            outcome=Outcome.SENT, answer="Thrown away: EMAIL_URL is dummymail://.", printed=True
        ),
        "ses": lambda: _send_by_ses(data, sender=sender, to=to, region=parts.netloc, timeout_s=timeout_s),
    }
    if way := ways.get(parts.scheme):
        return way()
    if parts.scheme not in _PORTS:
        raise ValueError("EMAIL_URL names no way to send e-mail")
    return _send_by_smtp(data, sender=sender, to=to, server=parts, timeout_s=timeout_s)


def _print(data: bytes) -> Verdict:
    sys.stdout.write(f"{data.decode('utf-8', 'replace')}\n{'-' * 79}\n")
    sys.stdout.flush()
    answer = "Printed to the console: EMAIL_URL names no mail server."
    return Verdict(outcome=Outcome.SENT, answer=answer, printed=True)


# ---- SMTP ----


def _send_by_smtp(
    data: bytes, *, sender: str, to: Sequence[str], server: SplitResult, timeout_s: float
) -> Verdict:
    try:
        with _connect(server, timeout_s) as smtp:
            if server.username:
                smtp.login(unquote(server.username), unquote(server.password or ""))
            refused = smtp.sendmail(sender, list(to), data)
    except smtplib.SMTPRecipientsRefused as fault:
        return _judge_recipients(fault.recipients, all_of=len(to))
    except smtplib.SMTPDataError as fault:
        return _judge_reply(fault.smtp_code, fault.smtp_error)
    except (smtplib.SMTPSenderRefused, smtplib.SMTPAuthenticationError, smtplib.SMTPConnectError) as fault:
        answer = f"Our mail server did not take e-mail from us: {_text(fault.smtp_code, fault.smtp_error)}"
        return Verdict(outcome=Outcome.RETRY, status=_status(fault.smtp_code), answer=answer, ours=True)
    except smtplib.SMTPServerDisconnected as fault:
        raise ConnectionResetError("the mail server hung up") from fault
    except smtplib.SMTPResponseException as fault:
        return Verdict(
            outcome=Outcome.RETRY,
            status=_status(fault.smtp_code),
            answer=f"Our mail server: {_text(fault.smtp_code, fault.smtp_error)}",
            ours=True,
        )
    except smtplib.SMTPException as fault:  # the server lacks STARTTLS or a way to log in
        return Verdict(outcome=Outcome.RETRY, answer=f"Our mail server cannot be used: {fault}.", ours=True)
    if refused:
        return _judge_recipients(refused, all_of=len(to))
    return Verdict(outcome=Outcome.SENT, status=250, answer="Taken by the mail server.")


def _connect(server: SplitResult, timeout_s: float) -> smtplib.SMTP:
    host, port = server.hostname or "localhost", server.port or _PORTS[server.scheme]
    starts_plain = server.scheme == "smtps" and port in _STARTTLS_PORTS
    if server.scheme in {"smtp+ssl", "smtps"} and not starts_plain:
        return smtplib.SMTP_SSL(host, port, timeout=timeout_s, context=_trusted())
    smtp = smtplib.SMTP(host, port, timeout=timeout_s)
    if server.scheme == "smtp+tls" or starts_plain:
        smtp.starttls(context=_trusted())
    return smtp


@lru_cache(maxsize=1)
def _trusted() -> ssl.SSLContext:
    return trust_as_libcurl(ssl.create_default_context())


def _judge_reply(code: int, said: bytes | str) -> Verdict:
    """4xx may work later, 5xx never will (RFC 5321, 4.2.1)."""
    outcome = Outcome.REFUSED if 500 <= code < 600 else Outcome.RETRY
    return Verdict(outcome=outcome, status=_status(code), answer=_text(code, said))


def _judge_recipients(refused: dict[str, tuple[int, bytes]], *, all_of: int) -> Verdict:
    """Judge by recipient, and name those that refused. If one may accept later, the whole is ``retry``. Those
    that never will do not undo the others."""
    sentence = "; ".join(f"{address}: {_text(code, said)}" for address, (code, said) in refused.items())
    later = [code for code, _ in refused.values() if not 500 <= code < 600]
    if later:
        return Verdict(outcome=Outcome.RETRY, status=_status(later[0]), answer=sentence)
    if len(refused) < all_of:
        return Verdict(
            outcome=Outcome.SENT, status=250, answer=f"Taken, except for {sentence}", left_out=sentence
        )
    return Verdict(outcome=Outcome.REFUSED, status=next(iter(refused.values()))[0], answer=sentence)


def _text(code: int, said: bytes | str) -> str:
    text = said.decode("utf-8", "replace") if isinstance(said, bytes) else said
    return f"{code} {' '.join(text.split())}".strip()


def _status(code: int) -> int | None:
    return code if 100 <= code < 600 else None


# ---- Amazon SES, version 2 of its API ----

_ABOUT_THE_EMAIL = re.compile(
    r"virus|too (?:long|large|big)|length|invalid content|malformed|illegal|header", re.IGNORECASE
)
"""What SES says when the e-mail or its recipients are at fault. Anything else is about our account. So in
SES's sandbox: "Email address is not verified", of every recipient."""


@lru_cache(maxsize=4)
def _ses_client(region: str) -> Any:
    import boto3  # the import takes 0.3 s, and only SES needs it
    from botocore.config import Config

    config = Config(connect_timeout=4, read_timeout=8, retries={"total_max_attempts": 1})
    return boto3.client("sesv2", region_name=region or None, config=config)


def _send_by_ses(data: bytes, *, sender: str, to: Sequence[str], region: str, timeout_s: float) -> Verdict:
    """Call ``SendEmail`` with the raw e-mail. AWS_ENDPOINT_URL and credentials are found as boto3 finds them.

    https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_SendEmail.html
    """
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        answer = _ses_client(region).send_email(
            FromEmailAddress=sender, Destination={"ToAddresses": list(to)}, Content={"Raw": {"Data": data}}
        )
    except ClientError as fault:
        code, said = fault.response["Error"]["Code"], fault.response["Error"].get("Message", "")
        refused = _is_refused(code, said, sender=sender)
        return Verdict(
            outcome=Outcome.REFUSED if refused else Outcome.RETRY,
            status=fault.response["ResponseMetadata"]["HTTPStatusCode"],
            answer=f"{code}: {said}" if refused else f"Amazon SES takes no e-mail from us: {code}: {said}",
            ours=not refused,
        )
    except BotoCoreError as fault:
        raise ConnectionError("Amazon SES cannot be reached") from fault
    return Verdict(outcome=Outcome.SENT, status=200, answer=f"Taken by Amazon SES: {answer['MessageId']}.")


def _is_refused(code: str, said: str, *, sender: str) -> bool:
    """Whether the error is about this e-mail or its recipients, and not about us."""
    if "not verified" in said or sender.lower() in said.lower():
        return False
    return code == "BadRequestException" or (
        code == "MessageRejected" and bool(_ABOUT_THE_EMAIL.search(said))
    )
