"""A letter to the addresses of a channel, through the operator's mail server or Amazon SES."""

from email.utils import parseaddr

from delivery.attempt import Attempt, Verdict
from delivery.letters import write_letter
from delivery.message import Delivery
from delivery.post import post_letter


def send(delivery: Delivery, *, attempt: Attempt) -> Verdict:
    """One letter for all addresses. Where it leaves is the operator's choice, so no guard asks about it."""
    letter = write_letter(delivery, sender=attempt.post.sender, now=attempt.read_clock())
    with attempt.operators_own():
        return post_letter(
            letter.as_bytes(),
            sender=parseaddr(attempt.post.sender)[1],
            to=delivery.config["to"],
            url=attempt.post.url,
            timeout_s=attempt.left_s,
        )
