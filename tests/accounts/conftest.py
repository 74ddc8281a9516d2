"""Letters sent in place, and clients for each way to sign in."""

import pytest
from rest_framework.test import APIClient

from accounts import mail
from accounts.models import Role
from accounts.tokens import issue_tokens
from tests.accounts.attempts import NOW, RATES
from tests.accounts.browser import Browser
from tests.factories import MembershipFactory, TeamFactory, UserFactory, secret_of


@pytest.fixture(autouse=True)
def _in_place(monkeypatch):
    monkeypatch.setattr(mail, "send_in_thread", mail.send_or_log)


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


@pytest.fixture
def browser():
    return Browser()


@pytest.fixture
def ada(db):
    return UserFactory.create(email="ada@example.com", name="Ada")


@pytest.fixture
def rates(settings, time_machine):
    time_machine.move_to(NOW, tick=False)
    settings.REST_FRAMEWORK = {**settings.REST_FRAMEWORK, "DEFAULT_THROTTLE_RATES": RATES}


@pytest.fixture
def behind_a_proxy(settings, time_machine):
    """Our own rates, on a clock that stands."""
    settings.TRUSTED_PROXIES = 1
    time_machine.move_to(NOW, tick=False)
