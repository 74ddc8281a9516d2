"""Users, teams and what ties them, as the services make them.

``UserFactory.create()`` and ``UserFactory()`` do the same; only the first tells mypy that it is a ``User``.
"""

import secrets
from datetime import timedelta

from django.utils import timezone
from factory.declarations import LazyAttribute, LazyFunction, Sequence, SubFactory
from factory.django import DjangoModelFactory
from factory.helpers import post_generation

from accounts.authentication import hash_secret
from accounts.models import ApiKey, Invitation, Membership, Role, Scope, Team, User

PASSWORD = "correct horse battery"
RANDOM = "0123456789-abcdefghijklmnopqrstuvwxyz_ABCDE"


class UserFactory(DjangoModelFactory[User]):
    """With a personal team, which they own, and ``PASSWORD``."""

    class Meta:
        model = User
        skip_postgeneration_save = True

    email = Sequence(lambda n: f"user{n}@example.com")
    name = Sequence(lambda n: f"User {n}")
    password = PASSWORD

    @classmethod
    def _create(cls, model_class, *args, **kwargs):
        return User.objects.create_user(*args, **kwargs)


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


class MembershipFactory(DjangoModelFactory[Membership]):
    class Meta:
        model = Membership

    team = SubFactory(TeamFactory)
    user = SubFactory(UserFactory)
    role = Role.MEMBER
    joined_at = LazyFunction(timezone.now)


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
