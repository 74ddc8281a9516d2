"""What Apprise sends: one code for all of its services, which are in the table of ``delivery.services``."""

import re

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
    sent = plugin.notify(
        body=body,
        title=title,
        notify_type=NOTIFY_TYPES[delivery.content.tone],
        body_format=form,
        overflow=OverflowMode.TRUNCATE,
    )
    return judge_all(attempt, sent=bool(sent))


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


def judge_all(attempt: Attempt, *, sent: bool) -> Verdict:
    """One verdict over every request of the attempt (a service may need one for each recipient).

    What may still be taken later makes the whole one of ``retry``: told twice is better than not at all.
    Recipients that refuse for good do not undo what others took, and are quoted.
    """
    verdicts = [judge_answer(answer, attempt=attempt) for answer in attempt.answers]
    if attempt.faults and not any(verdict.outcome is Outcome.RETRY for verdict in verdicts):
        verdicts.append(judge_fault(attempt.faults[-1], attempt=attempt))
    if not verdicts:
        return Verdict(outcome=Outcome.REFUSED, answer="It could not be sent with this configuration.")
    for outcome in (Outcome.RETRY, Outcome.REFUSED):
        for verdict in verdicts:
            if verdict.outcome is outcome and (outcome is Outcome.RETRY or not _any_sent(verdicts)):
                return verdict
    refused = [verdict for verdict in verdicts if verdict.outcome is Outcome.REFUSED]
    last = verdicts[-1]
    if refused:
        answer = f"{len(verdicts) - len(refused)} of {len(verdicts)} took it. Refused: {refused[0].answer}"
        return Verdict(outcome=Outcome.SENT, status=refused[0].status, answer=answer)
    if not sent:  # a 2xx whose body says no, as Slack's and Pushover's may
        return Verdict(outcome=Outcome.REFUSED, status=last.status, answer=last.answer)
    return last


def _any_sent(verdicts: list[Verdict]) -> bool:
    return any(verdict.outcome is Outcome.SENT for verdict in verdicts)
