"""What went wrong, what was said about it, and when trouble is planned."""

from django.db import models
from django.db.models import Q
from django.utils.timezone import now

from accounts.models import Team, User
from accounts.selectors import team_ids_for
from core.instants import InstantField
from core.json_column import JsonColumn
from monitors.models import Monitor, Tag


class IncidentKind(models.TextChoices):
    AUTOMATIC = "automatic", "automatic"
    MANUAL = "manual", "manual"


class IncidentStatus(models.TextChoices):
    INVESTIGATING = "investigating", "investigating"
    IDENTIFIED = "identified", "identified"
    MONITORING = "monitoring", "monitoring"
    RESOLVED = "resolved", "resolved"


class Severity(models.TextChoices):
    MINOR = "minor", "minor"
    MAJOR = "major", "major"
    CRITICAL = "critical", "critical"


class IncidentQuerySet(models.QuerySet["Incident"]):
    def for_user(self, user: "User") -> "IncidentQuerySet":
        """The incidents of the user's teams; to a stranger there are none."""
        return self.filter(team_id__in=team_ids_for(user))

    def for_api(self, user: "User") -> "IncidentQuerySet":
        return self.for_user(user).select_related("acknowledged_by", "resolved_by", "monitor")


class Incident(models.Model):
    """From the first failing result to recovery. ``monitor`` is null for a manual incident of no monitor, and
    once its monitor was deleted; the title tells which it was."""

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="incidents")
    monitor = models.ForeignKey(
        Monitor, null=True, blank=True, on_delete=models.SET_NULL, related_name="incidents"
    )
    # The monitor again while an automatic incident is open, else null. MySQL and MariaDB have no conditional
    # unique constraint; a unique column that may be null says the same on every database.
    open_monitor = models.OneToOneField(
        Monitor,
        null=True,
        blank=True,
        editable=False,
        on_delete=models.SET_NULL,
        related_name="open_incident",
    )
    title = models.CharField(max_length=200)
    kind = models.CharField(max_length=10, choices=IncidentKind, default=IncidentKind.MANUAL)
    status = models.CharField(max_length=15, choices=IncidentStatus, default=IncidentStatus.INVESTIGATING)
    severity = models.CharField(max_length=10, choices=Severity, default=Severity.MAJOR)
    cause = JsonColumn(null=True, blank=True, help_text="The result that opened it")
    started_at = InstantField()
    acknowledged_at = models.DateTimeField(null=True, blank=True)
    acknowledged_by = models.ForeignKey(
        User, null=True, blank=True, on_delete=models.SET_NULL, related_name="acknowledged_incidents"
    )
    resolved_at = InstantField(null=True)
    resolved_by = models.ForeignKey(
        User, null=True, blank=True, on_delete=models.SET_NULL, related_name="resolved_incidents"
    )
    retracted = models.BooleanField(default=False, help_text="Late results showed that it never was")
    created_at = models.DateTimeField(default=now)

    objects = IncidentQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["team", "-started_at"], name="incidents_incident_by_team")]
        constraints = [
            models.CheckConstraint(
                condition=Q(kind__in=IncidentKind.values), name="incidents_incident_kind_known"
            ),
            models.CheckConstraint(
                condition=Q(status__in=IncidentStatus.values), name="incidents_incident_status_known"
            ),
            models.CheckConstraint(
                condition=Q(severity__in=Severity.values), name="incidents_incident_severity_known"
            ),
            models.CheckConstraint(
                condition=Q(status="resolved", resolved_at__isnull=False)
                | (~Q(status="resolved") & Q(resolved_at__isnull=True)),
                name="incidents_incident_resolved_has_time",
            ),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def duration_s(self) -> int | None:
        """Whole seconds from start to recovery; null while it is open."""
        return (
            None if self.resolved_at is None else round((self.resolved_at - self.started_at).total_seconds())
        )


class Update(models.Model):
    """One entry of an incident's timeline; without an author it is ours."""

    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="updates")
    at = models.DateTimeField()
    status = models.CharField(max_length=15, choices=IncidentStatus)
    text = models.TextField(max_length=10_000)
    author = models.ForeignKey(User, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")

    class Meta:
        ordering = ["at", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(status__in=IncidentStatus.values), name="incidents_update_status_known"
            )
        ]


class MaintenanceWindowQuerySet(models.QuerySet["MaintenanceWindow"]):
    def for_user(self, user: "User") -> "MaintenanceWindowQuerySet":
        return self.filter(team_id__in=team_ids_for(user))

    def for_api(self, user: "User") -> "MaintenanceWindowQuerySet":
        return self.for_user(user).prefetch_related("monitors", "tags")


class MaintenanceWindow(models.Model):
    """Planned trouble: once, or repeated by an RFC 5545 RRULE in a zone. Covers its monitors, and its tags'.

    ``starts_at`` and ``ends_at`` are the first (or only) occurrence; repeats keep its local time and length.
    """

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="maintenance_windows")
    title = models.CharField(max_length=200)
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    rrule = models.CharField(
        "repeats", max_length=500, blank=True, help_text="RFC 5545, such as FREQ=WEEKLY;BYDAY=SU"
    )
    last_starts_at = models.DateTimeField(
        null=True, blank=True, editable=False, help_text="Of repeats with a COUNT, counted out when saved"
    )
    timezone = models.CharField(max_length=64, default="UTC", help_text="IANA name, such as Europe/Berlin")
    monitors = models.ManyToManyField(Monitor, blank=True, related_name="maintenance_windows")
    tags = models.ManyToManyField(Tag, blank=True, related_name="maintenance_windows")
    created_at = models.DateTimeField(default=now)

    objects = MaintenanceWindowQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(ends_at__gt=models.F("starts_at")),
                name="incidents_maintenancewindow_ends_after_start",
            )
        ]

    def __str__(self) -> str:
        return self.title
