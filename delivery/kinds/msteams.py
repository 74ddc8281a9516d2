"""A card to a channel or chat of Microsoft Teams, through a workflow
(https://learn.microsoft.com/en-us/connectors/teams/#microsoft-teams-webhook).

Its text is in rich text blocks (https://adaptivecards.io/explorer/RichTextBlock.html): Teams reads no markup
in a text run, so what a target said is shown as it is.
"""

import json
from typing import Annotated, Any

from delivery.attempt import Attempt, Verdict
from delivery.chat import fit_lines, post_json, read_text_lines
from delivery.forms import Form, Url, secret_field
from delivery.markup import TextLine, TextSpan
from delivery.message import Content, DeliveryMessage, Tone
from delivery.outcomes import judge_answer
from delivery.registry import ChannelKind
from delivery.shortening import shorten_line
from delivery.validation import check_address, match

TITLE_MAX, CARD_MAX = 300, 20_000
"""Characters of the title, and bytes of the card's JSON. Teams refuses cards of more than 28 KB
(https://learn.microsoft.com/en-us/microsoftteams/limits-specifications-teams)."""


class MSTeamsForm(Form, frozen=True, kw_only=True):
    """A card to a channel or chat, through a workflow."""

    webhook_url: Annotated[
        Url,
        secret_field(
            "Workflow address",
            "the address that the workflow shows, such as "
            "https://….logic.azure.com/workflows/…/triggers/manual/paths/invoke?…&sig=…",
            'Teams: Workflows, "Post to a channel when a webhook request is received".',
        ),
    ]


def check(config: dict[str, Any], errors: dict[str, str]) -> None:
    check_address(config, errors, "webhook_url")
    match(
        config, errors, "webhook_url",
        r"https://[^/]+\.(?:logic\.azure\.com|powerplatform\.com|logic\.azure\.us)(?::443)?/.+[?&]sig=.+",
        "Must be the address that the workflow shows, with sig= in it; the old connectors "
        "(…webhook.office.com) were switched off by Microsoft.",
    )  # fmt: skip


_COLOURS = {
    Tone.BAD: "attention",
    Tone.WARNING: "warning",
    Tone.GOOD: "good",
    Tone.INFO: "accent",
}


def send(delivery: DeliveryMessage, *, attempt: Attempt) -> Verdict:
    url = delivery.config["webhook_url"]
    answer = post_json(url, write_message(delivery.content), delivery=delivery, attempt=attempt)
    return judge_answer(answer, attempt=attempt)


def write_message(content: Content) -> dict[str, Any]:
    head = {
        **_write_run(TextSpan(shorten_line(content.subject, TITLE_MAX), bold=True)),
        "size": "large",
        "color": _COLOURS[content.tone],
    }
    lines = [line for line in read_text_lines(content) if line.spans]
    shown = fit_lines(lines, CARD_MAX, write=_encode_line)
    card: dict[str, Any] = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "msteams": {"width": "Full"},
        "body": [{"type": "RichTextBlock", "inlines": [head]}, *(write_paragraph(line) for line in shown)],
    }
    if content.link:
        card["actions"] = [{"type": "Action.OpenUrl", "title": "Open", "url": content.link}]
    attachment = {"contentType": "application/vnd.microsoft.card.adaptive", "contentUrl": None}
    return {"type": "message", "attachments": [{**attachment, "content": card}]}


def _encode_line(line: TextLine) -> str:
    return json.dumps(write_paragraph(line))


def write_paragraph(line: TextLine) -> dict[str, Any]:
    runs = [_write_run(span) for span in line.spans if span.text]
    if line.marker:
        runs = [_write_run(TextSpan(f"{line.marker} ")), *runs]
    return {"type": "RichTextBlock", "spacing": "small", "inlines": runs}


def _write_run(span: TextSpan) -> dict[str, Any]:
    run: dict[str, Any] = {"type": "TextRun", "text": span.text}
    if span.bold:
        run["weight"] = "bolder"
    if span.italic:
        run["italic"] = True
    if span.code:
        run["fontType"] = "monospace"
    if span.link:
        run["selectAction"] = {"type": "Action.OpenUrl", "url": span.link}
    return run


KIND = ChannelKind(label="Microsoft Teams", form=MSTeamsForm, check=check, send=send)
