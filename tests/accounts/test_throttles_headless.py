"""The app's sign-in counts under the same names as the API's."""

import pytest
from django.test import Client

from tests.accounts.attempts import NOW, log_in
from tests.factories import PASSWORD, UserFactory

HEADLESS = "/_allauth/browser/v1"


@pytest.mark.parametrize(
    ("path", "api_path", "period_s"),
    [
        ("auth/login", "token", 60),
        ("auth/signup", "register", 3600),
        ("auth/password/request", "password/reset", 3600),
    ],
)
@pytest.mark.django_db
def test_the_app_and_the_api_count_together(api, rates, path, api_path, period_s):
    body = {"email": "ada@example.com", "password": "wrong"}
    first = api.post(f"/api/v1/auth/{api_path}", body, REMOTE_ADDR="192.0.2.1")
    second = api.post(f"{HEADLESS}/{path}", {**body, "email": "ADA@example.com "}, REMOTE_ADDR="192.0.2.2")
    third = api.post(f"{HEADLESS}/{path}", body, REMOTE_ADDR="192.0.2.3")

    assert [answer.status_code == 429 for answer in (first, second, third)] == [False, False, True]
    assert third["Retry-After"] == str(period_s + 1)
    assert third.json()["errors"][0]["message"] == f"Too many attempts. Try again in {period_s + 1} seconds."


@pytest.mark.parametrize("path", ["auth/login", "auth/signup", "auth/password/request"])
@pytest.mark.django_db
def test_an_address_tries_three_accounts_by_the_app_and_then_waits(api, rates, path):
    codes = [
        api.post(f"{HEADLESS}/{path}", {"email": f"u{n}@example.com", "password": "wrong"}).status_code
        for n in range(4)
    ]

    assert [code == 429 for code in codes] == [False, False, False, True]


@pytest.mark.parametrize("path", ["auth/password/reset", "auth/email/verify"])
@pytest.mark.django_db
def test_guessing_at_links_by_the_app_counts_by_address(api, settings, time_machine, path):
    time_machine.move_to(NOW, tick=False)
    few = {"reset_address": "3/hour", "verify_address": "3/hour"}
    settings.REST_FRAMEWORK = {**settings.REST_FRAMEWORK, "DEFAULT_THROTTLE_RATES": few}
    body = {"key": "1-c0ffee-1", "password": "staple battery horse"}

    codes = [api.post(f"{HEADLESS}/{path}", body).status_code for _ in range(4)]

    assert codes == [400, 400, 400, 429]


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("account/password/change", {"current_password": "wrong", "new_password": "staple battery horse"}),
        ("auth/reauthenticate", {"password": "wrong"}),
    ],
)
@pytest.mark.django_db
def test_guessing_one_s_own_password_by_the_app_counts_too(client, rates, path, body):
    client.force_login(UserFactory.create())

    codes = [
        client.post(f"{HEADLESS}/{path}", body, content_type="application/json").status_code for _ in range(3)
    ]

    assert codes == [400, 400, 429]


@pytest.mark.django_db
def test_an_owner_whom_the_app_knows_is_not_kept_out_by_strangers(api, client, behind_a_proxy):
    UserFactory.create(email="ada@example.com")

    def sign_in(password, address):
        body, headers = {"email": "ada@example.com", "password": password}, {"HTTP_X_FORWARDED_FOR": address}
        return Client().post(f"{HEADLESS}/auth/login", body, content_type="application/json", **headers)

    assert sign_in(PASSWORD, "198.51.100.7").status_code == 200
    from_one = [sign_in("wrong", "203.0.113.66").status_code for _ in range(21)]
    from_many = [sign_in("wrong", f"203.0.113.{n}").status_code for n in range(40)]

    assert from_one == [400] * 10 + [429] * 11
    assert from_many == [400] * 10 + [429] * 30  # twenty of strangers, all together
    assert sign_in(PASSWORD, "198.51.100.7").status_code == 200
    assert log_in(api, "ada@example.com", PASSWORD, "198.51.100.7") == 200
