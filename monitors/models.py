"""What is watched (written by users), what is believed of it and what was found (written by the pipeline)."""

import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import F, Max, Min, OuterRef, Q, Subquery
from django.utils.timezone import now

from accounts.models import Team, User
from accounts.selectors import team_ids_for
from core.instants import InstantField
from core.json_column import JsonColumn
from monitors.transitions import BELIEFS, FAIL_AFTER, Health, State
from probes.registry import HEARTBEAT, KINDS
from probes.result import Status


def kind_choices() -> list[tuple[str, str]]:
    """Every kind there is; a callable, so that a new one needs no migration."""
    return [(kind, kind) for kind in KINDS]


class Tag(models.Model):
    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="tags")
    name = models.CharField(max_length=50)
    key = models.CharField(max_length=64, editable=False, null=True)  # noqa: DJ001  # made by older code
    """What tells it apart, ``folding.make_name_key(name)``: databases differ in which names they take for
    equal."""

    class Meta:
        constraints = [models.UniqueConstraint(fields=["team", "key"], name="monitors_tag_key_once")]

    def __str__(self) -> str:
        return self.name


class MonitorQuerySet(models.QuerySet["Monitor"]):
    def for_user(self, user: "User") -> "MonitorQuerySet":
        """The monitors of the user's teams; to a stranger there are none."""
        return self.filter(team_id__in=team_ids_for(user))

    def for_api(self, user: "User", *, now: datetime) -> "MonitorQuerySet":
        """What the monitor's JSON is made of, in a constant number of queries."""
        return (
            self.for_user(user)
            .select_related("heartbeat")
            .prefetch_related(
                "tags",
                "depends_on",
                models.Prefetch("region_states", RegionState.objects.with_newest(now=now)),
            )
            .with_newest(now=now)
        )

    def with_newest(self, *, now: datetime) -> "MonitorQuerySet":
        """Adds ``newest_at``: the slot of the newest result, those of a clock that ran ahead left out."""
        newest = (
            Result.objects.filter(monitor_id=OuterRef("pk"), scheduled_at__lte=now + timedelta(minutes=1))
            # In the order of the key from its first column on: MySQL else reads and sorts the whole history.
            .order_by("-monitor_id", "-scheduled_at")
            .values("scheduled_at")[:1]
        )
        return self.annotate(newest_at=Subquery(newest, output_field=InstantField()))


