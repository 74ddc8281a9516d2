"""Requests as CloudFront and an HTTP API hand them to the function, through Zappa's handler to Django and
back: the client's address, scheme and name, the stage's prefix, static files, large bodies, the admin."""

import base64
import gzip
import json
import re
import sys
from types import ModuleType

import pytest
from django.core.signals import request_finished, request_started
from django.db import close_old_connections

from monitors.models import Ping
from tests.factories import make_member, make_monitor, make_team
from tests.infra.conftest import REASON
from tests.monitors.pings import make_heartbeat

pytestmark = [pytest.mark.skipif(bool(REASON), reason=REASON), pytest.mark.django_db]

SECRET = "the-proxy-and-we-know-this-and-nobody-else"
HOST = "pulse.example.com"
GATEWAY = "abc123.execute-api.eu-west-1.amazonaws.com"
VIEWER, EDGE = "203.0.113.9", "198.51.100.7"


@pytest.fixture
def one_connection():
    """A real request closes its connection at the end; here the test's transaction lives in it."""
    signals = (request_started, request_finished)
    for signal in signals:
        signal.disconnect(close_old_connections)
    yield
    for signal in signals:
        signal.connect(close_old_connections)


@pytest.fixture
def lambda_handler(settings, monkeypatch, one_connection):
    """Zappa's handler over this Django, configured as on AWS."""
    settings.ORIGIN_SECRETS = [SECRET]
    settings.USE_X_FORWARDED_HOST = True
    settings.FORCE_SCRIPT_NAME = ""
    settings.TRUSTED_PROXIES = 2
    settings.REST_FRAMEWORK = {**settings.REST_FRAMEWORK, "NUM_PROXIES": 2}
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    settings.SECURE_SSL_REDIRECT = settings.SESSION_COOKIE_SECURE = settings.CSRF_COOKIE_SECURE = True
    settings.PUBLIC_URL = f"https://{HOST}"
    settings.ALLOWED_HOSTS = [HOST]
    settings.CSRF_TRUSTED_ORIGINS = [f"https://{HOST}"]
    generated = ModuleType("zappa_settings_of_the_test")
    generated.__dict__.update(
        LOG_LEVEL="INFO", PROJECT_NAME="sentrypulse", API_STAGE="prod", ENVIRONMENT_VARIABLES={}, DEBUG=False,
        DJANGO_SETTINGS="sentrypulse.settings", DOMAIN=None, BASE_PATH=None, SETTINGS_FILE=None,
        BINARY_SUPPORT=True, AWS_EVENT_MAPPING={}, COGNITO_TRIGGER_MAPPING={}, AWS_BOT_EVENT_MAPPING={},
        EXCEPTION_HANDLER=None, CONTEXT_HEADER_MAPPINGS={}, ADDITIONAL_TEXT_MIMETYPES=[],
    )  # fmt: skip
    monkeypatch.setitem(sys.modules, generated.__name__, generated)
    from zappa.handler import LambdaHandler

    monkeypatch.setattr(LambdaHandler, "_LambdaHandler__instance", None)
    monkeypatch.setattr(LambdaHandler, "settings", None)
    handler = LambdaHandler(generated.__name__)
    return lambda event: handler.handler(event, None)


def ask(
    handler, path, method="GET", *, body=b"", headers=None, cookies=(), query="", around=False, stage="prod"
):
    """A viewer's request as it comes to the function through CloudFront; the answer with its body decoded."""
    raw_path = path if stage == "$default" else f"/{stage}{path}"
    sent = {
        "host": GATEWAY,
        "x-forwarded-for": f"6.6.6.6, {VIEWER}, {EDGE}",  # the first is a lie of the viewer's
        "x-forwarded-port": "443",
        "x-forwarded-proto": "https",
        **({} if around else {"x-origin-secret": SECRET, "x-forwarded-host": HOST}),
        **({"content-length": str(len(body))} if body else {}),
        **(headers or {}),
    }
    event = {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": raw_path,
        "rawQueryString": query,
        "cookies": list(cookies),
        "headers": sent,
        "requestContext": {
            "accountId": "123456789012",
            "apiId": "abc123",
            "domainName": GATEWAY,
            "http": {
                "method": method,
                "path": raw_path,
                "protocol": "HTTP/1.1",
                "sourceIp": EDGE,
                "userAgent": "x",
            },
            "requestId": "id=",
            "routeKey": "$default",
            "stage": stage,
            "timeEpoch": 1_795_420_800_000,
        },
        **({"body": base64.b64encode(body).decode()} if body else {}),
        "isBase64Encoded": bool(body),
    }
    if not cookies:
        del event["cookies"]
    answer = handler(event)
    raw = answer.get("body") or ""
    answer["body"] = base64.b64decode(raw) if answer.get("isBase64Encoded") else raw.encode()
    answer["headers"] = {name.lower(): value for name, value in answer.get("headers", {}).items()}
    return answer


def test_the_api_answers_without_the_stage_in_any_address(lambda_handler):
    answer = ask(lambda_handler, "/api/v1/auth/me")
    assert answer["statusCode"] == 401
    page = ask(lambda_handler, "/api/docs/")
    assert page["statusCode"] == 200
    assert b"/prod/" not in page["body"]
    assert b"without its app" in ask(lambda_handler, "/")["body"]


