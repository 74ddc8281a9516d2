"""What the figures are kept in: results summed over hours and days, and how far that has come.

``Rollup`` is narrow and read by every list; ``LatencyRollup`` is wide and read for percentiles alone.
"""

from datetime import timedelta

from django.db import models
from django.db.models import Q

from monitors.instants import InstantField
from monitors.models import Monitor


class Period(models.IntegerChoices):
    """What a rollup is over. Its value is its length in hours, of UTC."""

    HOUR = 1, "hour"
    DAY = 24, "day"

    @property
    def length(self) -> timedelta:
        return timedelta(hours=self.value)


class RollupKey(models.Model):
    """One monitor, one period. A period is whole hours of UTC, but for teams whose midnight lies within an
    hour: that hour of theirs is two rollups (`analytics/calendar.py`)."""

    pk = models.CompositePrimaryKey("monitor_id", "period_h", "start_at")
    # Without a constraint in the database, like results: it would lock every monitor while an hour is rolled.
    monitor = models.ForeignKey(
        Monitor, on_delete=models.CASCADE, related_name="+", db_constraint=False, db_index=False
    )
    period_h = models.PositiveSmallIntegerField(choices=Period)
    start_at = InstantField()

    class Meta:
        abstract = True


class Rollup(RollupKey):
    """What a period was: its time by what was known of it, in ms, and its checks. The rest is no data."""

    holds_s = models.PositiveIntegerField(help_text="How long a result counted then; stays when rolled again")
    up_ms = models.PositiveIntegerField()
    degraded_ms = models.PositiveIntegerField()
    down_ms = models.PositiveIntegerField()
    maintenance_ms = models.PositiveIntegerField()
    checks_up = models.PositiveIntegerField()
    checks_degraded = models.PositiveIntegerField()
    checks_down = models.PositiveIntegerField()
    checks_unknown = models.PositiveIntegerField()
    checks_maintenance = models.PositiveIntegerField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(period_h__in=Period.values), name="analytics_rollup_period_known"
            )
        ]


class LatencyRollup(RollupKey):
    """How long what was up took in a period. No row where nothing was timed."""

    count = models.PositiveIntegerField(help_text="Of results with a total; the three figures are of it")
    sum_ms = models.PositiveBigIntegerField()
    min_ms = models.PositiveIntegerField()
    max_ms = models.PositiveIntegerField()
    histogram = models.TextField(help_text="All phases; see histogram.py")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(period_h__in=Period.values), name="analytics_latencyrollup_period_known"
            )
        ]


class Progress(models.Model):
    """How far rolling up has come, in one row: what readers take from rollups, and what from raw results."""

    UPTIME = "uptime"

    name = models.CharField(max_length=32, primary_key=True)
    rolled_until = InstantField(help_text="Every hour before is rolled up; what follows is read raw")
    raw_from = InstantField(
        null=True, help_text="Raw results before it were purged; nothing there is rolled again"
    )
    lease_owner = models.CharField(max_length=64, blank=True)
    lease_until = InstantField()

    def __str__(self) -> str:
        return self.name


class StaleSpan(models.Model):
    """A result came after its hour was rolled up: what it can change, ``[start_at, end_at)``, is rolled
    again.

    Rows are only added and deleted, never changed: one that comes while its hour is being rolled again stays.
    """

    monitor = models.ForeignKey(
        Monitor, on_delete=models.CASCADE, related_name="+", db_constraint=False, db_index=False
    )
    start_at = InstantField()
    end_at = InstantField()
