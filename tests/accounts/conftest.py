"""Letters sent in place, and clients for each way to sign in."""

import pytest
from rest_framework.test import APIClient

from accounts import mail
from accounts.models import Role
from accounts.tokens import issue_tokens
from tests.factories import MembershipFactory, TeamFactory, UserFactory, secret_of


@pytest.fixture(autouse=True)
def _in_place(monkeypatch):
    monkeypatch.setattr(mail, "start", mail.deliver)


@pytest.fixture
def api():
    return APIClient()


@pytest.fixture
def as_user():
    """A client that carries a real access token of the user."""

    def sign_in(user):
        client = APIClient()
        client.credentials(HTTP_AUTHORIZATION=f"Bearer {issue_tokens(user)['access']}")
        return client

    return sign_in


@pytest.fixture
def as_key():
    def present(key):
        client = APIClient()
        client.credentials(HTTP_X_API_KEY=secret_of(key))
        return client

    return present


@pytest.fixture
def crew(db):
    """A team with one user of each role, and a stranger: ``crew["viewer"]``; ``crew["team"]``."""
    team = TeamFactory.create(name="Crew")
    people = {role.value: MembershipFactory.create(team=team, role=role).user for role in Role}
    return {"team": team, "stranger": UserFactory.create(), **people}
