"""Pages, components and posts, which people write. Notices and publications, which the pipeline writes."""

from django.db import models
from django.db.models import Q
from django.utils.timezone import now

from accounts.models import Team, User
from accounts.selectors import Person, team_ids_for
from core.instants import InstantField
from core.json_column import JsonColumn
from incidents.models import Incident, IncidentStatus
from monitors.models import Monitor
from outbox.models import Outgoing

HISTORY_DAYS = 90


class Visibility(models.TextChoices):
    """``unlisted``: everybody who has the address may read the page; search engines are asked to stay
    away."""

    PUBLIC = "public", "public"
    UNLISTED = "unlisted", "unlisted"
    PASSWORD = "password", "behind a password"
    TEAM = "team", "the team only"


OPEN = (Visibility.PUBLIC, Visibility.UNLISTED)
"""Pages that everybody may read, so they may be published."""


class Language(models.TextChoices):
    EN = "en", "English"
    DE = "de", "Deutsch"
    ES = "es", "Español"
    FR = "fr", "Français"
    ZH_HANS = "zh-hans", "简体中文"


class Theme(models.TextChoices):
    """``auto`` follows the reader's system."""

    AUTO = "auto", "auto"
    LIGHT = "light", "light"
    DARK = "dark", "dark"


class StatusPageQuerySet(models.QuerySet["StatusPage"]):
    def for_user(self, user: Person) -> "StatusPageQuerySet":
        """The pages of the user's teams."""
        return self.filter(team_id__in=team_ids_for(user))

    def for_api(self, user: Person) -> "StatusPageQuerySet":
        return (
            self.for_user(user)
            .select_related("publication", "logo")
            .defer("logo__data")
            .prefetch_related("components__monitors")
        )


class StatusPage(models.Model):
    """The configuration of one page. Only ``verified_domain`` and ``verified_at`` are also set by a job,
    which looks up the proof of the custom domain."""

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="status_pages")
    slug = models.CharField(max_length=63, unique=True)
    title = models.CharField(max_length=100)
    description = models.CharField(max_length=500, blank=True)
    visibility = models.CharField(max_length=10, choices=Visibility, default=Visibility.PUBLIC)
    password_hash = models.CharField(max_length=128, blank=True, editable=False)
    timezone = models.CharField(max_length=64, default="UTC", help_text="IANA name, such as Europe/Berlin")
    language = models.CharField(max_length=10, choices=Language, default=Language.EN)
    theme = models.CharField(max_length=5, choices=Theme, default=Theme.AUTO)
    accent = models.CharField("accent colour", max_length=7, default="#0b7285")
    custom_css = models.TextField("custom CSS", max_length=20_000, blank=True)
    show_response_times = models.BooleanField(default=True)
    automatic_posts = models.BooleanField(default=True, help_text="Tell incidents of its monitors by itself")
    history_days = models.PositiveSmallIntegerField(default=HISTORY_DAYS, help_text="30 to 90: bars, posts")
    custom_domain = models.CharField(max_length=253, blank=True, db_index=True)
    domain_token = models.CharField(max_length=64, editable=False)
    # The same as ``custom_domain`` once that is proven, else null. Several pages may ask for a domain; only
    # one page serves it.
    verified_domain = models.CharField(max_length=253, unique=True, null=True, blank=True, editable=False)
    verified_at = models.DateTimeField(null=True, blank=True, editable=False)
    created_at = models.DateTimeField(default=now)
    updated_at = models.DateTimeField(auto_now=True)

    objects = StatusPageQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(visibility__in=Visibility.values), name="statuspages_statuspage_visibility_known"
            ),
            models.CheckConstraint(
                condition=Q(theme__in=Theme.values), name="statuspages_statuspage_theme_known"
            ),
            models.CheckConstraint(
                condition=Q(history_days__gte=30, history_days__lte=HISTORY_DAYS),
                name="statuspages_statuspage_history_in_range",
            ),
            models.CheckConstraint(
                condition=~Q(visibility="password", password_hash=""),
                name="statuspages_statuspage_password_is_set",
            ),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def is_open(self) -> bool:
        """Whether everybody who has the address may read the page. Only such pages are published."""
        return self.visibility in OPEN


class Logo(models.Model):
    """The logo of a page. It has its own table, so that lists of pages do not read it."""

    page = models.OneToOneField(StatusPage, on_delete=models.CASCADE, primary_key=True, related_name="logo")
    media_type = models.CharField(max_length=20)
    data = models.BinaryField()


class Component(models.Model):
    """A line of a page: a name for people, and the monitors that it stands for."""

    page = models.ForeignKey(StatusPage, on_delete=models.CASCADE, related_name="components")
    group = models.CharField(max_length=100, blank=True)
    name = models.CharField(max_length=100)
    description = models.CharField(max_length=300, blank=True)
    position = models.PositiveSmallIntegerField(default=0)
    monitors = models.ManyToManyField(Monitor, blank=True, related_name="components")

    class Meta:
        ordering = ["position", "pk"]

    def __str__(self) -> str:
        return self.name


class PostVisibility(models.TextChoices):
    PUBLIC = "public", "on the page"
    INTERNAL = "internal", "for the team"


