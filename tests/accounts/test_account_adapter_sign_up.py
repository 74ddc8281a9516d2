"""Signing up by the app, and the link that verifies an address."""

import re

import pytest
from allauth.account.models import EmailAddress
from django.contrib.sessions.models import Session
from django.core import mail as letters

from accounts.models import Membership, Team, User
from tests.accounts.browser import Browser, errors_of
from tests.factories import PASSWORD, InvitationFactory, UserFactory

KEY = re.compile(r"/verify-email\?key=(\S+)$", re.MULTILINE)


@pytest.mark.django_db
def test_who_signs_up_is_signed_in_with_a_team_and_is_asked_to_verify(
    browser, django_capture_on_commit_callbacks
):
    with django_capture_on_commit_callbacks(execute=True):
        answer = browser.ask(
            "post", "auth/signup", {"email": "Ada@Example.com", "password": PASSWORD, "name": "Ada"}
        )

    assert answer.status_code == 200
    user = User.objects.get()
    assert (user.email, user.name, user.email_verified_at) == ("ada@example.com", "Ada", None)
    assert [(team.name, team.personal_of) for team in Team.objects.all()] == [("Ada's team", user)]
    assert list(EmailAddress.objects.values_list("email", "primary", "verified")) == [
        ("ada@example.com", True, False)
    ]
    me = browser.get("/api/v1/auth/me").json()
    assert (me["email"], me["email_verified"], me["teams"][0]["role"]) == ("ada@example.com", False, "owner")
    (letter,) = letters.outbox
    assert (letter.to, letter.subject) == (["ada@example.com"], "Verify your address for SentryPulse")


@pytest.mark.django_db
def test_the_link_of_the_letter_verifies_the_address_once(browser, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        browser.ask("post", "auth/signup", {"email": "ada@example.com", "password": PASSWORD})
    (key,) = KEY.findall(letters.outbox[0].body)
    elsewhere = Browser()

    seen = elsewhere.ask("get", "auth/email/verify", HTTP_X_EMAIL_VERIFICATION_KEY=key)
    verified = elsewhere.ask("post", "auth/email/verify", {"key": key})
    again = elsewhere.ask("post", "auth/email/verify", {"key": key})

    assert [answer.status_code for answer in (seen, verified, again)] == [200, 401, 400]
    assert not verified.json()["meta"]["is_authenticated"]
    assert browser.get("/api/v1/auth/me").json()["email_verified"] is True
    assert EmailAddress.objects.get().verified
    assert User.objects.get().email_verified_at is not None


@pytest.mark.django_db
def test_the_letter_comes_again_when_asked_for(browser, django_capture_on_commit_callbacks):
    browser.ask("post", "auth/signup", {"email": "ada@example.com", "password": PASSWORD})

    with django_capture_on_commit_callbacks(execute=True):
        codes = [
            browser.ask("put", "account/email", {"email": "ada@example.com"}).status_code for _ in range(6)
        ]

    assert codes == [200] * 5 + [429]
    assert len(letters.outbox) == 5


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"password": PASSWORD}, "email"),
        ({"email": "nobody", "password": PASSWORD}, "email"),
        ({"email": "ada@exa_mple.com", "password": PASSWORD}, "email"),
        ({"email": "ada@example.com"}, "password"),
        ({"email": "ada@example.com", "password": "short"}, "password"),
        ({"email": "ada@example.com", "password": "correct horse battery" * 20}, "password"),
        ({"email": "longname@example.com", "password": "longname@example"}, "password"),
        ({"email": "ada@example.com", "password": PASSWORD, "name": "Ada\r\nBcc: all"}, "name"),
        ({"email": "ada@example.com", "password": PASSWORD, "name": "x" * 101}, "name"),
        ({"email": "ada@example.com", "password": [PASSWORD]}, "password"),
        ({"email": {"a": 1}, "password": PASSWORD}, "email"),
    ],
)
@pytest.mark.django_db
def test_a_bad_sign_up_names_the_field_and_leaves_nothing(browser, body, field):
    answer = browser.ask("post", "auth/signup", body)

    assert (answer.status_code, {param for param, _ in errors_of(answer)}) == (400, {field})
    assert (User.objects.count(), EmailAddress.objects.count(), Session.objects.count()) == (0, 0, 0)


@pytest.mark.parametrize("email", ["ADA@example.com", " ada@example.com "])
@pytest.mark.django_db
def test_an_address_signs_up_once_however_it_is_spelled(browser, ada, email):
    answer = browser.ask("post", "auth/signup", {"email": email, "password": PASSWORD})

    assert answer.status_code == 400
    assert errors_of(answer) == [
        ("email", "An account with this address exists; log in or reset the password.")
    ]
    assert User.objects.count() == 1


@pytest.mark.django_db
def test_an_international_domain_is_one_address_in_both_spellings(browser):
    UserFactory.create(email="ada@xn--bcher-kva.example")

    answer = browser.ask("post", "auth/signup", {"email": "ada@bücher.example", "password": PASSWORD})

    assert (answer.status_code, User.objects.count()) == (400, 1)
    assert browser.sign_in("ada@bücher.example").status_code == 200


@pytest.mark.django_db
def test_who_loses_the_race_for_an_address_gets_the_same_answer(browser, ada, monkeypatch):
    monkeypatch.setattr(
        "allauth.account.internal.flows.manage_email.assess_unique_email", lambda *_, **__: True
    )

    answer = browser.ask("post", "auth/signup", {"email": "ada@example.com", "password": PASSWORD})

    assert answer.status_code == 400
    assert errors_of(answer) == [
        ("email", "An account with this address exists; log in or reset the password.")
    ]
    assert (User.objects.count(), Team.objects.count()) == (1, 1)


@pytest.mark.django_db
def test_nobody_signs_up_where_it_is_closed(browser, settings):
    settings.SIGNUP = "closed"

    answer = browser.ask("post", "auth/signup", {"email": "ada@example.com", "password": PASSWORD})

    assert (answer.status_code, errors_of(answer)) == (
        400,
        [(None, "Nobody can sign up here; ask an operator for an account.")],
    )
    assert User.objects.count() == 0
    assert browser.get("/_allauth/browser/v1/config").json()["data"]["account"]["is_open_for_signup"] is False


@pytest.mark.django_db
def test_where_one_must_be_invited_the_letter_opens_and_the_session_joins(browser, settings):
    settings.SIGNUP = "invite"
    invitation = InvitationFactory.create(email="ada@example.com", token="t0ken")
    body = {"email": "ada@example.com", "password": PASSWORD}

    refused = browser.ask("post", "auth/signup", body)
    signed_up = browser.ask("post", "auth/signup", {**body, "invitation": "t0ken"})
    joined = browser.ask("post", "/api/v1/invitations/accept", {"token": "t0ken"})

    assert [answer.status_code for answer in (refused, signed_up, joined)] == [400, 200, 200]
    assert [param for param, _ in errors_of(refused)] == ["invitation"]
    assert Membership.objects.filter(team=invitation.team, user=User.objects.get(email="ada@example.com"))
    assert EmailAddress.objects.get(email="ada@example.com").verified
