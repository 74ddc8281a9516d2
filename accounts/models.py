"""Who there is: users, the teams that own everything, and what ties the two together."""

from datetime import datetime
from typing import Any, ClassVar

from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import AnonymousUser, PermissionsMixin
from django.db import models, transaction
from django.db.models import Exists, F, OuterRef, Q
from django.db.models.functions import Lower
from django.utils.timezone import now

from accounts.addresses import fold_email


class Role(models.TextChoices):
    """What a member may do in a team; each role may do all that the ones below it may."""

    OWNER = "owner", "owner"
    ADMIN = "admin", "admin"
    MEMBER = "member", "member"
    VIEWER = "viewer", "viewer"

    @property
    def rank(self) -> int:
        """Higher may do more."""
        return [Role.VIEWER, Role.MEMBER, Role.ADMIN, Role.OWNER].index(self)


class UserManager(BaseUserManager["User"]):
    """What Django's ``createsuperuser`` needs; everything else goes through ``accounts.services``."""

    def get_by_natural_key(self, username: str | None) -> "User":
        """Log-ins ignore the case of the e-mail address."""
        return self.get(email=fold_email(username))

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "User":
        """A saved user with a personal team; ``joined_at`` is now unless given."""
        joined_at: datetime = fields.pop("joined_at", None) or now()
        user = self.model(email=fold_email(email), joined_at=joined_at, **fields)
        user.set_password(password)
        save_with_team(user)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> "User":
        fields.setdefault("email_verified_at", now())  # the operator knows who he is
        return self.create_user(email, password, is_staff=True, is_superuser=True, **fields)


class User(AbstractBaseUser, PermissionsMixin):
    email = models.EmailField(unique=True)
    name = models.CharField(max_length=100, blank=True)
    is_active = models.BooleanField(default=True, help_text="Off: may not log in; API keys are dead too.")
    is_staff = models.BooleanField("may use the admin", default=False)
    joined_at = models.DateTimeField(default=now)
    email_verified_at = models.DateTimeField(
        null=True, blank=True, help_text="When a letter to the address was answered; empty: never yet"
    )

    api_key: "ApiKey | None" = None
    """The key that authenticated this request, set by ``ApiKeyAuthentication``; only its team counts then."""

    objects = UserManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"

    class Meta:
        constraints = [
            # Without it SQLite, which compares exactly, would take Ada@example.com beside ada@example.com.
            models.CheckConstraint(condition=Q(email=Lower("email")), name="accounts_user_email_lowercase"),
        ]

    def __str__(self) -> str:
        return self.email


class TeamQuerySet(models.QuerySet["Team"]):
    def for_user(self, user: User | AnonymousUser) -> "TeamQuerySet":
        """The teams that ``user`` belongs to (an API key: its own), each with their role as ``my_role``."""
        if not isinstance(user, User):
            return self.none()
        mine = self.filter(memberships__user=user).annotate(my_role=F("memberships__role"))
        return mine.filter(pk=user.api_key.team_id) if user.api_key else mine


class Team(models.Model):
    """The owner of monitors, incidents and all else. Everybody has a personal one."""

    name = models.CharField(max_length=100)
    personal_of = models.OneToOneField(
        User, null=True, blank=True, on_delete=models.CASCADE, related_name="personal_team"
    )
    timezone = models.CharField(max_length=64, default="UTC", help_text="IANA name, such as Europe/Berlin")
    created_at = models.DateTimeField(default=now)
    members = models.ManyToManyField(User, through="Membership", related_name="teams")

    objects = TeamQuerySet.as_manager()

    def __str__(self) -> str:
        return self.name

    @property
    def team_id(self) -> int:
        """A team belongs to itself, so that permissions treat it like all that it owns."""
        return self.pk


class Membership(models.Model):
    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="memberships")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=10, choices=Role, default=Role.MEMBER)
    joined_at = models.DateTimeField(default=now)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["team", "user"], name="accounts_membership_one_per_user"),
            models.CheckConstraint(condition=Q(role__in=Role.values), name="accounts_membership_role_known"),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} in {self.team_id} as {self.role}"


