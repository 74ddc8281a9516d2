"""Channels and rules, which people write. Troubles and deliveries, which the pipeline writes."""

from datetime import time
from typing import Any

from django.db import models
from django.db.models import Q
from django.utils.timezone import now

from accounts.models import Team, User
from accounts.selectors import team_ids_for
from core.instants import InstantField
from core.json_column import JsonColumn
from delivery.registry import KINDS
from incidents.models import Incident
from monitors.models import Monitor, Tag
from outbox.models import ON_CONSOLE, Outgoing


def kind_choices() -> list[tuple[str, str]]:
    """All kinds of channels. A callable, so that a new kind needs no migration."""
    return [(kind, kind) for kind in KINDS]


class TroubleKind(models.TextChoices):
    """What is wrong."""

    INCIDENT = "incident", "incident"
    DEGRADED = "degraded", "degraded"
    CERTIFICATE = "certificate", "certificate that expires"
    DOMAIN = "domain", "domain that expires"
    BUDGET = "budget", "error budget that burns"
    NO_DATA = "no_data", "monitor without data"


class Event(models.TextChoices):
    """What people are told by a rule. The first eight events open a trouble. ``flapping`` is told in place of
    troubles that come too often. ``monitoring_stopped`` and ``monitoring_resumed`` tell of many monitors in
    one message: see `alerts/digests.py`."""

    DOWN = "down", "a monitor is down"
    HEARTBEAT_LATE = "heartbeat_late", "a heartbeat is late"
    MANUAL = "manual", "somebody opened an incident"
    DEGRADED = "degraded", "a monitor is slow or partly down"
    TLS_EXPIRING = "tls_expiring", "a certificate expires soon"
    DOMAIN_EXPIRING = "domain_expiring", "a domain expires soon"
    SLO_BURNING = "slo_burning", "an error budget burns too fast"
    MONITORING_STOPPED = "monitoring_stopped", "monitors have no data any more"
    REMINDER = "reminder", "still so, and nobody acknowledged"
    ESCALATED = "escalated", "nobody acknowledged in time"
    ACKNOWLEDGED = "acknowledged", "somebody is on it"
    RECOVERED = "recovered", "it is over"
    MONITORING_RESUMED = "monitoring_resumed", "monitors have data again"
    FLAPPING = "flapping", "up and down too often to tell each time"


class OwnEvent(models.TextChoices):
    """What people are told without a rule."""

    DIGEST = "digest", "many changes at once"
    DIGEST_OVER = "digest_over", "all that a digest told is over"
    CHANNEL_DISABLED = "channel_disabled", "a channel was switched off"
    TEST = "test", "a test"


class Reason(models.TextChoices):
    """Why an alert reached nobody, or was told by another row (a digest)."""

    QUIET_HOURS = "quiet_hours", "a rule's quiet hours"
    DELAY = "delay", "a rule's delay"
    DEPENDENCY = "dependency", "a monitor that it depends on"
    MAINTENANCE = "maintenance", "maintenance"
    FLAPPING = "flapping", "up and down too often"
    NO_RULE = "no_rule", "no rule tells it"
    NO_CHANNEL = "no_channel", "its rule has no channel"
    CHANNEL_OFF = "channel_off", "its channel is switched off"
    NO_RECIPIENT = "no_recipient", "its channel has nobody to write to"
    NO_CONSENT = "no_consent", "nobody there has agreed to get alerts"
    DECLINED = "declined", "its addresses want no alerts"
    ADDRESS_REFUSED = "address_refused", "the mail server refuses the address"
    EMAIL_CONSOLE = ON_CONSOLE, "no mail server is configured"
    OVER = "over", "it was over before"
    IN_DIGEST = "in_digest", "told in a digest"


DEFAULT_EVENTS = [
    event.value for event in Event if event not in {Event.DEGRADED, Event.FLAPPING, Event.ACKNOWLEDGED}
]
CHOSEN_EVENTS = [event.value for event in Event if event is not Event.FLAPPING]
"""The events that a rule may list. Flapping is not among them: rules that tell of the trouble tell of it."""


BEGINNINGS = frozenset(Event) - {Event.RECOVERED, Event.MONITORING_RESUMED, Event.ACKNOWLEDGED}
"""A channel that was told one of these has heard of the trouble."""
ENDS = frozenset({Event.RECOVERED, Event.MONITORING_RESUMED})


