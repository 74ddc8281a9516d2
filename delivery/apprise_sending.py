"""How a message leaves through Apprise. Importing this imports Apprise, so a kind's file imports it inside of
``send``."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import msgspec
from apprise import NotifyFormat, OverflowMode
from apprise.plugins.base import NotifyBase

from delivery.apprise_plugins import NOTIFY_TYPES, make_plugin
from delivery.attempt import Attempt, Verdict
from delivery.message import Content, DeliveryMessage, Outcome
from delivery.outcomes import judge_answer, judge_fault
from delivery.requests_patch import patch_requests
from delivery.shortening import shorten, shorten_line

Parts = tuple[str, str]
"""Title and body."""


@dataclass(frozen=True, kw_only=True)
class Service:
    """What a service accepts. ``title_max`` and ``text_max`` are lengths as ``length`` counts them
    (characters by default).

    ``shows_link``: the service has a place of its own for the link. ``has_title``: it has a title; else the
    body begins with the title. ``one_line``: it accepts no line breaks. ``one_request_a_recipient``: each
    request is one recipient's; else several requests are one message, such as a login and the message.
    """

    title_max: int = 250
    text_max: int = 100_000
    length: Callable[[str], int] = len
    shows_link: bool = False
    has_title: bool = True
    one_line: bool = False
    one_request_a_recipient: bool = False


def send_by_apprise(
    delivery: DeliveryMessage,
    *,
    plugin: str | dict[str, Any],
    service: Service,
    attempt: Attempt,
    adapt: Callable[[Parts, NotifyBase], Parts] = lambda parts, made: parts,
) -> Verdict:
    """Send through Apprise, and judge by the HTTP answers: Apprise itself says only yes or no.

    ``plugin`` is an address of Apprise's, or the arguments of its plugin's constructor. ``adapt`` may change
    title and body last.
    """
    patch_requests()
    made = make_plugin(plugin)
    if made is None:
        sentence = "The channel's configuration is no longer valid; save it again."
        return Verdict(outcome=Outcome.REFUSED, answer=sentence)
    title, body = adapt(write_message(service, delivery.content), made)
    sent = made.notify(
        body=body,
        title=title,
        notify_type=NOTIFY_TYPES[delivery.content.tone],
        body_format=NotifyFormat.TEXT,
        overflow=OverflowMode.UPSTREAM,  # it fits
    )
    return judge_all(attempt, sent=bool(sent), for_each_recipient=service.one_request_a_recipient)


def write_message(service: Service, content: Content) -> Parts:
    """Title and body, within the service's limits. When a long body is shortened, its end stays.

    A body that begins with the subject does not repeat it.
    """
    length = service.length
    body, title = content.text, shorten_line(content.subject, service.title_max, length=length)
    first, _, rest = body.partition("\n")
    if first.strip() == content.subject and rest.strip():
        body = rest.strip()
    if content.link and content.link not in body and not service.shows_link:
        body = f"{body}\n\n{content.link}"
    if service.has_title:
        return title, shorten(body, service.text_max, length=length)
    text = f"{title}\n{shorten(body, service.text_max - length(title) - 1, length=length)}"
    return "", " ".join(text.split()) if service.one_line else text


def judge_all(attempt: Attempt, *, sent: bool, for_each_recipient: bool) -> Verdict:
    """One verdict over all requests of the attempt. ``sent`` is what Apprise said.

    If a request may be accepted later, the whole is ``retry``: a message told twice is better than one not
    told. Where there is a request ``for_each_recipient``, recipients that refuse do not undo the others, and
    are quoted. Elsewhere a request may only be a login, which means nothing when the next request is refused.
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