class Invitation(models.Model):
    """An address asked to join a team. Asking again renews the row; withdrawing deletes it."""

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="invitations")
    email = models.EmailField()
    role = models.CharField(max_length=10, choices=Role, default=Role.MEMBER)
    token_hash = models.CharField(max_length=64, unique=True, help_text="SHA-256 of the token in the e-mail")
    invited_by = models.ForeignKey(
        User, null=True, blank=True, on_delete=models.SET_NULL, related_name="invitations_sent"
    )
    created_at = models.DateTimeField(default=now)
    expires_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["team", "email"], name="accounts_invitation_one_per_email"),
            models.CheckConstraint(condition=Q(role__in=Role.values), name="accounts_invitation_role_known"),
            models.CheckConstraint(
                condition=Q(email=Lower("email")), name="accounts_invitation_email_lowercase"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.email} to {self.team_id} as {self.role}"


class Scope(models.TextChoices):
    READ = "read", "read"
    WRITE = "write", "write"


class ApiKeyQuerySet(models.QuerySet["ApiKey"]):
    def for_user(self, user: User | AnonymousUser) -> "ApiKeyQuerySet":
        """What is not revoked: one's own keys, and everybody's in the teams that one administers."""
        if not isinstance(user, User):
            return self.none()
        mine = Membership.objects.filter(team=OuterRef("team"), user=user)
        runs_it = Exists(mine.filter(role__in=[Role.OWNER, Role.ADMIN]))
        keys = self.filter(runs_it | Q(Exists(mine), user=user), revoked_at__isnull=True)
        return keys.filter(team=user.api_key.team_id) if user.api_key else keys


class ApiKey(models.Model):
    """A member's key to one team. It may do what that member may do there, within its scope."""

    KEY_START: ClassVar[str] = "sp_"

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="api_keys")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="api_keys")
    name = models.CharField(max_length=100)
    prefix = models.CharField(max_length=8, unique=True)
    secret_hash = models.CharField(max_length=64, help_text="SHA-256 of the whole key, which is random")
    scope = models.CharField(max_length=5, choices=Scope, default=Scope.READ)
    created_at = models.DateTimeField(default=now)
    last_used_at = models.DateTimeField(null=True, blank=True)
    expires_at = models.DateTimeField(null=True, blank=True, help_text="Empty: never")
    revoked_at = models.DateTimeField(null=True, blank=True)

    objects = ApiKeyQuerySet.as_manager()

    class Meta:
        verbose_name = "API key"
        constraints = [
            models.CheckConstraint(condition=Q(scope__in=Scope.values), name="accounts_apikey_scope_known"),
        ]

    def __str__(self) -> str:
        return f"{self.KEY_START}{self.prefix}"

    def is_live(self, *, now: datetime) -> bool:
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)


def list_quotas() -> list[tuple[str, str]]:
    """The kinds of quota; a new one makes no migration."""
    return [(name, name) for name in settings.QUOTAS]


class Quota(models.Model):
    """How much one team may have, where that is not what the settings say (``accounts/quotas.py``)."""

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="quotas")
    name = models.CharField(max_length=32, choices=list_quotas)
    most = models.PositiveBigIntegerField(help_text="0: as many as it likes")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["team", "name"], name="accounts_quota_one_per_team_and_name"),
        ]

    def __str__(self) -> str:
        return f"{self.name} of {self.team_id}: {self.most}"


class QuotaLock(models.Model):
    """Code that makes more of what a team has locks the team's row here first. It has its own table because
    every row that refers to a team locks the team's row."""

    team = models.OneToOneField(Team, primary_key=True, on_delete=models.CASCADE, related_name="+")

    def __str__(self) -> str:
        return f"of {self.team_id}"


class OutsideCall(models.Model):
    """A request that waits for the outside now (see ``accounts.outside_calls``); void after ``until``."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    until = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return f"of {self.user_id} until {self.until}"


def save_with_team(user: User) -> None:
    """A new user, and the personal team. Raises ``IntegrityError`` for an address that is taken."""
    with transaction.atomic():
        user.save(force_insert=True)
        make_personal_team(user)


def make_personal_team(user: User) -> Team:
    """The team that nobody can take away from ``user``; call it in the transaction that saves the user."""
    label = user.name or user.email.partition("@")[0]
    team = Team.objects.create(name=f"{label[:90]}'s team", personal_of=user, created_at=user.joined_at)
    Membership.objects.create(team=team, user=user, role=Role.OWNER, joined_at=user.joined_at)
    return team