class AlertSettings(models.Model):
    """A team's settings for alerts. The row is made together with the default channel and rule, once: so
    people may delete those two for good."""

    team = models.OneToOneField(
        Team, primary_key=True, on_delete=models.CASCADE, related_name="alert_settings"
    )
    digest_over = models.PositiveSmallIntegerField(
        default=5, help_text="More changes than these within a minute go to a channel as one digest"
    )
    created_at = models.DateTimeField(default=now)

    class Meta:
        verbose_name_plural = "alert settings"
        constraints = [
            models.CheckConstraint(condition=Q(digest_over__gte=1), name="alerts_alertsettings_digest_over_1")
        ]

    def __str__(self) -> str:
        return f"alert settings of {self.team}"


class ChannelQuerySet(models.QuerySet["Channel"]):
    def for_user(self, user: "User") -> "ChannelQuerySet":
        """The channels of the user's teams."""
        return self.filter(team_id__in=team_ids_for(user))


class Channel(models.Model):
    """Where alerts go. ``config`` holds the fields of its kind (``delivery/kinds/``); their secret values are
    encrypted in ``secrets``."""

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="channels")
    name = models.CharField(max_length=100)
    kind = models.CharField(max_length=20, choices=kind_choices)
    config = JsonColumn(default=dict, blank=True)
    secrets = models.TextField(
        blank=True, editable=False, help_text="Encrypted; see core/field_encryption.py"
    )
    to_owners = models.BooleanField(
        default=False, help_text="E-mail only: also to whoever owns or administers the team"
    )
    enabled = models.BooleanField(default=True)
    refusals = models.PositiveSmallIntegerField(
        default=0, editable=False, help_text="Deliveries refused in a row"
    )
    disabled_reason = models.CharField(max_length=600, blank=True, help_text="Why we switched it off")
    created_at = models.DateTimeField(default=now)

    objects = ChannelQuerySet.as_manager()

    def __str__(self) -> str:
        return self.name


class Consent(models.TextChoices):
    """The answer of an address to our question whether it wants a team's alerts."""

    ASKED = "asked", "asked, no answer yet"
    AGREED = "agreed", "agreed"
    DECLINED = "declined", "declined"


class Recipient(models.Model):
    """An e-mail address in a team's channel that belongs to no verified member. It gets alerts after it
    agreed."""

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="recipients")
    address = models.CharField(max_length=254, help_text="In small letters")
    consent = models.CharField(max_length=8, choices=Consent, default=Consent.ASKED)
    added_at = models.DateTimeField()
    asked_at = models.DateTimeField(help_text="When the last letter that asks was sent")
    decided_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["team", "address"], name="alerts_recipient_once"),
            models.CheckConstraint(
                condition=Q(consent__in=Consent.values), name="alerts_recipient_consent_known"
            ),
        ]

    def __str__(self) -> str:
        return self.address


class RuleQuerySet(models.QuerySet["Rule"]):
    def for_user(self, user: "User") -> "RuleQuerySet":
        return self.filter(team_id__in=team_ids_for(user))

    def for_api(self, user: "User") -> "RuleQuerySet":
        return self.for_user(user).with_steps()

    def with_steps(self) -> "RuleQuerySet":
        """With all that planning and the API read of a rule, in a constant number of queries."""
        return self.prefetch_related("monitors", "tags", "steps__channels")


class Rule(models.Model):
    """Who is told of which events of which monitors, and when it is quiet.

    A rule without monitors and tags is for all troubles of the team, also for those without a monitor.
    """

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="alert_rules")
    name = models.CharField(max_length=100)
    enabled = models.BooleanField(default=True)
    monitors = models.ManyToManyField(Monitor, blank=True, related_name="alert_rules")
    tags = models.ManyToManyField(Tag, blank=True, related_name="alert_rules")
    events = JsonColumn(default=list)
    delay_min = models.PositiveSmallIntegerField(
        default=0, help_text="Tell only what is still so after these minutes"
    )
    remind_every_min = models.PositiveSmallIntegerField(
        default=0, help_text="Until somebody acknowledges; 0 never reminds"
    )
    quiet_from = models.TimeField(
        null=True, blank=True, help_text="Local time; what is still so is told after"
    )
    quiet_until = models.TimeField(null=True, blank=True)
    quiet_days = JsonColumn(
        default=list, blank=True, help_text="On which quiet hours begin: mon … sun; none means every day"
    )
    timezone = models.CharField(
        max_length=64, blank=True, help_text="IANA name, of the quiet hours; the team's if empty"
    )
    created_at = models.DateTimeField(default=now)

    objects = RuleQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(quiet_from__isnull=True, quiet_until__isnull=True)
                | Q(quiet_from__isnull=False, quiet_until__isnull=False),
                name="alerts_rule_quiet_has_both_ends",
            )
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def quiet_span(self) -> tuple[time, time] | None:
        if self.quiet_from is None or self.quiet_until is None:
            return None
        return self.quiet_from, self.quiet_until


