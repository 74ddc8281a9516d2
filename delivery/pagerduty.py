"""An event to PagerDuty (Events API v2, https://developer.pagerduty.com/docs/events-api-v2-overview).

Our own code, since Apprise neither acknowledges nor resolves.
"""

from typing import Any
from urllib.parse import urlsplit

import msgspec

from delivery.attempt import Attempt, Verdict
from delivery.episode import Step, read_episode
from delivery.http import ask
from delivery.message import Delivery, Tone
from delivery.verdicts import judge_answer

URLS = {
    "us": "https://events.pagerduty.com/v2/enqueue",
    "eu": "https://events.eu.pagerduty.com/v2/enqueue",
}
_SEVERITIES = {Tone.BAD: "critical", Tone.WARNING: "warning", Tone.GOOD: "info", Tone.INFO: "info"}
_SUMMARY_MAX, _TEXT_MAX = 1_024, 20_000


def send(delivery: Delivery, *, attempt: Attempt) -> Verdict:
    """Open, acknowledge or resolve the incident's alert."""
    name, step = read_episode(delivery)
    event: dict[str, Any] = {
        "routing_key": delivery.config["routing_key"],
        "event_action": step,
        "dedup_key": name,
    }
    if step is Step.TRIGGER:
        event |= _describe(delivery)
    answer = ask(
        "POST",
        URLS[delivery.config["region"]],
        content=msgspec.json.encode(event),
        headers={"Content-Type": "application/json", "Idempotency-Key": delivery.key},
        attempt=attempt,
    )
    return judge_answer(answer, attempt=attempt)


def _describe(delivery: Delivery) -> dict[str, Any]:
    content = delivery.content
    source = urlsplit(content.link).hostname if content.link else None
    described: dict[str, Any] = {
        "client": "SentryPulse",
        "payload": {
            "summary": content.subject[:_SUMMARY_MAX],
            "source": source or "SentryPulse",
            "severity": _SEVERITIES[content.tone],
            "custom_details": {"text": content.text[:_TEXT_MAX]},
        },
    }
    if content.link:
        described |= {"client_url": content.link, "links": [{"href": content.link, "text": "Open"}]}
    return described
