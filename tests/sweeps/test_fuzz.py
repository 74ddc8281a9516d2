"""Whatever is sent to whatever address: nothing answers 5xx. A seed's sample of all there is to try.

``FUZZ_REQUESTS=20000 FUZZ_SEED=7 pytest tests/sweeps/test_fuzz.py`` looks deeper.
"""

import json
import logging
import os
import random
from contextlib import contextmanager

import pytest
from django.db import connection, transaction
from django.test import Client

from accounts.tokens import issue_tokens
from probes.registry import KINDS, load_kind
from tests.walks.operations import find_body, list_operations, make_bodies, require_documented
from tests.walks.test_strangers import ROUTES, world  # noqa: F401  # a fixture

pytestmark = pytest.mark.django_db

REQUESTS = int(os.environ.get("FUZZ_REQUESTS", "400"))
"""Of each test below."""
SEED = int(os.environ.get("FUZZ_SEED", "1"))

IDS = [
    "0",
    "-1",
    "99999999999999999999",
    "9223372036854775808",
    "9" * 5000,
    "1.5",
    "abc",
    "%00",
    "%ff",
    "+1",
    "٣",
]
QUERIES = [
    *[
        "",
        "0",
        "-1",
        "99999999999999999999",
        "9" * 400,
        "1e400",
        "1E%2B999999999",
        "NaN",
        "-inf",
        "1.5",
        "true",
    ],
    *[
        "%00",
        "%ff%fe",
        "%ED%A0%80",
        "İ",
        "%F0%9F%98%80",
        "'",
        '"',
        "\\",
        "%25",
        "%0a",
        "a,b",
        "--id",
        "a" * 5000,
    ],
    *[
        "0001-01-01T00:00:00Z",
        "0001-01-01T00:00:00%2B14:00",
        "9999-12-31T23:59:59-14:00",
        "-0001-01-01",
        "0001-01",
    ],
    *["9999-12", "9999-12-31", "2026-02-30", "2026-01-01T25:00:00Z", "../../etc/passwd", "Europe", "a" * 300],
    # What a list's cursor is made of: p=1&r=1, p=0001-01-01, p=99…, o=99…, p=%00, r=1&p=abc, o=-1, r=x
    *["cD0xJnI9MQ==", "cD0wMDAxLTAxLTAx", "cD05OTk5OTk5OTk5OTk5OTk5OTk5OQ==", "bz05OTk5OTk5OTk5OTk5OTk5OQ=="],
    *["cD0lMDA=", "cj0xJnA9YWJj", "bz0tMQ==", "cj14", "=", "é"],
    # p=0001-01-01 00:00:00+14:00, p=9999-12-31 23:59:59-14:00
    *["cD0wMDAxLTAxLTAxIDAwOjAwOjAwJTJCMTQ6MDA=", "cD05OTk5LTEyLTMxIDIzOjU5OjU5LTE0OjAw"],
]
VALUES = [
    *[None, True, 0, -1, 1.5, 2**31, 2**63, 2**64, 10**30, 10**400, 1e308, float("inf"), float("nan")],
    *[
        "",
        " ",
        "x",
        "a" * 5000,
        "\ud800",
        "\0",
        "\u2028",
        "-1",
        "1" * 19,
        "9" * 20,
        "9" * 5000,
        "1e400",
        "NaN",
    ],
    *[[], [None], [[]], ["x"], [0], [10**30], [{}], [1] * 2000, {}, {"a": 1}, {"": ""}, {"\udfff": 1}],
    *[
        "0001-01-01T00:00:00Z",
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59-14:00",
        "9999-12-31T23:59:59Z",
    ],
    *["2026-02-30", "00:00", "24:00", "23:59:60", "Europe", "../x", "1E+999999999", "sNaN", "Infinity"],
    *[
        "FREQ=DAILY",
        "FREQ=SECONDLY;BYDAY=8SU",
        "a@ä.de",
        "a@" + "x" * 300,
        "http://[",
        "http://a:99999999/",
        "//",
    ],
    {"headers": {"a": {"value": 1}}, "auth": {"type": "x"}, "json_path": "$..a", "url": "http://["},
    {"config": {"a": {"b": [{"c": [1, {"d": "\ud800"}]}]}}},
]
BODIES = [
    *[
        b"",
        b"{",
        b"\xff",
        b"\xef\xbb\xbf{}",
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b"null",
        b"1",
        b'"x"',
        b"[]",
        b"NaN",
    ],
    *[
        b"1" * 5000,
        '{"a": "ü"}'.encode("utf-16"),
        '{"a": "ü"}'.encode("latin-1"),
        b"\0",
        b'{"\\ud800": 1}',
        b"a=b",
    ],
    *[
        b"{}{}",
        b"a=%00&b=%ff",
        b"--x\r\n\r\n",
        b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n\0\r\n--x--',
    ],
]
TYPES = [
    *[
        "application/json",
        "application/json; charset=rot13",
        "application/json; charset=base64",
        "text/plain",
    ],
    *[
        "application/json; charset=utf-16",
        "application/json; charset=undefined",
        "application/json; charset=\xff",
    ],
    *["application/x-www-form-urlencoded", "application/x-www-form-urlencoded; charset=zlib", "", "/", ";;;"],
    *[
        "multipart/form-data",
        "multipart/form-data; boundary=x",
        "multipart/form-data; boundary=x; charset=rot13",
    ],
    *[
        "application/json;" + "a" * 1000,
        "image/png",
        "text/html; charset=idna",
        "application/json; a*=foo''x",
        "text/x; a*0*=rot13''x; charset=\0",
    ],
]
HEADERS = [
    *[
        {"Accept": value}
        for value in (
            "text/html",
            ";;",
            "x/y",
            "\xff",
            "application/json; indent=9",
            "*/*;q=x",
            "x/y; a*=foo''x",
        )
    ],
    *[
        {"Authorization": value}
        for value in ("Bearer", "Bearer a b", "Bearer \xff", "Bearer ☃", "Bearer e30.e30.e30")
    ],
    *[{"X-API-Key": value} for value in ("\xff", "☃", "", "sp_aaaaaaaa_" + "a" * 43)],
    *[
        {"Host": value}
        for value in ("\xff", "a b", "a" * 300, "[::", "x.example.com:99999999", "xn--a.example")
    ],
    *[{"Cookie": value} for value in ("sessionid=\xff; csrftoken=\xff", "statuspage-1=x", "☃", "=;=")],
    *[{"If-None-Match": value} for value in ("\xff", 'W/"x')],
    *[{"Origin": value} for value in ("\xff", "http://[")],
    {"X-Forwarded-For": "\xff"},
    {"Accept-Language": "\xff", "Accept-Encoding": "\xff", "If-Modified-Since": "x", "Referer": "http://["},
    {"User-Agent": "\0\x01\xff" * 300},
    {"Content-Length": "x"},
    {"Content-Length": "-1"},
]
ALL_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE", "PROPFIND", "X")
ILL_ON_PURPOSE = ("/demo/flaky", "/api/v1/health")
"""The second because nothing is scheduled here."""
ASK_OUTSIDE = ("/check", "/monitors/test", "/test", "/domain/verify", "/publish")
"""These ask the outside for as long as it takes."""