class Step(models.Model):
    """Channels of a rule that are told when nobody has acknowledged for ``after_min`` minutes. The first step
    of a rule has 0 minutes."""

    rule = models.ForeignKey(Rule, on_delete=models.CASCADE, related_name="steps")
    after_min = models.PositiveSmallIntegerField(default=0)
    channels = models.ManyToManyField(Channel, related_name="steps")

    class Meta:
        ordering = ["after_min"]
        constraints = [
            models.UniqueConstraint(fields=["rule", "after_min"], name="alerts_step_one_per_moment")
        ]


class Trouble(models.Model):
    """An alert condition: something that is wrong, from its beginning to its end. A trouble of an incident
    copies the times of that incident.

    ``look_at`` is when planning must look at the trouble next; null for never.
    """

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="+")
    kind = models.CharField(max_length=12, choices=TroubleKind)
    key = models.CharField(max_length=100, unique=True, help_text="What it is, so that it is there once")
    incident = models.OneToOneField(
        Incident, null=True, blank=True, on_delete=models.CASCADE, related_name="trouble"
    )
    monitor = models.ForeignKey(Monitor, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    event = models.CharField(max_length=24, choices=Event, help_text="What opened it")
    title = models.CharField(max_length=200)
    cause = JsonColumn(null=True, blank=True)
    opened_at = InstantField()
    closed_at = InstantField(null=True)
    told_from = InstantField(help_text="When we knew; delays count from here")
    round = models.PositiveSmallIntegerField(default=0, help_text="How often it was opened again")
    flaps = models.ForeignKey(
        "self",
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
        help_text="The trouble that told of the flapping this one belongs to",
    )
    look_at = InstantField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["look_at"], name="alerts_trouble_look_at"),
            models.Index(fields=["closed_at"], name="alerts_trouble_closed_at"),
            models.Index(fields=["monitor", "-opened_at"], name="alerts_trouble_by_monitor"),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=TroubleKind.values), name="alerts_trouble_kind_known")
        ]

    def __str__(self) -> str:
        return self.title

    def read_cause(self) -> dict[str, Any]:
        """``cause`` when it is a JSON object; an empty dictionary when it is anything else."""
        return self.cause if isinstance(self.cause, dict) else {}


class DeliveryQuerySet(models.QuerySet["Delivery"]):
    def for_user(self, user: "User") -> "DeliveryQuerySet":
        return self.filter(team_id__in=team_ids_for(user))

    def for_api(self, user: "User") -> "DeliveryQuerySet":
        return self.for_user(user).select_related("channel", "trouble")


class Delivery(Outgoing):
    """One alert to one channel, and what became of it: a row of the ledger. Without a channel, the alert goes
    to the team's owners by e-mail."""

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="deliveries")
    channel = models.ForeignKey(
        Channel, null=True, blank=True, on_delete=models.SET_NULL, related_name="deliveries"
    )
    channel_name = models.CharField(max_length=100, blank=True)
    trouble = models.ForeignKey(
        Trouble, null=True, blank=True, on_delete=models.SET_NULL, related_name="deliveries"
    )
    event = models.CharField(max_length=24, choices=[*Event.choices, *OwnEvent.choices])
    digest = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.SET_NULL, related_name="merged"
    )
    instead_of = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.SET_NULL, related_name="replacements"
    )
    subject = models.CharField(max_length=300, blank=True, help_text="As it was last sent")
    acknowledged_at = InstantField(null=True, help_text="When its link was used; it works once")

    objects = DeliveryQuerySet.as_manager()

    class Meta(Outgoing.Meta):
        verbose_name_plural = "deliveries"
        indexes = [
            *Outgoing.Meta.indexes,
            models.Index(fields=["team", "-planned_at"], name="alerts_delivery_by_team"),
            models.Index(fields=["channel", "-planned_at"], name="alerts_delivery_by_channel"),
        ]

    def __str__(self) -> str:
        return f"{self.event} to {self.channel_name or 'owners'}"


class MessageTemplate(models.Model):
    """A team's own templates for an event, in Liquid. Where a part is empty, the product's template is used
    (``alerts/messages/defaults``)."""

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="message_templates")
    event = models.CharField(max_length=24, choices=[*Event.choices, *OwnEvent.choices])
    subject = models.TextField(blank=True, max_length=500)
    text = models.TextField(blank=True, max_length=10_000)
    markdown = models.TextField(blank=True, max_length=10_000)
    html = models.TextField(blank=True, max_length=20_000)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["team", "event"], name="alerts_messagetemplate_one_per_event")
        ]

    def __str__(self) -> str:
        return f"{self.event} of {self.team}"
