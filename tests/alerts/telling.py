"""The whole of telling, with a courier that is told what each receiver answers."""

from datetime import timedelta

from django.db.models import Min

from alerts import planning, receipts, sending
from alerts.models import Delivery, Trouble
from delivery.message import Outcome, Receipt
from pipeline.stages.record import record
from tests.alerts.factories import T0
from tests.pipeline.factories import make_result


class Telling:
    """A clock that is moved by hand. ``heard`` is (seconds since T0, channel's name or kind, subject)."""

    def __init__(self, *, answer=None):
        self.now = T0
        self.messages = []
        self.heard = []
        self.answer = answer or (lambda message: {"outcome": Outcome.SENT, "status": 200})

    def run(self, *, seconds):
        """Let time pass: what the job does and what the edge does, whenever something is due."""
        end = self.now + timedelta(seconds=seconds)
        while self.now < end:
            self.now = min([end, *self.moments()])
            self.turn()
        return self

    def moments(self):
        """When something is due next; what was due before now counts as due a second from now."""
        found = [
            Trouble.objects.aggregate(at=Min("look_at"))["at"],
            Delivery.objects.aggregate(at=Min("due_at"))["at"],
        ]
        return [max(at, self.now + timedelta(seconds=1)) for at in found if at is not None]

    def turn(self):
        planning.follow_troubles(now=self.now)
        answers = []
        for message in sending.take_due(now=self.now):
            self.messages.append(message)
            given = self.answer(message)
            if given is None:
                continue  # the message, or its receipt, was lost
            if given["outcome"] is Outcome.SENT:
                self.heard.append(
                    ((self.now - T0).total_seconds(), self.receiver(message), message.content.subject)
                )
            answers.append(Receipt(id=message.id, attempt=message.attempt, at=self.now, **given))
        receipts.settle_deliveries(answers, now=self.now)

    def receiver(self, message):
        config = message.config
        return config.get("url", "").rpartition("/")[2] or ",".join(config.get("to", ())) or message.kind

    def check(self, monitor, letters, *, every=60):
        """A result each ``every`` seconds from now on, and the time between."""
        for letter in letters:
            record([make_result(monitor, self.now, letter)], now=self.now)
            self.run(seconds=every)
        return self

    def subjects(self, receiver=None):
        return [subject for _, who, subject in self.heard if receiver in (None, who)]
