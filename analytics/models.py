"""What the figures are kept in: results summed over hours and days, how far that has come; SLOs and reports.

``Rollup`` is narrow and read by every list; ``LatencyRollup`` is wide and read for percentiles alone.
"""

from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.db import models
from django.db.models import Q
from django.db.models.deletion import Collector
from django.utils.timezone import now

from accounts.models import Team, User
from accounts.selectors import team_ids_for
from core.instants import InstantField
from core.json_column import JsonColumn
from monitors.models import Monitor, Tag


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

    class Meta:
        verbose_name_plural = "progress"

    def __str__(self) -> str:
        return self.name


class Archiving(models.Model):
    """Who moves purged results to the archive, which slice was being moved, and how that went; one row."""

    RESULTS = "results"

    name = models.CharField(max_length=32, primary_key=True)
    lease_owner = models.CharField(max_length=64, blank=True)
    lease_until = InstantField()
    pending = JsonColumn(null=True, help_text="The slice that is being written; see archive/")
    written_at = InstantField(null=True, help_text="When the archive last took something")
    problem = models.CharField(max_length=300, blank=True, help_text="Why it does not, as of the last purge")

    class Meta:
        verbose_name_plural = "archiving"

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


# SLOs: what a team promises (written by users), and when that was at risk (written by the pipeline)


class SloQuerySet(models.QuerySet["Slo"]):
    def for_user(self, user: User) -> "SloQuerySet":
        """The SLOs of the user's teams; to a stranger there are none."""
        return self.filter(team_id__in=team_ids_for(user))

    def for_api(self, user: User) -> "SloQuerySet":
        open_alerts = BurnAlert.objects.filter(open_key__isnull=False).order_by("opened_at", "pk")
        return (
            self.for_user(user)
            .select_related("monitor", "tag")
            .prefetch_related(models.Prefetch("alerts", queryset=open_alerts, to_attr="open_alerts"))
        )

    def for_evaluation(self) -> "SloQuerySet":
        """Their rules, and of their monitors what measuring needs."""
        monitors = ("monitor__holds_s", "monitor__created_at", "monitor__enabled")
        return self.select_related("monitor").only("target_ratio", "window_days", "tag_id", *monitors)


def cascade(collector: Collector, field: Any, found: Any, using: str) -> None:
    """``CASCADE``, but it never sets the key to null before it deletes, as Django does on MySQL and MariaDB:
    the constraint there refuses an SLO of nothing."""
    source = field.remote_field.model
    collector.collect(found, source=source, source_attr=field.name, fail_on_restricted=False)


class Slo(models.Model):
    """A target for the uptime of one monitor, or of all monitors with a tag together, over the last days."""

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="slos")
    name = models.CharField(max_length=100)
    monitor = models.ForeignKey(Monitor, null=True, blank=True, on_delete=cascade, related_name="slos")
    tag = models.ForeignKey(Tag, null=True, blank=True, on_delete=cascade, related_name="slos")
    target_ratio = models.DecimalField(
        "target", max_digits=7, decimal_places=6, help_text="0.999 is 99.9 %; from 0.5 to less than 1"
    )
    window_days = models.PositiveSmallIntegerField(default=30, help_text="1 to 90; it ends now")
    created_at = models.DateTimeField(default=now)

    objects = SloQuerySet.as_manager()

    class Meta:
        verbose_name = "SLO"
        constraints = [
            models.CheckConstraint(
                condition=Q(monitor__isnull=False, tag__isnull=True)
                | Q(monitor__isnull=True, tag__isnull=False),
                name="analytics_slo_one_subject",
            ),
            models.CheckConstraint(
                condition=Q(target_ratio__gte=Decimal("0.5"), target_ratio__lt=1),
                name="analytics_slo_target_in_range",
            ),
            models.CheckConstraint(
                condition=Q(window_days__gte=1, window_days__lte=90), name="analytics_slo_window_in_range"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def subject(self) -> tuple[int | None, int | None]:
        """What it is of; several SLOs can be of the same."""
        return self.monitor_id, self.tag_id

    @property
    def rule(self) -> tuple[Any, ...]:
        """What its alerts are judged by; a change makes it another promise."""
        return self.target_ratio, self.window_days, *self.subject


class Speed(models.TextChoices):
    """How fast a budget burns; slos/burn.py has the rule of each."""

    FAST = "fast", "fast"
    MEDIUM = "medium", "medium"
    SLOW = "slow", "slow"


class BurnAlert(models.Model):
    """From when an SLO's budget burnt too fast until it did no more."""

    slo = models.ForeignKey(Slo, on_delete=models.CASCADE, related_name="alerts")
    speed = models.CharField(max_length=6, choices=Speed)
    # "slo:speed" while it is open, else null: one open alert of each, on MySQL and MariaDB too (as
    # incidents.Incident.open_monitor).
    open_key = models.CharField(max_length=32, unique=True, null=True, blank=True, editable=False)
    burn_rate_long = models.FloatField(help_text="In the long window, when it opened; 1 uses up just all")
    burn_rate_short = models.FloatField(help_text="In the short window, when it opened")
    opened_at = InstantField()
    closed_at = InstantField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(speed__in=Speed.values), name="analytics_burnalert_speed_known"
            ),
            models.CheckConstraint(
                condition=Q(open_key__isnull=False, closed_at__isnull=True)
                | Q(open_key__isnull=True, closed_at__isnull=False),
                name="analytics_burnalert_open_has_key",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.speed} burn of SLO {self.slo_id}"


# Reports: a month as it was known when it was frozen


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
        verbose_name = "SLA report"
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
    tags = JsonColumn(default=list, help_text="Names")
    figures = JsonColumn(help_text="See reports/figures.py")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["report", "monitor_id"], name="analytics_slaline_monitor_once"),
        ]
