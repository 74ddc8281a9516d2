"""Requests that wait for the outside hold no more places than they may, whoever asks."""

import threading
from datetime import timedelta

import pytest
from django.db import connections
from django.utils import timezone
from rest_framework.exceptions import Throttled
from rest_framework.test import APIClient

from accounts.models import OutsideCall, Role
from accounts.outside_calls import hold_place
from tests.alerts.factories import make_channel
from tests.factories import MembershipFactory, TeamFactory, UserFactory, make_monitor
from tests.statuspages.factories import make_page

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _bounds(settings):
    settings.OUTSIDE_CALLS, settings.OUTSIDE_CALLS_A_USER = 3, 2


def hold_for(user, *, until=None):
    return OutsideCall.objects.create(user=user, until=until or timezone.now() + timedelta(minutes=1))


def test_a_user_waits_for_so_many_answers_at_once_and_no_more():
    user = UserFactory()
    with hold_place(user), hold_place(user):
        with pytest.raises(Throttled, match="as many answers from outside as you may"), hold_place(user):
            pass
        assert OutsideCall.objects.count() == 2
    assert not OutsideCall.objects.exists()
    with hold_place(user):  # a place that was given back is a place again
        assert OutsideCall.objects.get().user == user


def test_all_together_wait_for_so_many_and_no_more():
    for user in UserFactory.create_batch(3):
        hold_for(user)
    with pytest.raises(Throttled, match="Too many requests are waiting"), hold_place(UserFactory()):
        pass
    assert OutsideCall.objects.count() == 3


def test_a_place_is_given_back_by_who_fails_and_by_who_was_killed():
    user = UserFactory()
    with pytest.raises(ZeroDivisionError), hold_place(user):
        raise ZeroDivisionError
    assert not OutsideCall.objects.exists()
    for _ in range(3):
        hold_for(user, until=timezone.now() - timedelta(seconds=1))
    with hold_place(user):
        assert OutsideCall.objects.count() == 1


def test_who_is_refused_takes_no_place_from_others():
    """Else a flood of refused requests would shut everybody out."""
    greedy, other = UserFactory(), UserFactory()
    with hold_place(greedy), hold_place(greedy):
        for _ in range(5):
            with pytest.raises(Throttled), hold_place(greedy):
                pass
        with hold_place(other):
            assert OutsideCall.objects.count() == 3


@pytest.mark.usefixtures("shared_database")
def test_of_many_who_come_at_once_no_more_than_may_get_a_place():
    user, go, let_go = UserFactory(), threading.Barrier(8), threading.Event()
    got, refused = [], []

    def come():
        go.wait(10)
        try:
            with hold_place(user):
                got.append(1)
                let_go.wait(20)
        except Throttled:
            refused.append(1)
            if len(refused) >= 6:
                let_go.set()
        finally:
            connections.close_all()

    threads = [threading.Thread(target=come) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert (len(got), len(refused)) == (2, 6)


@pytest.fixture
def client_of():
    def sign_in(user):
        client = APIClient()
        client.force_authenticate(user)
        return client

    return sign_in


def paths_that_wait(team):
    monitor, channel = make_monitor(team), make_channel(team)
    page = make_page(team)
    draft = {"name": "x", "kind": "http", "url": "http://shop.test/", "interval_s": 60, "team": team.pk}
    return {
        f"/api/v1/monitors/{monitor.pk}/check": None,
        "/api/v1/monitors/test": draft,
        f"/api/v1/channels/{channel.pk}/test": None,
        f"/api/v1/status-pages/{page.pk}/domain/verify": None,
        f"/api/v1/status-pages/{page.pk}/publish": None,
    }


def test_every_request_that_waits_for_the_outside_is_refused_with_a_time_to_come_again(client_of):
    team = TeamFactory()
    user = MembershipFactory(team=team, role=Role.OWNER).user
    for _ in range(2):
        hold_for(user)
    client = client_of(user)
    for path, body in paths_that_wait(team).items():
        answer = client.post(path, body, format="json")
        assert answer.status_code == 429, (path, answer.content)
        assert answer["Retry-After"] == "5", path
    assert OutsideCall.objects.count() == 2
    assert client.get("/api/v1/monitors/").status_code == 200
