"""The rows that every outbox is made of. This app has no table: each app with an outbox has its own."""

from typing import ClassVar

from django.db import models
from django.db.models import Q

from core.instants import InstantField


class OutgoingStatus(models.TextChoices):
    """``held``: it waits for a decision. ``dropped``: it is told in another way, or not any more.
    ``withheld``: it reaches nobody, and ``reason`` says why."""

    HELD = "held", "held"
    PLANNED = "planned", "planned"
    SENDING = "sending", "sending"
    RETRY = "retry", "to be tried again"
    SENT = "sent", "sent"
    DEAD = "dead", "given up"
    DROPPED = "dropped", "dropped"
    WITHHELD = "withheld", "withheld"


FINAL = (OutgoingStatus.SENT, OutgoingStatus.DEAD, OutgoingStatus.DROPPED, OutgoingStatus.WITHHELD)
ON_CONSOLE = "email_console"
"""The ``reason`` of an e-mail that was printed to the console: no mail server is configured."""


class Outgoing(models.Model):
    """One message to one receiver. ``due_at`` is when something must be done about it next (send it, or send
    it again because no receipt has come); null: never."""

    TEAM: ClassVar[str] = "team_id"
    """The path of fields from a row to its team's id."""

    key = models.CharField(max_length=100, unique=True, help_text="Its identity, and its Idempotency-Key")
    status = models.CharField(max_length=10, choices=OutgoingStatus, default=OutgoingStatus.PLANNED)
    planned_at = InstantField()
    due_at = InstantField(null=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    settled_at = InstantField(null=True, help_text="When it was sent, given up or dropped")
    reason = models.CharField(
        max_length=20, blank=True, default="", db_default="", help_text="Why it reached nobody: a code"
    )
    answer_status = models.PositiveSmallIntegerField(null=True, help_text="HTTP or SMTP status of the answer")
    answer = models.CharField(max_length=500, blank=True, help_text="What came back at the last attempt")

    class Meta:
        abstract = True
        indexes = [models.Index(fields=["due_at"], name="%(app_label)s_%(class)s_due")]
        constraints = [
            models.CheckConstraint(
                condition=Q(status__in=OutgoingStatus.values), name="%(app_label)s_%(class)s_status_known"
            ),
        ]
