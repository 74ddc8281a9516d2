"""An alert to Opsgenie (https://docs.opsgenie.com/docs/alert-api).

Our own code: Apprise finds the alert that it closes in a store of its own, which no worker here shares.
"""

from typing import Any
from urllib.parse import quote

import msgspec

from delivery.attempt import Attempt, Verdict
from delivery.episode import Step, read_episode
from delivery.http import ask
from delivery.message import Delivery, Tone
from delivery.verdicts import judge_answer

URLS = {"us": "https://api.opsgenie.com/v2/alerts", "eu": "https://api.eu.opsgenie.com/v2/alerts"}
_PRIORITIES = {Tone.BAD: "P1", Tone.WARNING: "P3", Tone.GOOD: "P5", Tone.INFO: "P5"}
_ACTIONS = {Step.ACKNOWLEDGE: "acknowledge", Step.RESOLVE: "close"}
_MESSAGE_MAX, _TEXT_MAX = 130, 15_000


def send(delivery: Delivery, *, attempt: Attempt) -> Verdict:
    """Create, acknowledge or close the incident's alert, which has its name as alias."""
    alias, step = read_episode(delivery)
    url, body = URLS[delivery.config["region"]], _describe(delivery, alias)
    if step is not Step.TRIGGER:
        url = f"{url}/{quote(alias, safe='')}/{_ACTIONS[step]}?identifierType=alias"
        body = {"source": "SentryPulse", "note": delivery.content.text[:_TEXT_MAX]}
    answer = ask(
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


def _describe(delivery: Delivery, alias: str) -> dict[str, Any]:
    content = delivery.content
    text = (
        content.text
        if not content.link or content.link in content.text
        else f"{content.text}\n\n{content.link}"
    )
    return {
        "message": content.subject[:_MESSAGE_MAX],
        "alias": alias[:512],
        "description": text[:_TEXT_MAX],
        "priority": _PRIORITIES[content.tone],
        "source": "SentryPulse",
        "responders": [{"type": "team", "name": name} for name in delivery.config["responders"]],
    }
