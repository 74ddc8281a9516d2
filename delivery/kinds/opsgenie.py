"""An alert to Opsgenie (https://docs.opsgenie.com/docs/alert-api).

Our own code, not Apprise: Apprise finds the alert to close in a store of its own, which our workers do not
share.
"""

from typing import Annotated, Any, Literal
from urllib.parse import quote

import msgspec

from delivery.attempt import Attempt, Verdict
from delivery.dedup import PagerStep, read_episode
from delivery.forms import MAX_RECIPIENTS, Form, ShortText, Token, field, secret_field
from delivery.http import send_request
from delivery.message import DeliveryMessage, Tone
from delivery.outcomes import judge_answer
from delivery.registry import ChannelKind
from delivery.shortening import shorten, shorten_line
from delivery.validation import check_names, match


class OpsgenieForm(Form, frozen=True, kw_only=True):
    """An alert, acknowledged and closed as the incident is."""

    api_key: Annotated[
        Token,
        secret_field(
            "API key",
            "the key of an API integration, such as 12345678-1234-1234-1234-123456789abc",
            "Opsgenie: the team, Integrations, API.",
        ),
    ]
    region: Annotated[Literal["us", "eu"], field("Region", '"us" or "eu"')] = "us"
    responders: Annotated[
        list[ShortText],
        field(
            "Teams",
            f"a list of at most {MAX_RECIPIENTS} names of teams",
            "Empty: whoever the integration is assigned to.",
            input="texts",
        ),
    ] = []


def check(config: dict[str, Any], errors: dict[str, str]) -> None:
    match(
        config, errors, "api_key", r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}",
        "Must look like 12345678-1234-1234-1234-123456789abc.",
    )  # fmt: skip
    check_names(config, errors, "responders")


URLS = {"us": "https://api.opsgenie.com/v2/alerts", "eu": "https://api.eu.opsgenie.com/v2/alerts"}
_PRIORITIES = {Tone.BAD: "P1", Tone.WARNING: "P3", Tone.GOOD: "P5", Tone.INFO: "P5"}
_ACTIONS = {PagerStep.ACKNOWLEDGE: "acknowledge", PagerStep.RESOLVE: "close"}
_MESSAGE_MAX, _TEXT_MAX = 130, 15_000


def send(delivery: DeliveryMessage, *, attempt: Attempt) -> Verdict:
    """Create, acknowledge or close the incident's alert. The alert's name (``read_episode``) is its alias."""
    alias, step = read_episode(delivery)
    url, body = URLS[delivery.config["region"]], _describe(delivery, alias)
    if step is not PagerStep.TRIGGER:
        url = f"{url}/{quote(alias, safe='')}/{_ACTIONS[step]}?identifierType=alias"
        body = {"source": "SentryPulse", "note": shorten(delivery.content.text, _TEXT_MAX)}
    answer = send_request(
        "POST",
        url,
        content=msgspec.json.encode(body),
        headers={
            "Content-Type": "application/json",
            "Authorization": f"GenieKey {delivery.config['api_key']}",
            "Idempotency-Key": delivery.key,
        },
        attempt=attempt,
    )
    return judge_answer(answer, attempt=attempt)


def _describe(delivery: DeliveryMessage, alias: str) -> dict[str, Any]:
    content = delivery.content
    text = (
        content.text
        if not content.link or content.link in content.text
        else f"{content.text}\n\n{content.link}"
    )
    return {
        "message": shorten_line(content.subject, _MESSAGE_MAX),
        "alias": alias[:512],
        "description": shorten(text, _TEXT_MAX),
        "priority": _PRIORITIES[content.tone],
        "source": "SentryPulse",
        "responders": [{"type": "team", "name": name} for name in delivery.config["responders"]],
    }


KIND = ChannelKind(label="Opsgenie", form=OpsgenieForm, check=check, send=send, pager=True)
