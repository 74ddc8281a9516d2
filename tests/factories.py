"""Users, teams, what ties them, and monitors: what tests of every app need.

``UserFactory.create()`` and ``UserFactory()`` do the same; only the first tells mypy that it is a ``User``.
"""

import secrets
from datetime import UTC, datetime, timedelta

from django.utils import timezone
from factory.declarations import LazyAttribute, LazyFunction, Sequence, SubFactory
from factory.django import DjangoModelFactory
from factory.helpers import post_generation
from rest_framework.test import APIClient

from accounts.authentication import hash_secret
from accounts.models import ApiKey, Invitation, Membership, Role, Scope, Team, User
from monitors.models import Monitor
from monitors.services import create_monitor

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
PASSWORD = "correct horse battery"
RANDOM = "0123456789-abcdefghijklmnopqrstuvwxyz_ABCDE"


class UserFactory(DjangoModelFactory[User]):
    """With a personal team, which they own, unless ``personal=False``, and with ``PASSWORD``."""

    class Meta:
        model = User
        skip_postgeneration_save = True

    email = Sequence(lambda n: f"user{n}@example.com")
    name = Sequence(lambda n: f"User {n}")
    password = PASSWORD
    personal = True
    email_verified_at = LazyFunction(timezone.now)

    @classmethod
    def _create(cls, model_class, *args, personal, **kwargs):
        if personal:
            return User.objects.create_user(*args, **kwargs)
        user = User(**kwargs)
        user.set_password(kwargs["password"])
        user.save()
        return user


class TeamFactory(DjangoModelFactory[Team]):
    """Nobody's personal team. ``TeamFactory(owner=user)`` makes its owner too; without, it has no member."""

    class Meta:
        model = Team
        skip_postgeneration_save = True

    name = Sequence(lambda n: f"Team {n}")
    created_at = LazyFunction(timezone.now)

    @post_generation
    def owner(self, create, user, **kwargs):
        if user is not None:
            MembershipFactory(team=self, user=user, role=Role.OWNER)


def make_team(name: str = "", **fields) -> Team:
    return TeamFactory.create(**fields, **({"name": name} if name else {}))


class MembershipFactory(DjangoModelFactory[Membership]):
    class Meta:
        model = Membership

    team = SubFactory(TeamFactory)
    user = SubFactory(UserFactory)
    role = Role.MEMBER
    joined_at = LazyFunction(timezone.now)


def make_member(team: Team, role: str = Role.MEMBER, user: User | None = None) -> User:
    """Of this team alone, unless ``user`` is somebody already."""
    return MembershipFactory.create(team=team, user=user or UserFactory(personal=False), role=role).user


def make_client(user: User) -> APIClient:
    """A client that speaks for the user."""
    client = APIClient()
    client.force_authenticate(user)
    return client


def make_monitor(team: Team | None = None, *, now: datetime = NOW, **fields) -> Monitor:
    """As the service makes it."""
    given = {"kind": "http", "name": "Shop", **fields}
    given.setdefault("url", "" if given["kind"] == "heartbeat" else "http://shop.test/")
    return create_monitor(team or make_team(), now=now, **given)


class InvitationFactory(DjangoModelFactory[Invitation]):
    """``InvitationFactory(token="…")`` knows its token."""

    class Meta:
        model = Invitation

    class Params:
        token = LazyFunction(lambda: secrets.token_urlsafe(32))

    team = SubFactory(TeamFactory)
    email = Sequence(lambda n: f"invited{n}@example.com")
    role = Role.MEMBER
    token_hash = LazyAttribute(lambda o: hash_secret(o.token))
    created_at = LazyFunction(timezone.now)
    expires_at = LazyAttribute(lambda o: o.created_at + timedelta(days=7))


class ApiKeyFactory(DjangoModelFactory[ApiKey]):
    """Its user joins its team as a member unless they are in it. ``secret_of(key)`` is the ``X-API-Key``."""

    class Meta:
        model = ApiKey

    team = SubFactory(TeamFactory)
    user = SubFactory(UserFactory)
    name = Sequence(lambda n: f"Key {n}")
    prefix = LazyFunction(lambda: "".join(secrets.choice("abcdefghij234567") for _ in range(8)))
    secret_hash = LazyAttribute(lambda o: hash_secret(f"sp_{o.prefix}_{RANDOM}"))
    scope = Scope.READ
    created_at = LazyFunction(timezone.now)

    @classmethod
    def _create(cls, model_class, *args, **kwargs):
        key = super()._create(model_class, *args, **kwargs)
        Membership.objects.get_or_create(
            team=key.team, user=key.user, defaults={"role": Role.MEMBER, "joined_at": key.created_at}
        )
        return key


def secret_of(key: ApiKey) -> str:
    return f"{key}_{RANDOM}"
