"""How far the schedule has come, and who is moving it."""

from django.db import models

from monitors.instants import InstantField


class Cursor(models.Model):
    """One row a schedule: every slot before ``sent_until`` was sent. Moved under a lease, by
    compare-and-set."""

    name = models.CharField(max_length=32, primary_key=True)
    sent_until = InstantField()
    lease_owner = models.CharField(max_length=64, blank=True)
    lease_until = InstantField()
    moved_at = InstantField(help_text="When the scheduler last came round, by its own clock")

    def __str__(self) -> str:
        return self.name
