"""How often one may try, from where and at whom."""

import pytest
from django.test import RequestFactory

from accounts.models import User
from accounts.throttles import count_attempt, note_login
from tests.accounts.attempts import NOW
from tests.factories import PASSWORD, TeamFactory, UserFactory


@pytest.mark.parametrize(("path", "period_s"), [("token", 60), ("register", 3600), ("password/reset", 3600)])
@pytest.mark.django_db
def test_an_account_is_tried_twice_and_then_the_answer_says_when_again(
    api, rates, path, period_s, time_machine
):
    emails = ["ada@example.com", "ADA@example.com ", "ada@example.com"]

    answers = [
        api.post(f"/api/v1/auth/{path}", {"email": email, "password": "wrong"}, REMOTE_ADDR=f"192.0.2.{n}")
        for n, email in enumerate(emails)
    ]

    assert [answer.status_code == 429 for answer in answers] == [False, False, True]
    assert answers[-1]["Retry-After"] == str(period_s)
    assert answers[-1].json() == {
        "detail": f"Request was throttled. Expected available in {period_s} seconds."
    }
    time_machine.shift(period_s)
    again = api.post(f"/api/v1/auth/{path}", {"email": emails[0], "password": "wrong"})
    assert again.status_code != 429


@pytest.mark.parametrize("path", ["token", "register", "password/reset"])
@pytest.mark.django_db
def test_an_address_tries_three_accounts_and_then_waits(api, rates, path):
    codes = [
        api.post(f"/api/v1/auth/{path}", {"email": f"u{n}@example.com", "password": "wrong"}).status_code
        for n in range(4)
    ]
    elsewhere = api.post(
        f"/api/v1/auth/{path}", {"email": "u9@example.com", "password": "wrong"}, REMOTE_ADDR="192.0.2.7"
    )

    assert [code == 429 for code in codes] == [False, False, False, True]
    assert elsewhere.status_code != 429


@pytest.mark.django_db
def test_a_throttled_log_in_does_not_look_at_the_password(api, rates):
    UserFactory.create(email="ada@example.com")
    for _ in range(2):
        api.post("/api/v1/auth/token", {"email": "ada@example.com", "password": "wrong"})

    answer = api.post("/api/v1/auth/token", {"email": "ada@example.com", "password": PASSWORD})

    assert answer.status_code == 429
    assert User.objects.get().last_login is None


@pytest.mark.django_db
def test_a_log_in_that_succeeds_forgets_the_failures_before_it(api, rates):
    UserFactory.create(email="ada@example.com")
    codes = [
        api.post(
            "/api/v1/auth/token",
            {"email": "ada@example.com", "password": PASSWORD if n % 2 else "wrong"},
            REMOTE_ADDR=f"192.0.2.{n}",
        ).status_code
        for n in range(6)
    ]

    assert codes == [401, 200, 401, 200, 401, 200]


@pytest.mark.django_db
def test_guessing_the_current_password_counts_too(as_user, rates):
    client = as_user(UserFactory.create())

    codes = [
        client.post(
            "/api/v1/auth/password", {"current_password": "wrong", "new_password": "staple battery horse"}
        ).status_code
        for _ in range(3)
    ]

    assert codes == [400, 400, 429]


@pytest.mark.django_db
def test_guessing_at_reset_links_counts_by_address(api, rates):
    body = {"uid": "MQ", "token": "c0ffee-1", "new_password": "staple battery horse"}

    codes = [api.post("/api/v1/auth/password/reset/confirm", body).status_code for _ in range(4)]

    assert codes == [400, 400, 400, 429]


@pytest.mark.django_db
def test_invitations_are_rationed_and_looking_at_them_is_not(as_user, rates):
    user = UserFactory.create()
    client, path = as_user(user), f"/api/v1/teams/{TeamFactory.create(owner=user).pk}/invitations/"

    codes = [client.post(path, {"email": f"u{n}@example.com"}).status_code for n in range(3)]

    assert codes == [201, 201, 429]
    assert client.get(path).status_code == 200


@pytest.mark.parametrize(
    ("proxies", "codes"),
    [
        (0, [401, 401, 401, 429]),  # nobody vouches for the header: one client
        (1, [401, 401, 401, 401]),  # our proxy wrote the last entry
    ],
)
@pytest.mark.django_db
def test_behind_a_proxy_the_client_is_whom_the_proxy_saw(api, rates, settings, proxies, codes):
    settings.TRUSTED_PROXIES = proxies

    got = [
        api.post(
            "/api/v1/auth/token",
            {"email": f"u{n}@example.com", "password": "wrong"},
            HTTP_X_FORWARDED_FOR=f"198.51.100.1, 192.0.2.{n}",
        ).status_code
        for n in range(4)
    ]

    assert got == codes


@pytest.mark.django_db
def test_a_client_cannot_dodge_by_writing_the_header_itself(api, rates, settings):
    settings.TRUSTED_PROXIES = 1

    codes = [
        api.post(
            "/api/v1/auth/token",
            {"email": f"u{n}@example.com", "password": "wrong"},
            HTTP_X_FORWARDED_FOR=f"198.51.100.{n}, 192.0.2.1",
        ).status_code
        for n in range(4)
    ]

    assert codes == [401, 401, 401, 429]


@pytest.mark.parametrize("body", [[], "text", {"email": ["x"]}, {"email": None}, {}])
@pytest.mark.django_db
def test_a_body_of_another_shape_is_400_not_500(api, rates, body):
    assert api.post("/api/v1/auth/token", body).status_code == 400


def test_a_window_counts_waits_and_ends(rates):
    waits = [count_attempt("login_account", "ada", now=NOW + second) for second in (0, 1, 2, 59, 60)]

    assert waits == [None, None, 58.0, 1.0, None]
    assert count_attempt("login_account", "eve", now=NOW + 2) is None


def test_a_log_in_forgets_the_failures_of_one_account(rates):
    for who in ("ada", "ada", "eve", "eve"):
        count_attempt("login_account", who, now=NOW)

    note_login(RequestFactory().get("/"), "ada", now=NOW)

    assert count_attempt("login_account", "ada", now=NOW) is None
    assert count_attempt("login_account", "eve", now=NOW) == 60.0


def test_a_malformed_rate_stops_with_a_sentence(rates, settings):
    settings.REST_FRAMEWORK = {"DEFAULT_THROTTLE_RATES": {"login_account": "often"}}

    with pytest.raises(ValueError, match=r"DEFAULT_THROTTLE_RATES\['login_account'\] must look like"):
        count_attempt("login_account", "ada", now=NOW)


def test_the_cache_never_holds_an_address_in_clear(rates, monkeypatch):
    keys = []
    monkeypatch.setattr("accounts.throttles.cache.add", lambda key, *a, **k: keys.append(key))
    monkeypatch.setattr("accounts.throttles.cache.set", lambda key, *a, **k: keys.append(key))

    count_attempt("login_account", "ada@example.com", now=NOW)
    note_login(RequestFactory().get("/"), "ada@example.com", now=NOW)

    assert len(keys) == 2
    assert not any("ada" in key or "127.0.0.1" in key for key in keys)
