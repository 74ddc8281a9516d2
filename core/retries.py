"""How often each thing is tried again, and after which pauses. All policies are here."""

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
"""Seconds. Embedded and Celery: after each of these pauses a message that failed comes again. After the last
one it is a dead letter."""
RECEIVES = {"checks": 5, "deliveries": 5, "results": 12, "receipts": 12}
"""SQS: how often a message of each queue is received before it is a dead letter (``infra/queues.yaml``). The
core lets its messages come again within seconds, so they need more."""
DATABASE_AWAY = Backoff(0.2, 5.0)
"""Pauses within the process that holds the message."""
DATABASE_AWAY_TIMES = 4
"""Celery: how often the process tries again. Then the message goes back, because a worker that stops must not
wait for the database."""
POSTPONED_S = 1.0
"""Seconds. Celery: the pause before such a message comes again."""
CORE_AWAY = Backoff(5.0, 300.0)
"""SQS: pauses before a message of the core comes again, while the database or the queues are away."""
LETTER_NOT_TAKEN = Backoff(60.0, 60.0 * 3**4, factor=3.0)
"""SQS: pauses before an e-mail of Django's that was not accepted comes again. Five attempts take 40
minutes."""
SQS_REFUSED = Backoff(0.1, 3.2)
SQS_ATTEMPTS = 6
"""Calls of SQS, when each takes only a part of the messages."""
DELIVERY_FAILED = Backoff(5.0, 600.0)
"""Pauses of a row of an outbox. A random part, up to half, is taken off (``outbox.backoff``)."""
