"""The rows that every outbox is made of. It has no table of its own: who tells something, has one."""

from typing import ClassVar

from django.db import models
from django.db.models import Q

from core.instants import InstantField


class OutgoingStatus(models.TextChoices):
    """``held`` waits for something to be decided; ``dropped`` is told in another way, or no more;
    ``withheld`` reaches nobody: ``reason`` says why."""

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
"""The reason of a letter that was printed: no mail server is configured."""


class Outgoing(models.Model):
    """One message to one receiver. ``due_at`` is when something must be done about it next, null for never:
    to send it, or to send it again because no receipt has come."""

    TEAM: ClassVar[str] = "team_id"
    """The way to whose it is."""

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
