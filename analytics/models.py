"""What the figures are kept in: results summed over hours and days, and how far that has come.

``Rollup`` is narrow and read by every list; ``LatencyRollup`` is wide and read for percentiles alone.
"""

from datetime import timedelta

from django.db import models
from django.db.models import Q

from accounts.models import Team, User
from accounts.selectors import team_ids_for
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


class SlaReportQuerySet(models.QuerySet["SlaReport"]):
    def for_user(self, user: "User") -> "SlaReportQuerySet":
        """The frozen reports of the user's teams; to a stranger there are none."""
        return self.filter(team_id__in=team_ids_for(user)).select_related("supersedes")


class SlaReport(models.Model):
    """A team's month as it was known when it was frozen. No row of it is ever changed: a correction is the
    next version."""

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="sla_reports")
    month = models.DateField(help_text="Its first day")
    timezone = models.CharField(max_length=64, help_text="Of its days: the team's when it was frozen")
    version = models.PositiveSmallIntegerField(default=1)
    # CASCADE, for a version goes only with its team: InnoDB checks each row that one DELETE takes, so that
    # Django must part the chain first, which it does for CASCADE alone.
    supersedes = models.OneToOneField(
        "self",
        null=True,
        on_delete=models.CASCADE,
        related_name="superseded_by",
        help_text="What it corrects",
    )
    reason = models.TextField(blank=True, max_length=1000, help_text="Why it corrects; empty for version 1")
    frozen_at = InstantField()
    digest = models.CharField(max_length=64, help_text="SHA-256; see reports/freezing.py")

    objects = SlaReportQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["team", "month", "version"], name="analytics_slareport_version_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.month:%Y-%m}, version {self.version}"


class SlaLine(models.Model):
    """What a report says of one monitor, as that was called and checked when the month was frozen."""

    report = models.ForeignKey(SlaReport, on_delete=models.CASCADE, related_name="lines")
    monitor_id = models.BigIntegerField(help_text="No foreign key: the line outlives the monitor")
    name = models.CharField(max_length=100)
    kind = models.CharField(max_length=20)
    interval_s = models.PositiveIntegerField()
    tags = models.JSONField(default=list, help_text="Names")
    figures = models.JSONField(help_text="See reports/figures.py")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["report", "monitor_id"], name="analytics_slaline_monitor_once"),
        ]
