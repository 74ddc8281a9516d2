"""A dead man's switch is told that we are well: its address is fetched. No channel of users'."""

from delivery.attempt import Attempt, Verdict
from delivery.http import ask
from delivery.message import DeliveryMessage
from delivery.outcomes import judge_answer


def send(delivery: DeliveryMessage, *, attempt: Attempt) -> Verdict:
    """Fetch it once; redirects are not followed."""
    answer = ask("GET", delivery.config["url"], content=b"", headers={}, attempt=attempt)
    return judge_answer(answer, attempt=attempt)
