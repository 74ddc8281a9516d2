"""Users, teams and what ties them, as the services make them."""

import hashlib
import secrets
from datetime import timedelta

import factory
from django.utils import timezone

from accounts.models import ApiKey, Invitation, Membership, Role, Scope, Team, User

PASSWORD = "correct horse battery"


class UserFactory(factory.django.DjangoModelFactory):
    """With a personal team, which they own, and ``PASSWORD``."""

    class Meta:
        model = User
        skip_postgeneration_save = True

    email = factory.Sequence(lambda n: f"user{n}@example.com")
    name = factory.Sequence(lambda n: f"User {n}")
    password = PASSWORD

    @classmethod
    def _create(cls, model_class, *args, **kwargs):
        return User.objects.create_user(*args, **kwargs)


class TeamFactory(factory.django.DjangoModelFactory):
    """Nobody's personal team. ``TeamFactory(owner=user)`` makes its owner too; without, it has no member."""

    class Meta:
        model = Team
        skip_postgeneration_save = True

    name = factory.Sequence(lambda n: f"Team {n}")
    created_at = factory.LazyFunction(timezone.now)

    @factory.post_generation
    def owner(self, create, user, **kwargs):
        if user is not None:
            MembershipFactory(team=self, user=user, role=Role.OWNER)


class MembershipFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Membership

    team = factory.SubFactory(TeamFactory)
    user = factory.SubFactory(UserFactory)
    role = Role.MEMBER
    joined_at = factory.LazyFunction(timezone.now)


class InvitationFactory(factory.django.DjangoModelFactory):
    """``InvitationFactory(token="…")`` knows its token."""

    class Meta:
        model = Invitation

    class Params:
        token = factory.LazyFunction(lambda: secrets.token_urlsafe(32))

    team = factory.SubFactory(TeamFactory)
    email = factory.Sequence(lambda n: f"invited{n}@example.com")
    role = Role.MEMBER
    token_hash = factory.LazyAttribute(lambda o: hashlib.sha256(o.token.encode()).hexdigest())
    created_at = factory.LazyFunction(timezone.now)
    expires_at = factory.LazyAttribute(lambda o: o.created_at + timedelta(days=7))


class ApiKeyFactory(factory.django.DjangoModelFactory):
    """Its user joins its team as a member unless they are in it; ``key.secret`` is the ``X-API-Key``."""

    class Meta:
        model = ApiKey

    class Params:
        random = factory.LazyFunction(lambda: secrets.token_urlsafe(32))

    team = factory.SubFactory(TeamFactory)
    user = factory.SubFactory(UserFactory)
    name = factory.Sequence(lambda n: f"Key {n}")
    prefix = factory.LazyFunction(lambda: "".join(secrets.choice("abcdefghij234567") for _ in range(8)))
    secret_hash = factory.LazyAttribute(
        lambda o: hashlib.sha256(f"sp_{o.prefix}_{o.random}".encode()).hexdigest()
    )
    scope = Scope.READ
    created_at = factory.LazyFunction(timezone.now)

    @classmethod
    def create(cls, **kwargs):
        random = kwargs.setdefault("random", secrets.token_urlsafe(32))
        key = super().create(**kwargs)
        Membership.objects.get_or_create(
            team=key.team, user=key.user, defaults={"role": Role.MEMBER, "joined_at": key.created_at}
        )
        key.secret = f"sp_{key.prefix}_{random}"
        return key
