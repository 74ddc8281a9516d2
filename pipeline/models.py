"""What the pipeline stores about itself: how far the schedule has come, since when somebody watches for
missing data, which regions' own network was down, and signs of life."""

from django.db import models

from core.instants import InstantField


class Cursor(models.Model):
    """How far something has come, and who may move it now (``core.leases``). By name:

    - ``checks``: all slots before ``sent_until`` were sent or skipped
    - ``pings``: somebody listened until ``sent_until``, and this holds until ``lease_until``
    - a job's name: on Lambda, the job's next turn is at ``sent_until``
    - ``leisure 1`` and ``leisure 2``: places for jobs that may wait; only the lease counts
    """

    name = models.CharField(max_length=32, primary_key=True)
    sent_until = InstantField()
    lease_owner = models.CharField(max_length=64, blank=True)
    lease_until = InstantField()
    moved_at = InstantField(help_text="When the scheduler last came round, by its own clock")

    def __str__(self) -> str:
        return self.name


class DataWatch(models.Model):
    """One row. Since ``since`` somebody has looked for monitors without data, without a break. Before that,
    from ``away_from`` on, nobody looked: data that was missing then is held against no monitor."""

    name = models.CharField(max_length=32, primary_key=True)
    since = InstantField()
    away_from = InstantField()
    looked_at = InstantField()


class NetworkOutage(models.Model):
    """One row a region: its last network outage, by the results that the region sent. ``since`` is the time
    of the first, ``seen_at`` of the newest result that was blamed on it."""

    region = models.CharField(max_length=32, primary_key=True)
    since = InstantField()
    seen_at = InstantField(help_text="The newest result that was blamed on it")


class Sign(models.Model):
    """A sign of life: a part of the product last did its work at ``seen_at``. Health reads it, in a process
    of its own."""

    name = models.CharField(max_length=100, primary_key=True)
    seen_at = InstantField()
    detail = models.CharField(max_length=200, blank=True)

    def __str__(self) -> str:
        return self.name