def test_the_next_page_of_a_list_is_at_the_public_address(lambda_handler):
    team = make_team()
    token = token_of(make_member(team))
    for number in range(60):
        make_monitor(team, name=f"monitor {number}")
    answer = ask(lambda_handler, "/api/v1/monitors/", headers={"authorization": f"Bearer {token}"})
    assert answer["statusCode"] == 200, answer
    assert json.loads(answer["body"])["next"].startswith(f"https://{HOST}/api/v1/monitors/?")


def test_a_long_list_comes_compressed_through_lambdas_json(lambda_handler):
    team = make_team()
    for number in range(60):
        make_monitor(team, name=f"monitor {number}")
    headers = {"authorization": f"Bearer {token_of(make_member(team))}", "accept-encoding": "gzip, br"}
    answer = ask(lambda_handler, "/api/v1/monitors/", headers=headers)
    assert (answer["statusCode"], answer["headers"]["content-encoding"]) == (200, "gzip")
    assert len(json.loads(gzip.decompress(answer["body"]))["results"]) == 50


def token_of(user):
    from rest_framework_simplejwt.tokens import RefreshToken

    return str(RefreshToken.for_user(user).access_token)


def test_the_client_is_the_viewer_and_not_what_he_claims(lambda_handler):
    answer = ask(lambda_handler, f"/ping/{make_heartbeat().uuid}")
    assert answer["statusCode"] == 200
    assert Ping.objects.get().address == VIEWER


def test_nobody_comes_in_around_the_distribution(lambda_handler):
    answer = ask(lambda_handler, "/api/v1/health", around=True)
    assert answer["statusCode"] == 403
    assert json.loads(answer["body"]) == {"detail": f"Ask https://{HOST}, which asks us."}
    lied = ask(
        lambda_handler,
        "/api/v1/health",
        around=True,
        headers={"x-origin-secret": "wrong", "x-forwarded-host": HOST},
    )
    assert lied["statusCode"] == 403


def test_a_plain_request_is_sent_to_https_at_the_public_name(lambda_handler):
    answer = ask(lambda_handler, "/admin/login/", headers={"x-forwarded-proto": "http"})
    assert (answer["statusCode"], answer["headers"]["location"]) == (301, f"https://{HOST}/admin/login/")


def test_a_large_body_is_refused_in_the_apis_shape(lambda_handler):
    answer = ask(
        lambda_handler,
        "/api/v1/monitors/",
        "POST",
        body=b"x" * 2_500_001,
        headers={"content-type": "application/json"},
    )
    assert answer["statusCode"] == 413
    assert json.loads(answer["body"]) == {"detail": "A request may hold 2,500,000 bytes at most."}


def test_static_files_come_with_their_type_binary_ones_unharmed(lambda_handler):
    style = ask(lambda_handler, "/static/admin/css/base.css")
    assert (style["statusCode"], style["headers"]["content-type"]) == (200, 'text/css; charset="utf-8"')
    icon = ask(lambda_handler, "/static/drf_spectacular_sidecar/swagger-ui-dist/favicon-32x32.png")
    assert (icon["statusCode"], icon["body"][:8]) == (200, b"\x89PNG\r\n\x1a\n")


def test_one_signs_in_to_the_admin_by_its_form(lambda_handler):
    from accounts.models import User

    User.objects.create_superuser(email="root@example.com", password="correct horse battery")
    form = ask(lambda_handler, "/admin/login/")
    assert form["statusCode"] == 200, form
    cookie = read_cookie(form, "csrftoken")
    token = re.search(rb'csrfmiddlewaretoken" value="([^"]+)', form["body"])[1].decode()
    sent = (
        f"csrfmiddlewaretoken={token}&username=root%40example.com&password=correct+horse+battery&next=/admin/"
    )
    answer = ask(
        lambda_handler,
        "/admin/login/",
        "POST",
        body=sent.encode(),
        headers={
            "content-type": "application/x-www-form-urlencoded",
            "origin": f"https://{HOST}",
            "referer": f"https://{HOST}/admin/login/",
        },
        cookies=[cookie.partition(";")[0]],
    )
    assert (answer["statusCode"], answer["headers"]["location"]) == (302, "/admin/"), answer["body"][:500]
    session = read_cookie(answer, "sessionid")
    assert "Secure" in session
    assert "Path=/;" in session
    home = ask(lambda_handler, "/admin/", cookies=[session.partition(";")[0]])
    assert home["statusCode"] == 200
    assert b"Operating" in home["body"]


def read_cookie(answer, name):
    """The cookie as the browser would keep it, with its attributes."""
    return [one for one in map(str.strip, answer["cookies"]) if one.startswith(f"{name}=")][-1]


def test_the_browsable_api_links_to_itself_by_its_public_name(lambda_handler):
    token = token_of(make_member(make_team()))
    answer = ask(
        lambda_handler,
        "/api/v1/monitors/",
        headers={"authorization": f"Bearer {token}", "accept": "text/html"},
    )
    assert answer["statusCode"] == 200
    assert GATEWAY.encode() not in answer["body"]
