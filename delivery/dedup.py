"""To which alert of a pager a message belongs, and what it does to that alert."""

from enum import StrEnum

from delivery.message import DeliveryMessage


class PagerStep(StrEnum):
    """What happens to the alert. The words are PagerDuty's."""

    TRIGGER = "trigger"
    ACKNOWLEDGE = "acknowledge"
    RESOLVE = "resolve"


_STEPS = {
    "recovered": PagerStep.RESOLVE,
    "resolved": PagerStep.RESOLVE,
    "digest_over": PagerStep.RESOLVE,
    "monitoring_resumed": PagerStep.RESOLVE,
    "acknowledged": PagerStep.ACKNOWLEDGE,
}


def read_episode(delivery: DeliveryMessage) -> tuple[str, PagerStep]:
    """The alert's name and the step. The name is the same for all messages of one incident.

    Read from the message's ``data``: ``{"event": "down", "incident": {"id": 7}}``. A message of no incident
    (a certificate that expires, say) has a ``trouble``; a message about many changes has a ``digest``. Any
    other message is an alert of its own, named by the delivery's key.
    """
    data = delivery.content.data
    step = _STEPS.get(str(data.get("event")), PagerStep.TRIGGER)
    for kind in ("incident", "trouble", "digest"):
        named = data.get(kind)
        if isinstance(named, dict) and named.get("id") is not None:
            return f"sentrypulse-{kind}-{named['id']}", step
    return delivery.key, step
