"""Strangers who guess, and strangers who make us remember things."""

import pytest
from allauth.account.utils import user_pk_to_url_str
from django.contrib.auth.tokens import PasswordResetTokenGenerator
from django.test import RequestFactory

from accounts import throttles
from accounts.throttles import list_login_counts, note_login
from tests.accounts.attempts import NOW, log_in
from tests.factories import PASSWORD, UserFactory


@pytest.mark.django_db
def test_guesses_from_an_address_leave_the_others_to_the_owner(api, behind_a_proxy):
    UserFactory.create(email="ada@example.com")

    guesses = [log_in(api, "ada@example.com", "wrong", "203.0.113.66") for _ in range(25)]

    assert guesses == [401] * 10 + [429] * 15
    assert log_in(api, "ada@example.com", PASSWORD, "198.51.100.7") == 200


@pytest.mark.django_db
def test_guesses_from_many_addresses_end_and_keep_nobody_out_whom_the_account_knows(
    api, behind_a_proxy, time_machine
):
    UserFactory.create(email="ada@example.com")
    assert log_in(api, "ada@example.com", PASSWORD, "198.51.100.7") == 200

    guesses = [log_in(api, "ada@example.com", "wrong", f"203.0.113.{n}") for n in range(40)]

    assert guesses == [401] * 20 + [429] * 20
    assert log_in(api, "ada@example.com", PASSWORD, "198.51.100.7") == 200
    assert log_in(api, "ada@example.com", PASSWORD, "198.51.100.8:1234") == 200  # note: the success forgot
    for n in range(40):
        log_in(api, "ada@example.com", "wrong", f"203.0.113.{n}")
    assert log_in(api, "ada@example.com", PASSWORD, "198.51.100.9") == 429
    time_machine.shift(60)
    assert log_in(api, "ada@example.com", PASSWORD, "198.51.100.9") == 200


@pytest.mark.django_db
def test_an_owner_away_from_home_gets_in_by_the_link_that_resets_the_password(api, behind_a_proxy):
    user = UserFactory.create(email="ada@example.com")
    for n in range(30):
        log_in(api, "ada@example.com", "wrong", f"203.0.113.{n}")
    assert log_in(api, "ada@example.com", PASSWORD, "198.51.100.9") == 429

    link = {
        "uid": user_pk_to_url_str(user),
        "token": PasswordResetTokenGenerator().make_token(user),
    }
    body = {**link, "new_password": "staple battery horse"}
    reset = api.post("/api/v1/auth/password/reset/confirm", body, HTTP_X_FORWARDED_FOR="198.51.100.9")

    assert reset.status_code == 204
    for n in range(30):
        log_in(api, "ada@example.com", "wrong", f"203.0.113.{n}")
    assert log_in(api, "ada@example.com", "staple battery horse", "198.51.100.9") == 200


@pytest.mark.parametrize(
    "spell", ["203.0.113.7", "203.0.113.7:{port}", "[2001:db8::1]:{port}", '"[2001:db8::1]:{port}"']
)
@pytest.mark.django_db
def test_another_port_is_no_other_client(api, behind_a_proxy, spell):
    codes = [log_in(api, f"u{n}@example.com", "wrong", spell.format(port=40_000 + n)) for n in range(40)]

    assert codes == [401] * 30 + [429] * 10


@pytest.mark.django_db
def test_names_of_hosts_that_there_are_not_push_no_count_out(client, api, rates):
    UserFactory.create(email="ada@example.com")
    guesses = [log_in(api, "ada@example.com", "wrong", "") for _ in range(3)]

    for n in range(450):  # Django's own memory holds 300 entries
        assert client.get("/status/x/", headers={"Host": f"h{n}.example.com"}).status_code == 400

    assert guesses == [401, 401, 429]
    assert log_in(api, "ada@example.com", "wrong", "") == 429


@pytest.mark.django_db
def test_who_is_refused_by_address_adds_no_counts(api, behind_a_proxy, monkeypatch):
    keys = set()
    real = throttles.cache.add
    monkeypatch.setattr(
        "accounts.throttles.cache.add", lambda key, *a, **k: (keys.add(key), real(key, *a, **k))[1]
    )

    for n in range(200):
        log_in(api, f"u{n}@example.com", "wrong", "203.0.113.7")

    assert len(keys) == 1 + 2 * 30  # the address, and for each account it got to: alone, and with the address


def test_a_log_in_is_counted_by_address_then_by_account(settings):
    settings.TRUSTED_PROXIES = 0
    request = RequestFactory().get("/", REMOTE_ADDR="2001:db8:1:2:3:4:5:6")

    assert list_login_counts(request, "ada") == [
        ("login_address", "2001:db8:1:2::/64"),
        ("login_account_address", "ada 2001:db8:1:2::/64"),
        ("login_account", "ada"),
    ]
    assert list_login_counts(request, "") == [("login_address", "2001:db8:1:2::/64")]
    note_login(request, "ada", now=NOW)
    assert [scope for scope, _ in list_login_counts(request, "ada")] == [
        "login_address",
        "login_account_address",
    ]