class Monitor(models.Model):
    """The configuration of one monitor. Nothing here is written by the pipeline."""

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="monitors")
    name = models.CharField(max_length=100)
    kind = models.CharField(max_length=20, choices=kind_choices)
    url = models.CharField("target", max_length=2000, blank=True)
    interval_s = models.PositiveIntegerField(default=60)
    timeout_s = models.PositiveIntegerField(default=10)
    fail_after = models.PositiveSmallIntegerField(default=FAIL_AFTER)
    recover_after = models.PositiveSmallIntegerField(default=1)
    recheck_s = models.PositiveIntegerField(default=10)
    config = JsonColumn(default=dict)
    secrets = models.TextField(
        blank=True, editable=False, help_text="Encrypted; see core/field_encryption.py"
    )
    regions = JsonColumn(default=list, blank=True)
    tags = models.ManyToManyField(Tag, blank=True, related_name="monitors")
    depends_on = models.ManyToManyField(
        "self",
        symmetrical=False,
        blank=True,
        related_name="dependents",
        help_text="While one of these is down, nobody is told that this one is",
    )
    enabled = models.BooleanField(default=True)
    revision = models.PositiveIntegerField(
        default=1, editable=False, help_text="Counts the edits of what is checked; tells an old answer"
    )
    phase_ms = models.PositiveIntegerField(
        null=True, editable=False, help_text="Where in its interval the slots lie; null has no slots"
    )
    holds_s = models.PositiveIntegerField(
        default=60, editable=False, help_text="How long a result counts when none follows; see slots.py"
    )
    created_at = models.DateTimeField(default=now)
    updated_at = models.DateTimeField(auto_now=True)

    objects = MonitorQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["enabled", "interval_s", "phase_ms"], name="monitors_monitor_due")]
        constraints = [
            models.CheckConstraint(condition=Q(fail_after__gte=1), name="monitors_monitor_fail_after_1"),
            models.CheckConstraint(
                condition=Q(recover_after__gte=1), name="monitors_monitor_recover_after_1"
            ),
            models.CheckConstraint(
                condition=Q(phase_ms__isnull=True) | Q(phase_ms__lt=F("interval_s") * 1000),
                name="monitors_monitor_phase_in_interval",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def watched_from(self) -> list[str]:
        """The regions that check it: its own, as far as there still are, or all of them."""
        own = self.regions if isinstance(self.regions, list) else []
        return [region for region in own if region in settings.REGIONS] or settings.REGIONS

    @property
    def judged_from(self) -> list[str]:
        """The regions whose findings count: a heartbeat is waited for in one place alone
        (`monitors/heartbeats.py`)."""
        return settings.REGIONS[:1] if self.kind == HEARTBEAT else self.watched_from


class RegionStateQuerySet(models.QuerySet["RegionState"]):
    def with_newest(self, *, now: datetime) -> "RegionStateQuerySet":
        """Adds ``newest_at``: the slot of the region's newest result, as ``MonitorQuerySet`` does."""
        newest = (
            Result.objects.filter(
                monitor_id=OuterRef("monitor_id"),
                region=OuterRef("region"),
                scheduled_at__lte=now + timedelta(minutes=1),
            )
            .order_by("-monitor_id", "-scheduled_at")
            .values("scheduled_at")[:1]
        )
        return self.annotate(newest_at=Subquery(newest, output_field=InstantField()))


class RegionState(models.Model):
    """What one region believes of a monitor. The pipeline's; changes only when the belief does."""

    monitor = models.ForeignKey(Monitor, on_delete=models.CASCADE, related_name="region_states")
    region = models.CharField(max_length=32)
    state = models.CharField(
        max_length=10, choices=[(s.value, s.value) for s in BELIEFS], default=State.PENDING.value
    )
    failures = models.PositiveSmallIntegerField(default=0)
    first_failed_at = InstantField(null=True)
    passes = models.PositiveSmallIntegerField(default=0)
    first_passed_at = InstantField(null=True)
    counted_from = InstantField(help_text="Older results belong to an earlier life of the monitor")
    changed_at = InstantField(null=True, help_text="When the state last changed")
    no_data_since = InstantField(
        null=True, help_text="Its last result, once there is no data; see monitors/no_data.py"
    )
    no_data_code = models.CharField(max_length=32, blank=True, db_default="", default="")
    no_data_reason = models.CharField(max_length=500, blank=True, db_default="", default="")
    slow_until = InstantField(null=True, help_text="Until then its checks are taken for slow ones")

    objects = RegionStateQuerySet.as_manager()

    changed = False  # in memory only: differs from its row and must be saved

    class Meta:
        indexes = [models.Index(fields=["no_data_since"], name="monitors_regionstate_no_data")]
        constraints = [
            models.UniqueConstraint(fields=["monitor", "region"], name="monitors_regionstate_one_per_region"),
            models.CheckConstraint(
                condition=Q(state__in=[s.value for s in BELIEFS]), name="monitors_regionstate_state_known"
            ),
        ]

    @property
    def health(self) -> Health:
        return Health(
            State(self.state),
            self.failures,
            self.first_failed_at,
            self.passes,
            self.first_passed_at,
            no_data=self.no_data_since is not None,
        )

    def take(self, health: Health, *, at: datetime) -> bool:
        """Copy ``health`` in; true when that changed anything and the row must be saved. "No data" may end
        here; it begins with ``lose_data``."""
        if health == self.health:
            return False
        if not health.no_data:
            self.no_data_since, self.no_data_code, self.no_data_reason = None, "", ""
        if health.state != self.state:
            self.changed_at = at
        self.state, self.failures, self.first_failed_at = (
            health.state,
            health.failures,
            health.first_failed_at,
        )
        self.passes, self.first_passed_at = health.passes, health.first_passed_at
        return True

    def lose_data(self, *, since: datetime, code: str, reason: str) -> bool:
        """There is no data from here any more, or for another reason than before; true when that is new."""
        before = self.no_data_since, self.no_data_code, self.no_data_reason
        self.no_data_since, self.no_data_code, self.no_data_reason = since, code[:32], reason[:500]
        return before != (self.no_data_since, self.no_data_code, self.no_data_reason)


class ResultQuerySet(models.QuerySet["Result"]):
    def for_user(self, user: "User") -> "ResultQuerySet":
        return self.filter(monitor__team_id__in=team_ids_for(user))

    def of_before(self, before: datetime, *, monitor_ids: Sequence[int]) -> "models.QuerySet[Result, Any]":
        """For the purge: the ``first`` and the ``last`` result before ``before`` of each monitor that has
        several. The last one must stay: it says how the monitor was at ``before``, and of a paused monitor it
        is the only one."""
        old = self.filter(monitor_id__in=monitor_ids, scheduled_at__lt=before).order_by()
        spans = old.values("monitor_id").annotate(first=Min("scheduled_at"), last=Max("scheduled_at"))
        return spans.filter(first__lt=F("last")).order_by("monitor_id")


class Result(models.Model):
    """What one check found. Written once, by `monitors/recording.py`; its identity is its primary key.

    The composite key clusters a monitor's results in InnoDB and serves every read; there is no second index.
    """

    pk = models.CompositePrimaryKey("monitor_id", "scheduled_at", "region")
    # No constraint in the database: it would lock the monitor's row for every result. Deleting a monitor and
    # recording take the same lock on its region states instead (services.delete_monitors).
    monitor = models.ForeignKey(
        Monitor, on_delete=models.CASCADE, related_name="results", db_constraint=False, db_index=False
    )
    scheduled_at = InstantField()
    region = models.CharField(max_length=32)
    checked_at = InstantField()
    status = models.CharField(max_length=8, choices=[(s.value, s.value) for s in Status])
    in_maintenance = models.BooleanField(default=False)
    error_code = models.CharField(max_length=32, blank=True)
    error = models.CharField(max_length=500, blank=True)
    http_status = models.PositiveSmallIntegerField(null=True)
    dns_ms = models.PositiveIntegerField(null=True)
    connect_ms = models.PositiveIntegerField(null=True)
    tls_ms = models.PositiveIntegerField(null=True)
    first_byte_ms = models.PositiveIntegerField(null=True)
    download_ms = models.PositiveIntegerField(null=True)
    total_ms = models.PositiveIntegerField(null=True)
    address = models.CharField(max_length=45, blank=True)
    http_version = models.CharField(max_length=8, blank=True)
    size_bytes = models.PositiveBigIntegerField(null=True)
    tls_expires_at = InstantField(null=True)
    domain_expires_at = InstantField(null=True)

    objects = ResultQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(status__in=[s.value for s in Status]), name="monitors_result_status_known"
            )
        ]


