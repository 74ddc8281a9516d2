"""Which alert of a pager a message belongs to, and what it does to that alert."""

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
    """The alert's name, the same for all that is said of one incident, and the step.

    By ``data`` of the message: ``{"event": "down", "incident": {"id": 7}}``. What is no incident, such as a
    certificate that expires, has a ``trouble``, and many at once a ``digest``; what is none of these is an
    alert of its own.
    """
    data = delivery.content.data
    step = _STEPS.get(str(data.get("event")), PagerStep.TRIGGER)
    for kind in ("incident", "trouble", "digest"):
        named = data.get(kind)
        if isinstance(named, dict) and named.get("id") is not None:
            return f"sentrypulse-{kind}-{named['id']}", step
    return delivery.key, step
