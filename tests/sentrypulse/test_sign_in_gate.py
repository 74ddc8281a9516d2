"""What the gate before django-allauth lets through: hostile bodies, cookies, other origins."""

import json

import pytest
from django.contrib.sessions.models import Session
from django.test import Client

from accounts.models import User
from tests.factories import PASSWORD, UserFactory

pytestmark = pytest.mark.django_db
BASE = "/_allauth/browser/v1"
POSTED = ["auth/login", "auth/signup", "auth/password/request", "auth/password/reset", "auth/email/verify"]
DEEP = '{"email": ' + "[" * 10_000 + "]" * 10_000 + "}"
BODIES = [
    ('{"email": "\\ud800@example.com", "password": "correct horse battery"}', 400),
    ('{"email": "ada@example.com", "password": "correct horse \\ud800"}', 400),
    ('{"email": "ada@example.com", "password": "correct horse \\u0000"}', 400),
    ('{"email": "ada@example.com", "password": "correct horse battery", "name": "\\udfff"}', 400),
    ('{"key": "\\u0000", "password": "correct horse battery"}', 400),
    ('{"\\u0000": "x"}', 400),
    ('{"email": NaN}', 400),
    ('{"email": 1e999}', 400),
    ('{"email": ' + "9" * 5000 + "}", 400),
    ('{"email": {"x": 1}, "key": [], "password": true}', 400),
    (DEEP, 400),
    (json.dumps({"email": "ada@example.com", "password": "x" * 1_000_000, "key": "k"}), 413),
    ("[]", 400),
    ("nonsense", 400),
    ("", 400),
    (b"\xff\xfe\x00", 400),
    (b"\xef\xbb\xbf{}", 400),
]


@pytest.mark.parametrize("path", POSTED)
@pytest.mark.parametrize(("body", "code"), BODIES, ids=range(len(BODIES)))
def test_a_hostile_body_is_refused_and_nothing_is_stored(client, path, body, code):
    answer = client.post(f"{BASE}/{path}", body, content_type="application/json")

    assert answer.status_code == code
    assert (User.objects.count(), Session.objects.count()) == (0, 0)


@pytest.mark.parametrize("path", POSTED)
def test_a_form_is_no_json(client, path):
    assert client.post(f"{BASE}/{path}", {"email": "ada@example.com"}).status_code == 415


@pytest.mark.parametrize("header", ["X-Password-Reset-Key", "X-Email-Verification-Key"])
@pytest.mark.parametrize("key", ["", "\x00", "ü", "x" * 5000, "9" * 30 + "-x", "MQ:x:x"])
def test_a_hostile_key_in_a_header_is_refused(client, header, key):
    path = "auth/password/reset" if "Reset" in header else "auth/email/verify"

    assert client.get(f"{BASE}/{path}", headers={header: key}).status_code == 400


def test_a_very_long_name_of_a_browser_is_cut(client):
    UserFactory.create(email="ada@example.com")
    body = {"email": "ada@example.com", "password": PASSWORD}

    answer = client.post(
        f"{BASE}/auth/login", body, content_type="application/json", HTTP_USER_AGENT="Möz" * 2000
    )

    assert answer.status_code == 200
    assert len(client.get(f"{BASE}/auth/sessions").json()["data"][0]["user_agent"]) == 200


def test_asking_leaves_no_session(client):
    for path in ("config", "auth/session", "account/email", "auth/sessions"):
        client.get(f"{BASE}/{path}")
    client.post(
        f"{BASE}/auth/login", {"email": "a@example.com", "password": "x"}, content_type="application/json"
    )

    assert Session.objects.count() == 0


@pytest.mark.parametrize(
    ("origin", "app", "allowed"),
    [
        ("https://app.example.com", ["https://app.example.com"], "true"),
        ("https://other.example.com", ["https://app.example.com"], None),
        ("https://other.example.com", [], None),
    ],
)
def test_the_session_is_for_pages_of_the_app_alone(settings, origin, app, allowed):
    settings.APP_ORIGINS, settings.CORS_ALLOW_CREDENTIALS = app, bool(app)
    settings.CORS_ALLOWED_ORIGINS = ["https://other.example.com", *app]

    answers = [
        Client().get(path, headers={"Origin": origin}) for path in ("/api/v1/auth/me", f"{BASE}/auth/session")
    ]

    assert [answer["Access-Control-Allow-Origin"] for answer in answers] == [origin] * 2
    assert [answer.get("Access-Control-Allow-Credentials") for answer in answers] == [allowed] * 2
