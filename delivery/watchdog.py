"""Tells a dead man's switch that we are well, by fetching its address. No user can choose this kind."""

from delivery.attempt import Attempt, Verdict
from delivery.http import send_request
from delivery.message import DeliveryMessage
from delivery.outcomes import judge_answer


def send(delivery: DeliveryMessage, *, attempt: Attempt) -> Verdict:
    """Fetch the address once. Redirects are not followed."""
    answer = send_request("GET", delivery.config["url"], content=b"", headers={}, attempt=attempt)
    return judge_answer(answer, attempt=attempt)
