"""How far the schedule has come, since when somebody looks what comes of it, and when each part of us last
did its work."""

from django.db import models

from core.instants import InstantField


class Cursor(models.Model):
    """How far something has come, and who may move it on now (``core.leases``). By name:

    - ``checks``: every slot before ``sent_until`` was sent
    - ``pings``: until ``sent_until`` somebody listened, and may be believed to until ``lease_until``
    - a job's name: on Lambda, its next turn is at ``sent_until``
    - ``leisure 1`` and ``2``: places for jobs that may wait; the lease alone counts
    """

    name = models.CharField(max_length=32, primary_key=True)
    sent_until = InstantField()
    lease_owner = models.CharField(max_length=64, blank=True)
    lease_until = InstantField()
    moved_at = InstantField(help_text="When the scheduler last came round, by its own clock")

    def __str__(self) -> str:
        return self.name


class DataWatch(models.Model):
    """One row: since when somebody has looked for monitors without data, without a break. Before that, from
    ``away_from`` on, nobody did: what was missed then is held against nobody."""

    name = models.CharField(max_length=32, primary_key=True)
    since = InstantField()
    away_from = InstantField()
    looked_at = InstantField()


class NetworkOutage(models.Model):
    """One row a region: when its own network was down last, by the results that it sent."""

    region = models.CharField(max_length=32, primary_key=True)
    since = InstantField()
    seen_at = InstantField(help_text="The newest result that was blamed on it")


class Sign(models.Model):
    """A sign of life: a part of us did its work at ``seen_at``. Health reads it in a process of its own."""

    name = models.CharField(max_length=100, primary_key=True)
    seen_at = InstantField()
    detail = models.CharField(max_length=200, blank=True)

    def __str__(self) -> str:
        return self.name
