"""Headers on which Django itself would fail, some of them before our first middleware."""

import io

import pytest
from django.core.handlers.asgi import ASGIHandler
from django.core.handlers.wsgi import WSGIHandler
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections
from django.test import RequestFactory

from sentrypulse.requests import ReadableASGIRequest, ReadableWSGIRequest

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _keeps_the_connection():
    """A request ends what is left of the one before; a test's own transaction must outlive that."""
    both = (request_started, request_finished)
    for signal in both:
        signal.disconnect(close_old_connections)
    yield
    for signal in both:
        signal.connect(close_old_connections)


def call(**environ):
    """The status that our WSGI application answers; what it raises, a server answers with 500."""
    base = RequestFactory()._base_environ(PATH_INFO="/demo/ok", QUERY_STRING="a=%20b")
    statuses = []
    application = get_wsgi_application()
    list(application(base | environ, lambda status, headers: statuses.append(int(status[:3]))))
    return statuses[0]


def test_servers_make_our_requests():
    assert WSGIHandler.request_class is ReadableWSGIRequest
    assert ASGIHandler.request_class is ReadableASGIRequest


@pytest.mark.parametrize(
    "content_type",
    [
        "text/plain; charset=rot13",
        "text/plain; charset=undefined",
        "text/plain; charset=a\0b",
        "text/plain; a*=foo''x",
        "text/plain; a*0*=rot13'en'x; a*1=y",
        "application/json; charset*=undefined''utf-8",
        "text/plain; a=b,c*=foo''x",
        ";;;",
        "\xff\xfe",
    ],
)
@pytest.mark.parametrize(
    "path", ["/demo/ok", "/api/v1/auth/token", "/ping/00000000-0000-4000-8000-000000000000"]
)
def test_a_content_type_decodes_nothing_by_a_codec_of_pythons(path, content_type):
    body = io.BytesIO(b"a=b")
    for method in ("GET", "POST"):
        given = {"REQUEST_METHOD": method, "PATH_INFO": path, "CONTENT_TYPE": content_type}
        assert call(**given, **{"wsgi.input": body, "CONTENT_LENGTH": "3"}) < 500


@pytest.mark.parametrize(
    ("header", "value"),
    [
        ("HTTP_ACCEPT", "application/json; a*=foo''x"),
        ("HTTP_ACCEPT", "a/b, text/html; a*0*=undefined''x"),
        ("HTTP_COOKIE", "sessionid=☃"),
        ("HTTP_COOKIE", "sessionid=\0"),
        ("HTTP_AUTHORIZATION", "Bearer ☃"),
        ("HTTP_X_API_KEY", "☃"),
        ("HTTP_USER_AGENT", "\ud800"),
    ],
)
def test_no_header_fails_a_request(header, value):
    assert call(**{"PATH_INFO": "/api/v1/auth/me", header: value}) == 401
    assert call(**{header: value}) == 200


def test_a_form_in_a_charset_of_europe_is_read_in_it():
    request = RequestFactory().get("/?a=%FC", CONTENT_TYPE="text/plain; charset=iso-8859-1")
    assert request.GET["a"] == "ü"