@contextmanager
def undone():
    """Whatever the request did, and whatever it broke, the next one finds the world as it was."""
    with transaction.atomic():
        point = transaction.savepoint()
        yield
        connection.needs_rollback = False
        transaction.savepoint_rollback(point)


@pytest.fixture
def send(world, caplog):  # noqa: F811
    """Send one request, as the team's owner; 5xx is a bug."""
    caplog.set_level(logging.CRITICAL)
    client = Client(raise_request_exception=False)
    owner = {"Authorization": f"Bearer {issue_tokens(world['owner'])['access']}"}

    def send(method, address, body=b"", content_type="application/json", headers=None):
        with undone():
            answer = client.generic(
                method.upper(), address, body, content_type, headers={**owner, **(headers or {})}
            )
        what = f"{method} {address[:200]} {body[:200]!r} {content_type!r} {headers}"
        assert answer.status_code < 500 or address.split("?")[0] in ILL_ON_PURPOSE, (
            f"{what} → {answer.status_code}"
        )
        if address.startswith("/api/") and answer.status_code >= 400 and "Accept" not in (headers or {}):
            assert answer["Content-Type"] == "application/json" or method == "HEAD", what
            assert method == "HEAD" or isinstance(answer.json(), dict), what
        if answer.status_code < 500 and "Accept" not in (headers or {}):  # DRF's pages show a 204 as 200
            require_documented(answer, method, address)
        return answer

    return send


