"""Signing in by the app: django-allauth's headless API, our rules, Django's session."""

import pytest
from django.apps import apps
from django.contrib.sessions.models import Session
from django.db.models import UniqueConstraint

from tests.accounts.browser import Browser, errors_of
from tests.factories import UserFactory


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
