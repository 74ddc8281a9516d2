"""How often one may try, from where and at whom."""

import pytest
from allauth.account.utils import user_pk_to_url_str
from django.contrib.auth.tokens import PasswordResetTokenGenerator
from django.test import Client, RequestFactory

from accounts import throttles
from accounts.models import User
from accounts.throttles import count_attempt, list_login_counts, note_login
from tests.factories import PASSWORD, TeamFactory, UserFactory

NOW = 1_767_268_800.0  # 2026-01-01T12:00:00Z
RATES = {
    "login_address": "3/minute",
    "login_account_address": "2/minute",
    "login_account": "2/minute",
    "register_address": "3/hour",
    "register_account": "2/hour",
    "reset_address": "3/hour",
    "reset_account": "2/hour",
    "invite_user": "2/hour",
}


@pytest.fixture
def rates(settings, time_machine):
    time_machine.move_to(NOW, tick=False)
    settings.REST_FRAMEWORK = {**settings.REST_FRAMEWORK, "DEFAULT_THROTTLE_RATES": RATES}


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


# The app's sign-in counts under the same names

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


# Strangers who guess, and strangers who make us remember things


def log_in(api, email, password, address):
    body = {"email": email, "password": password}
    return api.post("/api/v1/auth/token", body, HTTP_X_FORWARDED_FOR=address).status_code


@pytest.fixture
def behind_a_proxy(settings, time_machine):
    """Our own rates, on a clock that stands."""
    settings.TRUSTED_PROXIES = 1
    time_machine.move_to(NOW, tick=False)


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
