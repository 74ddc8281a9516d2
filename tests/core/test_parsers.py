"""How bodies are read: byte order marks, charsets, depth, size."""

import codecs

import pytest
from django.test import Client
from rest_framework.exceptions import APIException
from rest_framework.test import APIClient

from accounts.models import Team
from core.parsers import read_request_json
from tests.factories import UserFactory

TEAMS = "/api/v1/teams/"


@pytest.fixture
def client(db):
    client = APIClient()
    client.force_authenticate(UserFactory())
    return client


def post(client, body, content_type="application/json"):
    return client.generic("POST", TEAMS, body, content_type)


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        ('{"name": "Zürich"}'.encode(), "application/json"),
        (codecs.BOM_UTF8 + '{"name": "Zürich"}'.encode(), "application/json"),
        (codecs.BOM_UTF8 + '{"name": "Zürich"}'.encode(), "application/json; charset=utf-8"),
        (codecs.BOM_UTF8 + '{"name": "Zürich"}'.encode(), "application/json; charset=iso-8859-1"),
        ('{"name": "Zürich"}'.encode("utf-16"), "application/json"),
        (codecs.BOM_UTF16_BE + '{"name": "Zürich"}'.encode("utf-16-be"), "application/json"),
        ('{"name": "Zürich"}'.encode("utf-32"), "application/json"),
        ('{"name": "Zürich"}'.encode("utf-16-le"), "application/json; charset=utf-16le"),
        ('{"name": "Zürich"}'.encode("latin-1"), "application/json; charset=ISO-8859-1"),
        ('{"name": "Zürich"}'.encode("cp1252"), "application/json; charset=windows-1252"),
        ('{"name": "Zürich"}'.encode(), 'application/json; charset="UTF8"'),
    ],
)
def test_a_body_is_read_in_the_charset_that_it_is_in(client, body, content_type):
    answer = post(client, body, content_type)
    assert (answer.status_code, answer.json()["name"]) == (201, "Zürich")


@pytest.mark.parametrize(
    "charset", ["rot13", "base64", "punycode", "idna", "undefined", "zlib", "foo", "\xff"]
)
def test_a_charset_that_is_none_of_text_is_refused(client, charset):
    answer = post(client, b'{"name": "Crew"}', f"application/json; charset={charset}")
    assert answer.status_code == 415
    assert answer.json()["detail"].startswith("There is no reading the charset ")
    assert len(answer.content) < 200


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        (b"{", "This is no JSON: Expecting property name"),
        (b"\xff", "The body is not UTF-8 at byte 0; send JSON in UTF-8."),
        ('{"name": "Zürich"}'.encode("latin-1"), "The body is not UTF-8 at byte 11; send JSON in UTF-8."),
        (b"1" * 5000, "This is no JSON: Exceeds the limit"),
        (b"[" * 100_000, "The JSON nests deeper than 50 levels; flatten it."),
        (b'{"a":' * 100_000, "The JSON nests deeper than 50 levels; flatten it."),
    ],
)
def test_a_body_that_is_no_json_says_why(client, body, detail):
    answer = post(client, body)
    assert answer.status_code == 400
    assert answer.json()["detail"].startswith(detail)


@pytest.mark.parametrize(
    ("body", "names"),
    [
        (b'{"name": ' + b"[" * 60 + b"]" * 60 + b"}", "name.0.0.0.0.0.0.0.0.0"),
        (b'{"name": NaN}', "name"),
        (b'{"name": 1e999}', "name"),
        (b'{"name": -Infinity}', "name"),
        (b'{"name": "\\ud800"}', "name"),
        (b'{"name": "\\u0000"}', "name"),
    ],
)
def test_a_value_that_nothing_can_hold_is_refused_by_its_field(client, body, names):
    teams = Team.objects.count()
    answer = post(client, body)
    assert (answer.status_code, list(answer.json())) == (400, [names])
    assert Team.objects.count() == teams


def test_surrogates_in_pairs_are_text(client):
    assert post(client, b'{"name": "\\ud83d\\ude00"}').json()["name"] == "😀"


@pytest.mark.parametrize("charset", ["rot13", "zlib", "undefined", "foo"])
@pytest.mark.parametrize("path", ["/status/nothing/unlock", "/admin/login/", "/api/v1/auth/token", "/ping/x"])
def test_no_form_is_decoded_by_a_codec_of_pythons(client, path, charset):
    for form in ("application/x-www-form-urlencoded", "multipart/form-data; boundary=x"):
        sent = Client().generic("POST", f"{path}?a=%20b", b"a=b", f"{form}; charset={charset}")
        assert sent.status_code < 500, (path, charset, form)


@pytest.mark.django_db
def test_strangers_may_send_less():
    body = b'{"email": "a@example.com", "password": "' + b"x" * 70_000 + b'"}'
    answer = Client().post("/api/v1/auth/token", body, content_type="application/json")
    assert answer.status_code == 413
    assert answer.json() == {"detail": "A request may hold 65,536 bytes at most here."}


def test_no_body_is_larger_than_its_budget_whatever_its_headers_promise(client, settings):
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 1_000
    answer = post(client, b'{"name": "' + b"x" * 2_000 + b'"}')
    assert answer.status_code == 413
    assert answer.json() == {"detail": "A request may hold 1,000 bytes at most."}


def test_reading_raises_what_the_api_answers():
    with pytest.raises(APIException) as refused:
        read_request_json(b'{"a": {"b": "\\ud800"}}')
    assert refused.value.status_code == 400
