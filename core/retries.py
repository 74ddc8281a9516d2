"""How often each thing is tried again, and after how long. Every policy stands here."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Backoff:
    """Pauses that start at ``first_s`` and grow by ``factor`` up to ``most_s``."""

    first_s: float
    most_s: float
    factor: float = 2.0

    def pause_s(self, attempts: int) -> float:
        """Seconds from the failure of attempt number ``attempts`` (from 1) to the next attempt."""
        return min(self.most_s, self.first_s * self.factor ** min(attempts - 1, 20))


MESSAGE_FAILED_S = (1.0, 5.0, 15.0, 60.0)
"""Embedded and Celery: a message that failed comes again after each of these, and is then a dead letter."""
RECEIVES = {"checks": 5, "deliveries": 5, "results": 12, "receipts": 12}
"""SQS: how often a message of a queue is received until it is a dead letter (``infra/queues.yaml``). The core
lets its messages come again within seconds, so it needs more of them."""
DATABASE_AWAY = Backoff(0.2, 5.0)
"""In the process that holds the message."""
DATABASE_AWAY_TIMES = 4
"""So often, on Celery. Then the message goes back: a worker that stops must not wait for the database."""
POSTPONED_S = 1.0
"""Celery: when such a message comes again."""
CORE_AWAY = Backoff(5.0, 300.0)
"""SQS: a message of the core comes again while the database or the queues are away."""
LETTER_NOT_TAKEN = Backoff(60.0, 60.0 * 3**4, factor=3.0)
"""SQS: an e-mail of Django's that was not taken comes again: five attempts in 40 minutes."""
SQS_REFUSED = Backoff(0.1, 3.2)
SQS_ATTEMPTS = 6
"""Calls of SQS that took only a part of the messages."""
DELIVERY_FAILED = Backoff(5.0, 600.0)
"""A row of an outbox, of which a random half is taken off (``outbox.backoff``)."""
