"""What Apprise sends: one code for all of its services, which are in the table of ``delivery.services``."""

from apprise import NotifyFormat, OverflowMode

from delivery.attempt import Attempt, Verdict
from delivery.message import Content, Delivery, Outcome
from delivery.services import NOTIFY_TYPES, build_plugin
from delivery.transport import install
from delivery.verdicts import judge_answer, judge_fault

_READ_MARKDOWN = {"slack", "discord", "telegram", "msteams"}
_SHOW_THE_LINK = {"ntfy", "pushover", "discord"}
"""These have a place of its own for the link."""


def send(delivery: Delivery, *, attempt: Attempt) -> Verdict:
    """Let Apprise send, and judge by what came back over HTTP, which Apprise itself sums up as yes or no."""
    install()
    plugin = build_plugin(delivery.kind, delivery.config, delivery.content)
    if plugin is None:
        sentence = "The channel's configuration is no longer valid; save it again."
        return Verdict(outcome=Outcome.REFUSED, answer=sentence)
    plugin.throttle = _do_not_sleep  # type: ignore[method-assign]  # the outbox keeps the pace
    markdown = delivery.kind in _READ_MARKDOWN and bool(delivery.content.markdown)
    sent = plugin.notify(
        body=_write_body(delivery.content, markdown=markdown, linked=delivery.kind in _SHOW_THE_LINK),
        title=delivery.content.subject,
        notify_type=NOTIFY_TYPES[delivery.content.tone],
        body_format=NotifyFormat.MARKDOWN if markdown else NotifyFormat.TEXT,
        overflow=OverflowMode.TRUNCATE,
    )
    return judge_all(attempt, sent=bool(sent))


def _do_not_sleep(*args: object, **kwargs: object) -> None:
    pass


def _write_body(content: Content, *, markdown: bool, linked: bool) -> str:
    body = content.markdown if markdown else content.text
    return body if linked or not content.link or content.link in body else f"{body}\n\n{content.link}"


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
