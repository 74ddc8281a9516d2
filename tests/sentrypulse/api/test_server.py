"""What an app learns of this installation before anybody signs in."""

import pytest
from django.conf import settings as project
from django.test import Client

from sentrypulse import __version__

URL = "/api/v1/server"
BOUNDS = ("min_interval_s", "max_timeout_s", "max_page_size")


def test_anybody_may_ask_what_the_server_is(django_assert_num_queries, db):
    with django_assert_num_queries(0):
        answer = Client().get(URL)
    assert (answer.status_code, answer["Cache-Control"]) == (200, "public, max-age=60")
    told = answer.json()
    assert (told["version"], told["engine"], told["regions"]) == (
        __version__,
        project.ENGINE,
        project.REGIONS,
    )
    assert [told["limits"][name] for name in BOUNDS] == [project.MIN_INTERVAL_S, 60, 200]
    assert told["now"].endswith("Z")


def test_a_token_that_ended_keeps_nobody_from_asking():
    answer = Client().get(URL, headers={"Authorization": "Bearer gone"})
    assert answer.status_code == 200


@pytest.mark.parametrize(
    ("url", "works"),
    [("consolemail://", False), ("dummymail://", False), ("smtp://mail:25", True), ("ses://eu-west-1", True)],
)
def test_it_says_whether_there_is_a_mail_server_and_not_which(settings, url, works):
    settings.EMAIL_URL = url
    answer = Client().get(URL)
    assert answer.json()["email_works"] is works
    assert url not in answer.content.decode()


def test_it_says_who_may_register_and_what_has_no_bound(settings):
    settings.SIGNUP, settings.DAY_RETENTION_DAYS = "invite", 0
    settings.QUOTAS = settings.QUOTAS | {"monitors": 0, "tags": 7}
    told = Client().get(URL).json()
    assert (told["registration"], told["retention_days"]["days"]) == ("invite", None)
    assert (told["quotas"]["monitors"], told["quotas"]["tags"]) == (None, 7)


def test_no_secret_of_the_settings_is_told():
    told = Client().get(URL).content.decode()
    assert project.SECRET_KEY not in told
    assert project.FIELD_ENCRYPTION_KEY not in told
    assert project.DEFAULT_FROM_EMAIL not in told
