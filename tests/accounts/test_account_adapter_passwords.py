"""Changing and resetting a password by the app."""

import re

import pytest
from django.core import mail as letters

from accounts.models import User
from tests.accounts.browser import Browser, errors_of
from tests.factories import PASSWORD, ApiKeyFactory, UserFactory

NEW = "staple battery horse"
LINK = re.compile(r"/reset-password\?uid=(\w+)&token=([\w-]+)$", re.MULTILINE)


@pytest.mark.django_db
def test_changing_the_password_ends_the_other_sessions(browser, ada, django_capture_on_commit_callbacks):
    other = Browser()
    browser.sign_in()
    other.sign_in()

    with django_capture_on_commit_callbacks(execute=True):
        changed = browser.ask(
            "post", "account/password/change", {"current_password": PASSWORD, "new_password": NEW}
        )

    assert changed.status_code == 200
    assert [one.get("/api/v1/auth/me").status_code for one in (browser, other)] == [200, 401]
    (listed,) = browser.get("/_allauth/browser/v1/auth/sessions").json()["data"]
    assert listed["is_current"] is True
    assert [one.subject for one in letters.outbox] == ["Your SentryPulse password was changed"]


@pytest.mark.parametrize(
    ("current", "new", "field"),
    [
        ("wrong horse battery", NEW, "current_password"),
        (PASSWORD, "short", "new_password"),
        (PASSWORD, "ada@example.com", "new_password"),
    ],
)
@pytest.mark.django_db
def test_a_bad_change_names_the_field_and_changes_nothing(browser, ada, current, new, field):
    browser.sign_in()

    answer = browser.ask(
        "post", "account/password/change", {"current_password": current, "new_password": new}
    )

    assert (answer.status_code, [param for param, _ in errors_of(answer)]) == (400, [field])
    assert User.objects.get().check_password(PASSWORD)


@pytest.mark.django_db
def test_of_two_changes_at_once_the_second_is_refused(browser, ada, monkeypatch):
    browser.sign_in()
    monkeypatch.setattr("accounts.account_adapter.replace_password", lambda *_, **__: False)

    answer = browser.ask(
        "post", "account/password/change", {"current_password": PASSWORD, "new_password": NEW}
    )

    assert (answer.status_code, errors_of(answer)) == (
        400,
        [("current_password", "This is not your current password.")],
    )


def ask_for_link(browser, capture, email="ada@example.com"):
    with capture(execute=True):
        assert browser.ask("post", "auth/password/request", {"email": email}).status_code == 200
    ((uid, token),) = LINK.findall(letters.outbox[-1].body)
    return f"{uid}-{token}"


@pytest.mark.django_db
def test_a_reset_link_sets_the_password_once_and_ends_every_session_and_key(
    browser, ada, django_capture_on_commit_callbacks
):
    User.objects.update(email_verified_at=None)
    ApiKeyFactory.create(user=ada)
    browser.sign_in()
    elsewhere = Browser()
    key = ask_for_link(elsewhere, django_capture_on_commit_callbacks, "ADA@example.com")

    looked = elsewhere.ask("get", "auth/password/reset", HTTP_X_PASSWORD_RESET_KEY=key)
    done = elsewhere.ask("post", "auth/password/reset", {"key": key, "password": NEW})
    again = elsewhere.ask("post", "auth/password/reset", {"key": key, "password": "third battery horse"})

    assert [answer.status_code for answer in (looked, done, again)] == [200, 401, 400]
    assert errors_of(again) == [("key", "This link is wrong, was used or has expired; ask for a new one.")]
    assert browser.get("/api/v1/auth/me").status_code == 401
    ada.refresh_from_db()
    assert (ada.check_password(NEW), ada.email_verified_at is not None) == (True, True)
    assert ada.emailaddress_set.get().verified
    assert not ada.api_keys.filter(revoked_at__isnull=True).exists()
    assert elsewhere.sign_in(password=NEW).status_code == 200


@pytest.mark.django_db
def test_the_letter_s_link_is_the_same_for_a_program(browser, ada, api, django_capture_on_commit_callbacks):
    uid, _, token = ask_for_link(browser, django_capture_on_commit_callbacks).partition("-")

    answer = api.post(
        "/api/v1/auth/password/reset/confirm", {"uid": uid, "token": token, "new_password": NEW}
    )

    assert answer.status_code == 204
    assert browser.sign_in(password=NEW).status_code == 200


@pytest.mark.django_db
def test_a_reset_answers_the_same_for_an_unknown_and_an_inactive_account(
    browser, ada, django_capture_on_commit_callbacks
):
    UserFactory.create(email="gone@example.com", is_active=False)
    answers = []
    with django_capture_on_commit_callbacks(execute=True):
        for email in ("ada@example.com", "gone@example.com", "nobody@example.com"):
            answer = browser.ask("post", "auth/password/request", {"email": email})
            answers.append((answer.status_code, {**answer.json(), "meta": None}))

    assert answers == [answers[0]] * 3
    assert answers[0][0] == 200
    assert [letter.to for letter in letters.outbox] == [["ada@example.com"]]


@pytest.mark.parametrize(
    "key", ["", "x", "1-", "-1", "zzzzzzzzzzzzz-c0ffee-1", "1-c0ffee-1", "ü-", "9" * 300]
)
@pytest.mark.django_db
def test_a_made_up_link_is_refused(browser, ada, key):
    answer = browser.ask("post", "auth/password/reset", {"key": key, "password": NEW})

    assert (answer.status_code, [param for param, _ in errors_of(answer)]) == (400, ["key"])


@pytest.mark.django_db
def test_the_link_of_somebody_who_was_deactivated_since_is_dead(
    browser, ada, django_capture_on_commit_callbacks
):
    key = ask_for_link(browser, django_capture_on_commit_callbacks)
    User.objects.update(is_active=False)

    answer = browser.ask("post", "auth/password/reset", {"key": key, "password": NEW})

    assert answer.status_code == 400
    assert User.objects.get().check_password(PASSWORD)
