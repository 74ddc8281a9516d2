"""What Apprise sends: one code for all of its services, which are in the table of ``delivery.services``."""

import re

import msgspec
from apprise import NotifyFormat, OverflowMode

from delivery.attempt import Attempt, Verdict
from delivery.message import Content, Delivery, Outcome
from delivery.services import NOTIFY_TYPES, build_plugin
from delivery.transport import install
from delivery.verdicts import judge_answer, judge_fault

# Telegram is not among them: it refuses Markdown that is not well-formed, as of a monitor named shop_api.
_READ_MARKDOWN = {"slack", "discord", "msteams"}
_SHOW_THE_LINK = {"ntfy", "pushover"}
"""These have a place of its own for the link."""
_ONE_REQUEST_A_RECIPIENT = {"twilio", "whatsapp"}
_HAVE_NO_TITLE = {"telegram", "twilio", "whatsapp"}
_EVERYBODY = re.compile(r"@(?=everyone|here|channel|all)|<(?=[@!#]|at>)", re.IGNORECASE)
_MENTIONS = {
    "slack": _EVERYBODY,
    "msteams": _EVERYBODY,
    "telegram": _EVERYBODY,
    "apprise": _EVERYBODY,
    "discord": re.compile(r"@(?=\w)|<(?=[@#])"),  # Apprise calls whoever stands behind an @
}


def send(delivery: Delivery, *, attempt: Attempt) -> Verdict:
    """Let Apprise send, and judge by what came back over HTTP, which Apprise itself sums up as yes or no."""
    install()
    plugin = build_plugin(delivery.kind, delivery.config, delivery.content)
    if plugin is None:
        sentence = "The channel's configuration is no longer valid; save it again."
        return Verdict(outcome=Outcome.REFUSED, answer=sentence)
    plugin.throttle = _do_not_sleep  # type: ignore[method-assign]  # the outbox keeps the pace
    title, body, form = write_message(delivery.kind, delivery.content)
    if delivery.kind == "whatsapp" and delivery.config["template"]:
        body = " ".join(body.split())  # a template's parameter must not have line breaks
    sent = plugin.notify(
        body=body,
        title=title,
        notify_type=NOTIFY_TYPES[delivery.content.tone],
        body_format=form,
        overflow=OverflowMode.TRUNCATE,
    )
    return judge_all(attempt, sent=bool(sent), for_each_recipient=delivery.kind in _ONE_REQUEST_A_RECIPIENT)


def _do_not_sleep(*args: object, **kwargs: object) -> None:
    pass


def write_message(kind: str, content: Content) -> tuple[str, str, NotifyFormat]:
    """Title, body and the form of the body.

    What a target or a pinging job said may be quoted in it, so that no mention of everybody works. What
    begins with its subject does not say it twice.
    """
    markdown = kind in _READ_MARKDOWN and bool(content.markdown)
    body = content.markdown if markdown else content.text
    first, _, rest = body.partition("\n")
    if first.strip("*_# \r") == content.subject and rest.strip():
        body = rest.strip()
    if content.link and content.link not in body and kind not in _SHOW_THE_LINK:
        body = f"{body}\n\n{content.link}"
    title = content.subject
    if kind in _HAVE_NO_TITLE:
        title, body = "", f"{title}\n{body}"
    form = NotifyFormat.MARKDOWN if markdown else NotifyFormat.TEXT
    return _disarm(kind, title), _disarm(kind, body), form


def _disarm(kind: str, text: str) -> str:
    """A mention reads as before, but calls nobody: an invisible character stands behind its beginning."""
    pattern = _MENTIONS.get(kind)
    return pattern.sub(lambda mention: f"{mention.group()}\u2060", text) if pattern else text


def judge_all(attempt: Attempt, *, sent: bool, for_each_recipient: bool) -> Verdict:
    """One verdict over every request of the attempt; ``sent`` is Apprise's own view.

    What may still be taken later makes the whole one of ``retry``: told twice is better than not at all.
    Where there is a request ``for_each_recipient``, those that refuse do not undo what others took, and are
    quoted. Elsewhere a request may only be a login, which means nothing when the next one is refused.
    """
    verdicts = [judge_answer(answer, attempt=attempt) for answer in attempt.answers]
    taken = [verdict for verdict in verdicts if verdict.outcome is Outcome.SENT]
    refused = [verdict for verdict in verdicts if verdict.outcome is Outcome.REFUSED]
    if sent and taken:
        return taken[-1]
    for verdict in verdicts:
        if verdict.outcome is Outcome.RETRY:
            return verdict
    if attempt.faults:
        return judge_fault(attempt.faults[-1], attempt=attempt)
    if refused and taken and for_each_recipient:
        answer = f"{len(taken)} of {len(verdicts)} took it. Refused: {refused[0].answer}"
        return Verdict(outcome=Outcome.SENT, status=refused[0].status, answer=answer)
    if refused:
        return refused[-1]
    if taken:  # a 2xx whose body says no, as Slack's and Pushover's may
        return msgspec.structs.replace(taken[-1], outcome=Outcome.REFUSED)
    return Verdict(outcome=Outcome.REFUSED, answer="It could not be sent with this configuration.")
