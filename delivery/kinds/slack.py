"""A message to a Slack channel, by incoming webhook
(https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks).

Its text is a rich text block (https://docs.slack.dev/reference/block-kit/blocks/rich-text-block): Slack reads
no markup and no mention in it, so what a target said is shown as it is.
"""

from typing import Annotated, Any

from delivery.attempt import Attempt, Verdict
from delivery.chat import COLOURS, fit_lines, post_json, read_text_lines
from delivery.forms import Form, Url, secret_field
from delivery.markup import TextLine, TextSpan
from delivery.message import Content, DeliveryMessage, Outcome
from delivery.outcomes import judge_answer
from delivery.registry import ChannelKind
from delivery.shortening import shorten_line
from delivery.validation import match

TITLE_MAX, TEXT_MAX = 250, 3_000


class SlackForm(Form, frozen=True, kw_only=True):
    """A message to the channel of an incoming webhook."""

    webhook_url: Annotated[
        Url,
        secret_field(
            "Incoming webhook",
            "an address such as https://hooks.slack.com/services/T000/B000/XXXX",
            "Slack: Apps, Incoming Webhooks, Add to Slack.",
        ),
    ]


def check(config: dict[str, Any], errors: dict[str, str]) -> None:
    match(
        config, errors, "webhook_url",
        r"https://hooks\.slack\.com/services/[A-Za-z0-9]+/[A-Za-z0-9]+/[A-Za-z0-9]+/?",
        "Must be the address of an incoming webhook, https://hooks.slack.com/services/T000/B000/XXXX.",
    )  # fmt: skip


def escape_slack(text: str) -> str:
    """Escape the three characters that have a meaning everywhere in Slack
    (https://docs.slack.dev/messaging/formatting-message-text#escaping)."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def send(delivery: DeliveryMessage, *, attempt: Attempt) -> Verdict:
    """Post the message. Slack accepts it with 200 and the body ``ok``; any other body with 200 is a
    refusal."""
    url = delivery.config["webhook_url"]
    answer = post_json(url, write_message(delivery.content), delivery=delivery, attempt=attempt)
    verdict = judge_answer(answer, attempt=attempt)
    if verdict.outcome is Outcome.SENT and answer.text.strip() != "ok":
        return Verdict(outcome=Outcome.REFUSED, status=answer.status, answer=verdict.answer)
    return verdict


def write_message(content: Content) -> dict[str, Any]:
    """One attachment, because only an attachment has a colour. ``fallback`` is what a notification shows."""
    title = shorten_line(content.subject, TITLE_MAX)
    head = TextLine((TextSpan(title, bold=True, link=content.link),))
    lines = [head, *fit_lines(read_text_lines(content), TEXT_MAX, write=lambda line: line.text)]
    block = {
        "type": "rich_text",
        "elements": [{"type": "rich_text_section", "elements": write_elements(lines)}],
    }
    return {
        "attachments": [
            {
                "color": f"#{COLOURS[content.tone]:06x}",
                "fallback": escape_slack(title),
                "blocks": [block],
            }
        ]
    }


def write_elements(lines: list[TextLine]) -> list[dict[str, Any]]:
    """The elements of one section. Line breaks separate the lines, and spans without text are left out,
    because Slack refuses empty texts."""
    elements: list[dict[str, Any]] = []
    for number, line in enumerate(lines):
        if number:
            elements.append({"type": "text", "text": "\n"})
        if line.marker:
            elements.append({"type": "text", "text": f"{line.marker} "})
        elements += [_write_span(span) for span in line.spans if span.text]
    return elements


def _write_span(span: TextSpan) -> dict[str, Any]:
    style = {name: True for name in ("bold", "italic", "code") if getattr(span, name)}
    element: dict[str, Any] = {"type": "text", "text": span.text}
    if span.link:
        element = {"type": "link", "url": span.link, "text": span.text}
    return {**element, "style": style} if style else element


KIND = ChannelKind(label="Slack", form=SlackForm, check=check, send=send)
