"""An event to PagerDuty (Events API v2, https://developer.pagerduty.com/docs/events-api-v2-overview).

Our own code, not Apprise: Apprise neither acknowledges nor resolves.
"""

from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

import msgspec

from delivery.attempt import Attempt, Verdict
from delivery.dedup import PagerStep, read_episode
from delivery.forms import Form, Token, field, secret_field
from delivery.http import send_request
from delivery.message import DeliveryMessage, Tone
from delivery.outcomes import judge_answer
from delivery.registry import ChannelKind
from delivery.shortening import shorten, shorten_line
from delivery.validation import match


class PagerDutyForm(Form, frozen=True, kw_only=True):
    """An alert of a service, resolved when the incident is."""

    routing_key: Annotated[
        Token,
        secret_field(
            "Integration key",
            "the 32 letters and digits of an Events API v2 integration",
            "PagerDuty: the service, Integrations, Events API v2.",
        ),
    ]
    region: Annotated[Literal["us", "eu"], field("Region", '"us" or "eu"')] = "us"


def check(config: dict[str, Any], errors: dict[str, str]) -> None:
    match(config, errors, "routing_key", r"[A-Za-z0-9]{32}", "Must be 32 letters and digits.")


URLS = {
    "us": "https://events.pagerduty.com/v2/enqueue",
    "eu": "https://events.eu.pagerduty.com/v2/enqueue",
}
_SEVERITIES = {Tone.BAD: "critical", Tone.WARNING: "warning", Tone.GOOD: "info", Tone.INFO: "info"}
_SUMMARY_MAX, _TEXT_MAX = 1_024, 20_000


def send(delivery: DeliveryMessage, *, attempt: Attempt) -> Verdict:
    """Open, acknowledge or resolve the incident's alert."""
    name, step = read_episode(delivery)
    event: dict[str, Any] = {
        "routing_key": delivery.config["routing_key"],
        "event_action": step,
        "dedup_key": name,
    }
    if step is PagerStep.TRIGGER:
        event |= _describe(delivery)
    answer = send_request(
        "POST",
        URLS[delivery.config["region"]],
        content=msgspec.json.encode(event),
        headers={"Content-Type": "application/json", "Idempotency-Key": delivery.key},
        attempt=attempt,
    )
    return judge_answer(answer, attempt=attempt)


def _describe(delivery: DeliveryMessage) -> dict[str, Any]:
    content = delivery.content
    source = urlsplit(content.link).hostname if content.link else None
    described: dict[str, Any] = {
        "client": "SentryPulse",
        "payload": {
            "summary": shorten_line(content.subject, _SUMMARY_MAX),
            "source": source or "SentryPulse",
            "severity": _SEVERITIES[content.tone],
            "custom_details": {"text": shorten(content.text, _TEXT_MAX)},
        },
    }
    if content.link:
        described |= {"client_url": content.link, "links": [{"href": content.link, "text": "Open"}]}
    return described


KIND = ChannelKind(label="PagerDuty", form=PagerDutyForm, check=check, send=send, pager=True)
