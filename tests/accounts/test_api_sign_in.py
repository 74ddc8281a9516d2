"""Signing in by the app: django-allauth's headless API, our rules, Django's session."""

import re

import pytest
from allauth.account.models import EmailAddress
from django.apps import apps
from django.contrib.sessions.models import Session
from django.core import mail as letters
from django.db.models import UniqueConstraint
from django.test import Client

from accounts.models import Membership, Team, User
from tests.factories import PASSWORD, ApiKeyFactory, InvitationFactory, UserFactory

NEW = "staple battery horse"
KEY = re.compile(r"/verify-email\?key=(\S+)$", re.MULTILINE)
LINK = re.compile(r"/reset-password\?uid=(\w+)&token=([\w-]+)$", re.MULTILINE)


class Browser(Client):
    """One that checks CSRF, and shows the token as the app does."""

    def __init__(self, **fields):
        super().__init__(enforce_csrf_checks=True, **fields)
        self.get("/_allauth/browser/v1/config")

    def ask(self, method, path, body=None, **headers):
        path = path if path.startswith("/") else f"/_allauth/browser/v1/{path}"
        headers.setdefault("HTTP_X_CSRFTOKEN", self.cookies["csrftoken"].value)
        body = "" if body is None else body
        return getattr(self, method)(path, body, content_type="application/json", **headers)

    def sign_in(self, email="ada@example.com", password=PASSWORD, **headers):
        return self.ask("post", "auth/login", {"email": email, "password": password}, **headers)


@pytest.fixture
def browser():
    return Browser()


@pytest.fixture
def ada(db):
    return UserFactory.create(email="ada@example.com", name="Ada")


def errors_of(answer):
    return [(one.get("param"), one["message"]) for one in answer.json()["errors"]]


# Signing up


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


# Signing in and out


@pytest.mark.django_db
def test_signing_in_gives_a_fresh_session_and_a_fresh_csrf_token(browser, ada):
    before = browser.cookies["csrftoken"].value

    answer = browser.sign_in("ADA@example.com")

    assert answer.status_code == 200
    assert answer.json()["data"]["user"]["email"] == "ada@example.com"
    cookie = browser.cookies["sessionid"]
    assert (cookie["httponly"], cookie["samesite"], cookie["path"]) == (True, "Lax", "/")
    assert browser.cookies["csrftoken"].value != before
    assert browser.get("/api/v1/teams/").status_code == 200


@pytest.mark.django_db
def test_every_answer_shows_a_csrf_token_that_works(browser, ada):
    token = browser.sign_in().json()["meta"]["csrf_token"]

    renamed = browser.ask("patch", "/api/v1/auth/me", {"name": "Countess"}, HTTP_X_CSRFTOKEN=token)

    assert (renamed.status_code, renamed.json()["name"]) == (200, "Countess")


@pytest.mark.parametrize("path", ["/_allauth/browser/v1/auth/session", "/api/v1/auth/me"])
@pytest.mark.django_db
def test_a_session_changes_nothing_without_the_csrf_token(browser, ada, path):
    browser.sign_in()

    answer = browser.ask("delete" if "session" in path else "patch", path, {}, HTTP_X_CSRFTOKEN="")

    assert (answer.status_code, answer["Content-Type"]) == (403, "application/json")
    assert browser.get("/api/v1/auth/me").status_code == 200


@pytest.mark.parametrize("email", ["ada@example.com", "gone@example.com", "nobody@example.com"])
@pytest.mark.django_db
def test_wrong_password_inactive_and_unknown_get_the_same_answer(browser, ada, email):
    UserFactory.create(email="gone@example.com", is_active=False)

    answers = [browser.sign_in(email, "wrong horse battery")]
    if email == "gone@example.com":
        answers.append(browser.sign_in(email))

    for answer in answers:
        assert answer.status_code == 400
        assert errors_of(answer) == [("password", "No active account has this address and password.")]
    assert Session.objects.count() == 0