def sample(cases):
    cases = list(cases)
    return random.Random(SEED).sample(cases, min(REQUESTS, len(cases)))


def writing():
    return [o for o in list_operations() if o.fields and not o.path.endswith(ASK_OUTSIDE)]


def test_queries(send, world):  # noqa: F811
    reading = [o for o in list_operations() if o.method == "get"]
    always = {"cursor", "page_size", "ordering", "search", "format", "team"}
    for operation, name, value in sample(
        (o, name, value) for o in reading for name in sorted({*o.queries, *always}) for value in QUERIES
    ):
        send("GET", f"{operation.address(world['ids'])}?{name}={value}")


def test_ids(send, world):  # noqa: F811
    names = [(route, name) for route in ROUTES for name in world["ids"] if f"{{{name}}}" in route]
    for (route, name), value, method in sample(
        (spot, value, method) for spot in names for value in IDS for method in ALL_METHODS[:7]
    ):
        address = route.replace(f"{{{name}}}", value.replace("{", "")).format(
            **world["ids"] | {"slug": "acme", "file": "index.html"}
        )
        send(method, f"/{address}", b"{}")


def test_fields(send, world):  # noqa: F811
    """One hostile value in a body that is right otherwise; and in one that holds nothing else."""
    bodies = make_bodies(world["ids"])
    for operation, name, value, whole in sample(
        (o, name, value, whole)
        for o in writing()
        for name in o.fields
        for value in VALUES
        for whole in (0, 1)
    ):
        body = {**(find_body(bodies, operation) if whole else {}), name: value}
        send(operation.method, operation.address(world["ids"]), json.dumps(body).encode())


def test_fields_of_config(send, world):  # noqa: F811
    """The same, one level down."""
    bodies = make_bodies(world["ids"])
    kinds = {
        "/api/v1/monitors/": [*KINDS],
        "/api/v1/channels/": ["webhook", "email", "slack", "telegram", "msteams", "discord", "pagerduty"],
    }
    names = {field for kind in KINDS for field in load_kind(kind).config.__struct_fields__}
    names |= {"url", "port", "to", "token", "chat", "template"}
    for where, kind, name, value in sample(
        (path, kind, name, value)
        for path in kinds
        for kind in kinds[path]
        for name in sorted(names)
        for value in VALUES
    ):
        body = bodies[where] | {"kind": kind, "config": {name: value}}
        send("POST", where, json.dumps(body).encode())


def test_bodies(send, world):  # noqa: F811
    operations = [o for o in list_operations() if o.method != "get" and not o.path.endswith(ASK_OUTSIDE)]
    for operation, body, content_type in sample(
        (o, body, content_type) for o in operations for body in BODIES for content_type in TYPES
    ):
        send(operation.method, operation.address(world["ids"]), body, content_type)


def test_headers_and_methods(send, world):  # noqa: F811
    ids = world["ids"] | {
        "slug": "acme",
        "file": "status.json",
        "uuid": "00000000-0000-4000-8000-000000000000",
    }
    routes = [f"/{route.format(**ids)}" for route in ROUTES if not route.endswith(ASK_OUTSIDE)]
    for address, method, headers, content_type in sample(
        (address, method, headers, content_type)
        for address in [*routes, "/api/", "/api/v1/nothing", "/nothing", "/static/nothing", "/admin/"]
        for method in ALL_METHODS
        for headers in [{}, *HEADERS]
        for content_type in TYPES[:3]
    ):
        send(method, address, b"{}", content_type, headers)
