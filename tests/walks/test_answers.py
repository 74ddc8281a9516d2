"""Below /api/ a program asks, and it is answered in JSON whatever goes wrong."""

import pytest
from django.test import Client

from accounts.tokens import issue_tokens
from core.renderers import JsonRenderer
from tests.factories import UserFactory

NOTHING = {"detail": "There is no such address; /api/docs/ has those there are."}


@pytest.mark.parametrize(
    "path",
    ["/api", "/api/", "/api/v1/nothing", "/api/v1/monitors/x/", "/api/v2/", "/api/v1/monitors/1/nothing"],
)
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE", "OPTIONS", "X"])
def test_an_address_that_there_is_not_is_told_in_json(path, method):
    answer = Client().generic(method, path, headers={"Accept": "text/html"})
    assert (answer.status_code, answer["Content-Type"]) == (404, "application/json")
    assert answer.json() == NOTHING


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/api/v1/health"),
        ("OPTIONS", "/api/v1/health"),
        ("POST", "/api/schema/"),
        ("DELETE", "/api/docs/"),
        ("GET", "/api/v1/auth/token"),
        ("PUT", "/api/v1/monitors/"),
        ("X", "/api/v1/monitors/"),
        ("TRACE", "/api/v1/auth/me"),
    ],
)
def test_a_method_that_there_is_not_is_told_in_json(method, path):
    token = issue_tokens(UserFactory())["access"]
    answer = Client().generic(method, path, headers={"Authorization": f"Bearer {token}"})
    assert (answer.status_code, answer["Content-Type"]) == (405, "application/json")
    assert answer.json() == {"detail": f'Method "{method}" not allowed.'}
    assert answer["Allow"]


@pytest.mark.parametrize("path", ["/api/schema/", "/api/docs/"])
def test_a_document_in_a_format_that_there_is_not_is_refused_in_json(path):
    answer = Client().get(path, headers={"Accept": "image/png"})
    assert (answer.status_code, answer["Content-Type"]) == (406, "application/json")


@pytest.mark.django_db
def test_a_host_that_is_not_ours_is_refused_in_json():
    answer = Client().get("/api/v1/monitors/", headers={"Host": "evil.example"})
    assert (answer.status_code, answer.json()) == (400, {"detail": "This request cannot be read."})


def test_too_many_parameters_are_refused_in_json():
    answer = Client().get("/api/v1/monitors/?" + "a=1&" * 2_000)
    assert (answer.status_code, answer.json()) == (400, {"detail": "This request cannot be read."})


@pytest.mark.django_db
def test_a_bug_is_told_in_json(monkeypatch):
    def fail(*args):
        raise KeyError("bug")

    monkeypatch.setattr("sentrypulse.views.health.examine", fail)
    answer = Client(raise_request_exception=False).get("/api/v1/health")
    assert (answer.status_code, answer["Content-Type"]) == (500, "application/json")
    assert answer.json() == {"detail": "This is a fault of ours. It was logged; try again later."}


def test_elsewhere_people_ask_and_get_a_page():
    answer = Client().get("/nothing")
    assert (answer.status_code, answer["Content-Type"]) == (404, "text/html; charset=utf-8")


def test_a_row_that_cannot_be_encoded_is_shown_with_escapes():
    rows = [{"name": "Zürich"}, {"name": "\ud800"}]
    assert JsonRenderer().render(rows) == b'[{"name": "Z\\u00fcrich"}, {"name": "\\ud800"}]'
    assert JsonRenderer().render(rows[:1]) == '[{"name":"Zürich"}]'.encode()