@pytest.mark.django_db
def test_a_password_is_taken_as_it_is_typed(browser, api):
    typed = "  correct horse battery "
    browser.ask("post", "auth/signup", {"email": "ada@example.com", "password": typed})
    browser.ask("delete", "auth/session")

    by_program = api.post("/api/v1/auth/token", {"email": "ada@example.com", "password": typed})
    assert [browser.sign_in(password=one).status_code for one in (typed.strip(), typed)] == [400, 200]
    assert by_program.status_code == 200


@pytest.mark.django_db
def test_signing_out_ends_its_own_session_alone(browser, ada):
    other = Browser()
    browser.sign_in()
    other.sign_in()
    stolen = browser.cookies["sessionid"].value

    assert browser.ask("delete", "auth/session").status_code == 401

    browser.cookies["sessionid"] = stolen
    assert [one.get("/api/v1/auth/me").status_code for one in (browser, other)] == [401, 200]


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


# Sessions


@pytest.mark.django_db
def test_sessions_are_listed_and_ended_one_by_one(ada, settings):
    settings.TRUSTED_PROXIES = 1
    phone, desk = Browser(), Browser()
    phone.sign_in(HTTP_USER_AGENT="Phone", HTTP_X_FORWARDED_FOR="198.51.100.7, 192.0.2.9:4711")
    desk.sign_in(HTTP_USER_AGENT="Desk", HTTP_X_FORWARDED_FOR="192.0.2.1")

    listed = desk.get("/_allauth/browser/v1/auth/sessions").json()["data"]
    seen = {(one["user_agent"], one["ip"], one["is_current"]) for one in listed}
    assert seen == {("Phone", "192.0.2.9", False), ("Desk", "192.0.2.1", True)}
    ended = desk.ask(
        "delete", "auth/sessions", {"sessions": [one["id"] for one in listed if not one["is_current"]]}
    )

    assert ended.status_code == 200
    assert [one.get("/api/v1/auth/me").status_code for one in (phone, desk)] == [401, 200]


@pytest.mark.parametrize("ids", [["x"], [10**30], [-1], [True], "1", [[1]], [1.5], [0]])
@pytest.mark.django_db
def test_a_session_that_is_none_is_a_fault_of_its_field(browser, ada, ids):
    browser.sign_in()

    answer = browser.ask("delete", "auth/sessions", {"sessions": ids})

    assert (answer.status_code, {param for param, _ in errors_of(answer)}) == (400, {"sessions"})


@pytest.mark.django_db
def test_a_stranger_ends_no_session_of_mine(browser, ada):
    browser.sign_in()
    (mine,) = browser.get("/_allauth/browser/v1/auth/sessions").json()["data"]
    stranger = Browser()
    UserFactory.create(email="eve@example.com")
    stranger.sign_in("eve@example.com")

    assert stranger.ask("delete", "auth/sessions", {"sessions": [mine["id"]]}).status_code == 400
    assert browser.get("/api/v1/auth/me").status_code == 200


@pytest.mark.django_db
def test_a_request_that_changes_nothing_writes_nothing(browser, ada, django_assert_num_queries):
    browser.sign_in()

    with django_assert_num_queries(3) as queries:  # session, user, teams
        assert browser.get("/api/v1/auth/me").status_code == 200
    assert all(query["sql"].startswith("SELECT") for query in queries.captured_queries)


# Resetting the password


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


# Users whom nobody signed up


@pytest.mark.django_db
def test_a_user_without_the_library_s_row_gets_it_at_the_first_sign_in(browser, ada):
    assert not ada.emailaddress_set.exists()

    assert browser.sign_in().status_code == 200

    assert [(one.email, one.verified) for one in ada.emailaddress_set.all()] == [("ada@example.com", True)]


@pytest.mark.django_db
def test_no_model_of_ours_rests_on_a_unique_constraint_that_mysql_leaves_out():
    conditional = {
        model._meta.app_label
        for model in apps.get_models()
        for rule in model._meta.constraints
        if isinstance(rule, UniqueConstraint) and rule.condition is not None
    }
    assert conditional == {"account"}  # what SILENCED_SYSTEM_CHECKS is for