class Post(models.Model):
    """What a page says of an incident. An internal post is a note that only the team sees."""

    page = models.ForeignKey(StatusPage, on_delete=models.CASCADE, related_name="posts")
    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="posts")
    visibility = models.CharField(max_length=10, choices=PostVisibility, default=PostVisibility.PUBLIC)
    status = models.CharField(max_length=15, choices=IncidentStatus)
    text = models.TextField(max_length=10_000, help_text="Markdown")
    author = models.ForeignKey(User, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    components = models.ManyToManyField(
        Component, blank=True, related_name="posts", help_text="What it concerns; none: the whole page"
    )
    at = InstantField()
    # The identity of an automatic post, so that it is written once. Null for posts that people write.
    key = models.CharField(max_length=100, unique=True, null=True, editable=False)  # noqa: DJ001  # unique
    notices_due = models.BooleanField(default=False, help_text="Subscribers are still to be told")

    class Meta:
        ordering = ["at", "pk"]
        indexes = [
            models.Index(fields=["page", "at"], name="statuspages_post_by_page"),
            models.Index(fields=["notices_due"], name="statuspages_post_due"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(visibility__in=PostVisibility.values), name="statuspages_post_visibility_known"
            ),
            models.CheckConstraint(
                condition=Q(status__in=IncidentStatus.values), name="statuspages_post_status_known"
            ),
        ]


class SubscriberKind(models.TextChoices):
    EMAIL = "email", "e-mail"
    WEBHOOK = "webhook", "webhook"


class Subscriber(models.Model):
    """A person or program that a page tells of its posts. Before it confirms, it gets only the question to
    confirm."""

    page = models.ForeignKey(StatusPage, on_delete=models.CASCADE, related_name="subscribers")
    kind = models.CharField(max_length=10, choices=SubscriberKind)
    address = models.CharField(max_length=500)
    address_hash = models.CharField(max_length=64, editable=False, help_text="Case and length apart")
    # A field of its own: an empty list of components may also mean that the chosen components were deleted.
    all_components = models.BooleanField(default=True)
    components = models.ManyToManyField(Component, blank=True, related_name="+")
    wanted = JsonColumn(default=list, editable=False, help_text="Components, once this is confirmed")
    # The tokens of its links: as a hash, to find them, and encrypted, to send them again: `subscriptions.py`.
    confirm_hash = models.CharField(max_length=64, unique=True, null=True, editable=False)  # noqa: DJ001
    confirm_until = models.DateTimeField(null=True, editable=False)
    unsubscribe_hash = models.CharField(max_length=64, unique=True, editable=False)
    secrets = models.TextField(editable=False, help_text="Encrypted; see core/field_encryption.py")
    created_at = models.DateTimeField(default=now)
    confirmed_at = models.DateTimeField(null=True, blank=True)
    unsubscribed_at = models.DateTimeField(null=True, blank=True)
    off_reason = models.CharField(max_length=300, blank=True, help_text="Why we switched it off")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["page", "kind", "address_hash"], name="statuspages_subscriber_address_once"
            ),
            models.CheckConstraint(
                condition=Q(kind__in=SubscriberKind.values), name="statuspages_subscriber_kind_known"
            ),
        ]

    def __str__(self) -> str:
        return self.address


class NoticePurpose(models.TextChoices):
    CONFIRM = "confirm", "asks to confirm"
    POST = "post", "tells of a post"


class Notice(Outgoing):
    """One message to one subscriber. Its key holds the subscriber and the post, so that nobody is told
    twice."""

    TEAM = "subscriber__page__team_id"

    subscriber = models.ForeignKey(Subscriber, on_delete=models.CASCADE, related_name="notices")
    purpose = models.CharField(max_length=10, choices=NoticePurpose)
    more = models.PositiveSmallIntegerField(
        default=0, help_text="How many posts of the same moment this one stands for, besides its own"
    )
    post = models.ForeignKey(Post, null=True, on_delete=models.CASCADE, related_name="notices")


class Preview(models.Model):
    """A draft of a page, rendered; see `previews.py`. Gone some minutes later."""

    page = models.ForeignKey(StatusPage, on_delete=models.CASCADE, related_name="previews")
    body = models.TextField()
    policy = models.TextField()
    expires_at = InstantField(db_index=True)

    def __str__(self) -> str:
        return f"draft of {self.page_id}"


class Publication(models.Model):
    """The state of a page's published copy; written by the pipeline. One row for each page. When the page is
    deleted, the row stays until the copy is removed."""

    page = models.OneToOneField(StatusPage, null=True, on_delete=models.SET_NULL, related_name="publication")
    changes = models.PositiveBigIntegerField(default=1, help_text="Counts what may have changed the page")
    published_changes = models.PositiveBigIntegerField(default=0, help_text="Those that the copy has seen")
    version = models.PositiveBigIntegerField(default=0, help_text="Of the newest rendering that was begun")
    rendered_at = InstantField(null=True, help_text="When that was begun")
    published_at = InstantField(null=True, help_text="When the copy was last complete")
    place = models.CharField(max_length=63, blank=True, help_text="Where the copy lies; empty: nowhere")
    lease_owner = models.CharField(max_length=64, blank=True)
    lease_until = InstantField(null=True)
    problem = models.CharField(max_length=300, blank=True, help_text="Why the last try failed")
