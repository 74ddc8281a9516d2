"""Sessions that are over are forgotten, with what was noted of them."""

from datetime import timedelta

import pytest
from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.test import Client
from django.utils import timezone

from accounts.sessions import MAX_SESSIONS_A_USER, purge_expired_sessions
from pipeline.jobs.retention import purge_tokens
from tests.factories import PASSWORD, UserFactory

pytestmark = pytest.mark.django_db


def test_the_oldest_session_ends_when_there_are_too_many():
    UserFactory.create(email="ada@example.com")
    UserFactory.create(email="eve@example.com")
    browsers = [Client() for _ in range(MAX_SESSIONS_A_USER + 2)]
    for number, browser in enumerate(browsers):
        body = {"email": "ada@example.com" if number else "eve@example.com", "password": PASSWORD}
        answer = browser.post("/_allauth/browser/v1/auth/login", body, content_type="application/json")
        assert answer.status_code == 200

    codes = [browser.get("/api/v1/auth/me").status_code for browser in browsers]

    assert codes == [200, 401] + [200] * MAX_SESSIONS_A_USER
    assert UserSession.objects.count() == Session.objects.count() == MAX_SESSIONS_A_USER + 1


@pytest.fixture
def three_sessions():
    UserFactory.create(email="ada@example.com")
    body = {"email": "ada@example.com", "password": PASSWORD}
    for _ in range(3):
        Client().post("/_allauth/browser/v1/auth/login", body, content_type="application/json")
    assert (Session.objects.count(), UserSession.objects.count()) == (3, 3)


def test_expired_sessions_are_forgotten_in_slices_and_live_ones_are_not(three_sessions):
    now = timezone.now()
    live = Session.objects.latest("session_key")
    Session.objects.exclude(pk=live.pk).update(expire_date=now - timedelta(seconds=1))

    purged = [purge_expired_sessions(now=now, limit=1) for _ in range(3)]

    assert purged == [2, 2, 0]
    assert list(Session.objects.all()) == [live]
    assert [one.session_key for one in UserSession.objects.all()] == [live.session_key]


def test_the_daily_job_forgets_them(three_sessions):
    purge_tokens(owner="me", now=timezone.now() + timedelta(days=15))

    assert (Session.objects.count(), UserSession.objects.count()) == (0, 0)
