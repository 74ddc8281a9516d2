"""Who there is: users, the teams that own everything, and what ties the two together."""

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now


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
        return self.get(email=self.normalize_email(username).lower())

    def create_user(self, email: str, password: str | None = None, **fields: object) -> "User":
        user = self.model(email=self.normalize_email(email).lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: object) -> "User":
        return self.create_user(email, password, is_staff=True, is_superuser=True, **fields)


class User(AbstractBaseUser, PermissionsMixin):
    email = models.EmailField(unique=True)
    name = models.CharField(max_length=100, blank=True)
    is_active = models.BooleanField(default=True)
    is_staff = models.BooleanField("may use the admin", default=False)
    joined_at = models.DateTimeField(db_default=Now())

    objects = UserManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"

    def __str__(self) -> str:
        return self.email


class Team(models.Model):
    """The owner of monitors, incidents and all else. Everybody has a personal one."""

    name = models.CharField(max_length=100)
    personal_of = models.OneToOneField(
        User, null=True, blank=True, on_delete=models.CASCADE, related_name="personal_team"
    )
    timezone = models.CharField(max_length=64, default="UTC", help_text="IANA name, such as Europe/Berlin")
    created_at = models.DateTimeField(db_default=Now())
    members = models.ManyToManyField(User, through="Membership", related_name="teams")

    def __str__(self) -> str:
        return self.name


class Membership(models.Model):
    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="memberships")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=10, choices=Role, default=Role.MEMBER)
    joined_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["team", "user"], name="accounts_membership_one_per_user"),
            models.CheckConstraint(condition=Q(role__in=Role.values), name="accounts_membership_role_known"),
        ]