class Heartbeat(models.Model):
    """Where a heartbeat monitor is pinged, and when it is late. Exists for monitors of kind heartbeat
    only."""

    monitor = models.OneToOneField(
        Monitor, primary_key=True, on_delete=models.CASCADE, related_name="heartbeat"
    )
    uuid = models.UUIDField(unique=True, default=uuid.uuid4)
    deadline_at = models.DateTimeField(
        null=True, db_index=True, help_text="Late from then on; null waits for the first ping"
    )
    last_ping_at = models.DateTimeField(null=True)
    started_at = models.DateTimeField(null=True, help_text="Begin of the run that has not ended yet")
    run_id = models.CharField(max_length=64, blank=True)


class PingKind(models.TextChoices):
    SUCCESS = "success", "success"
    START = "start", "start"
    FAIL = "fail", "fail"


class Ping(models.Model):
    """One call of a heartbeat's address, as it came."""

    monitor = models.ForeignKey(Monitor, on_delete=models.CASCADE, related_name="pings")
    received_at = models.DateTimeField()
    kind = models.CharField(max_length=10, choices=PingKind)
    exit_status = models.PositiveSmallIntegerField(null=True)
    run_id = models.CharField(max_length=64, blank=True)
    duration_ms = models.PositiveBigIntegerField(null=True)
    body = models.TextField(blank=True)
    address = models.CharField(max_length=45, blank=True)
    user_agent = models.CharField(max_length=200, blank=True)
    method = models.CharField(max_length=10)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=PingKind.values), name="monitors_ping_kind_known")
        ]
