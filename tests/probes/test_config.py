import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from probes.config import check_config, check_target
from probes.config_error import ConfigError
from probes.registry import KINDS

HTTP_DEFAULTS: dict[str, Any] = {
    "method": "GET",
    "headers": {},
    "body": "",
    "auth": None,
    "expected_status": "200-299",
    "keyword": "",
    "keyword_absent": False,
    "json_path": "",
    "json_equals": None,
    "follow_redirects": True,
    "max_redirects": 5,
    "verify_tls": True,
    "tls_expiry_days": 14,
    "degraded_ms": None,
    "ip_family": "any",
    "http_version": "any",
}


def test_an_empty_http_configuration_is_the_documented_default():
    assert check_config("http", {}) == HTTP_DEFAULTS


@pytest.mark.parametrize("kind", KINDS)
def test_a_checked_configuration_is_json_and_checks_to_itself(kind):
    complete = check_config(kind, {})
    assert check_config(kind, json.loads(json.dumps(complete))) == complete


def errors_of(kind, **config):
    with pytest.raises(ConfigError) as mistake:
        check_config(kind, config)
    return mistake.value.errors


@pytest.mark.parametrize(
    ("kind", "config", "field", "sentence"),
    [
        ("http", {"metod": "GET"}, "metod", "There is no field 'metod'. Did you mean method?"),
        (
            "http",
            {"method": "BREW"},
            "method",
            "Must be one of GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS.",
        ),
        ("http", {"max_redirects": 21}, "max_redirects", "Must be a whole number from 0 to 20."),
        ("http", {"max_redirects": True}, "max_redirects", "Must be a whole number from 0 to 20."),
        ("http", {"verify_tls": "no"}, "verify_tls", "Must be true or false."),
        (
            "http",
            {"degraded_ms": 0},
            "degraded_ms",
            "Must be a whole number of milliseconds from 1 to 600000, or null for no limit.",
        ),
        (
            "http",
            {"headers": {"X-Token": "a\r\nHost: b"}},
            "headers.X-Token",
            "A header's value must not contain line breaks or control characters.",
        ),
        (
            "http",
            {"headers": {"X-Token": {"value": "a\nb", "secret": True}}},
            "headers.X-Token",
            "A header's value must not contain line breaks or control characters.",
        ),
        (
            "http",
            {"headers": {"X Y": "a"}},
            "headers.X Y",
            "A header's name has letters, digits and hyphens only, at most 100.",
        ),
        (
            "http",
            {"headers": {"Content-Length": "3"}},
            "headers.Content-Length",
            "This header is set by the connection itself; leave it out.",
        ),
        (
            "http",
            {"expected_status": "200-299,banana"},
            "expected_status",
            "'banana' is not a status; write it like 200-299, 301 or 4xx.",
        ),
        (
            "http",
            {"expected_status": "299-200"},
            "expected_status",
            "In 299-200 the end comes before the start.",
        ),
        (
            "http",
            {"json_path": "$.a[", "json_equals": 1},
            "json_path",
            "This is not a valid JSON path: a selector such as 'name', 0, * or ?@.up was expected at "
            "character 5. Write it like $.data.status.",
        ),
        (
            "http",
            {"json_equals": 1},
            "json_path",
            "Set the path whose value json_equals is compared with, such as $.status.",
        ),
        (
            "http",
            {"body": "\x01" * 65_536},
            "body",
            "All fields together must have at most 180000 bytes as JSON, not 393276; most of them are here.",
        ),
        ("http", {"keyword": "\ud800"}, "config", "Must be text that can be encoded, and not nested deep."),
        (
            "http",
            {"json_path": "$..a..b..c"},
            "json_path",
            "A JSON path may descend (..) at most 2 times.",
        ),
        (
            "http",
            {"keyword_absent": True},
            "keyword",
            "Set the keyword that must be absent, or turn keyword_absent off.",
        ),
        (
            "http",
            {"auth": {"type": "bearer", "token": "t"}, "headers": {"authorization": "x"}},
            "auth",
            "Set either auth or an Authorization header, not both.",
        ),
        (
            "http",
            {"method": "HEAD", "keyword": "x"},
            "method",
            "HEAD brings no body to look into; use GET with a keyword or a JSON path.",
        ),
        (
            "tcp",
            {"timeout": 3},
            "timeout",
            "There is no field 'timeout'. Known: send, expect, degraded_ms, ip_family.",
        ),
        (
            "dns",
            {"record_type": "ANY"},
            "record_type",
            "Must be one of A, AAAA, CAA, CNAME, MX, NS, PTR, SOA, SRV, TXT.",
        ),
        (
            "dns",
            {"resolver": "::1:53:x"},
            "resolver",
            "The port must be a number from 1 to 65535, got ':1:53:x'.",
        ),
        (
            "tls",
            {"tls_expiry_days": 366},
            "tls_expiry_days",
            "Must be a whole number of days from 0 (no warning) to 365, "
            "or a list of at most 10 such as [30, 14, 7, 1].",
        ),
        ("ping", {"count": 0}, "count", "Must be a whole number from 1 to 20."),
        ("ping", {"max_loss_ratio": 1}, "max_loss_ratio", "Must be a number from 0 to below 1, such as 0.5."),
        (
            "heartbeat",
            {"cron": "* * *"},
            "cron",
            "A cron expression has five fields: minute hour day month weekday, such as */5 * * * *.",
        ),
        (
            "heartbeat",
            {"cron": "0 0 30 2 *"},
            "cron",
            "This is not a valid cron expression: Bad day-of-month.",
        ),
        (
            "heartbeat",
            {"cron": "* * * * *", "period_s": 60},
            "period_s",
            "Set either period_s or cron, not both.",
        ),
        (
            "heartbeat",
            {"timezone": "Mars/Olympus"},
            "timezone",
            "There is no time zone 'Mars/Olympus'; use an IANA name such as Europe/Berlin.",
        ),
    ],
)
def test_a_mistake_is_explained_at_its_field(kind, config, field, sentence):
    assert errors_of(kind, **config) == {field: sentence}


def test_all_mistakes_are_told_at_once():
    assert set(errors_of("http", max_redirects=-1, verify_tls=1, expected_status="9", keywrd="x")) == {
        "max_redirects",
        "verify_tls",
        "expected_status",
        "keywrd",
    }


def test_an_unknown_kind_is_told():
    with pytest.raises(ConfigError) as mistake:
        check_config("gopher", {})
    assert set(mistake.value.errors) == {"kind"}


def test_what_people_type_is_read_as_they_mean_it():
    complete = check_config(
        "http", {"method": "post", "json_path": "a.b", "expected_status": 204, "ip_family": 6}
    )
    assert complete == HTTP_DEFAULTS | {
        "method": "POST",
        "json_path": "$.a.b",
        "expected_status": "204",
        "ip_family": "6",
    }


def test_a_secret_header_and_auth_keep_their_shape():
    given_config = {
        "headers": {"X-Key": {"value": "k", "secret": True}, "Accept": "*/*"},
        "auth": {"type": "basic", "username": "u", "password": "p"},
    }
    assert check_config("http", given_config) == HTTP_DEFAULTS | given_config


def test_a_heartbeat_without_a_rule_is_daily_and_with_cron_has_no_period():
    assert check_config("heartbeat", {})["period_s"] == 86_400
    assert check_config("heartbeat", {"cron": "*/5 * * * *"})["period_s"] is None


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(sorted(KINDS)),
    st.dictionaries(
        st.sampled_from(
            [*HTTP_DEFAULTS, "cron", "period_s", "timezone", "resolver", "expected", "server_name"]
        ),
        st.none() | st.booleans() | st.integers() | st.text(max_size=8) | st.lists(st.text(max_size=3)),
        max_size=4,
    ),
)
def test_whatever_comes_is_either_completed_or_explained(kind, config):
    try:
        complete = check_config(kind, config)
    except ConfigError as mistake:
        sentences = list(mistake.errors.values())
    else:
        sentences = []
        assert check_config(kind, complete) == complete
    assert all(sentence.endswith((".", "?")) for sentence in sentences)


@pytest.mark.parametrize(
    ("kind", "target", "normal"),
    [
        ("http", " HTTPS://Example.COM ", "https://example.com/"),
        ("http", "http://example.com:80/a?b=c#d", "http://example.com/a?b=c"),
        ("http", "https://example.com:8443/ä", "https://example.com:8443/%C3%A4"),
        ("http", "https://bücher.example/", "https://xn--bcher-kva.example/"),
        ("http", "http://[::1]:8000", "http://[::1]:8000/"),
        ("http", "http://localhost./", "http://localhost/"),
        ("tcp", "Example.com:5432", "example.com:5432"),
        ("tcp", "[2001:DB8::1]:25", "[2001:db8::1]:25"),
        ("tls", "example.com", "example.com:443"),
        ("tls", "::1", "[::1]:443"),
        ("dns", "_dmarc.Example.com.", "_dmarc.example.com"),
        ("dns", "192.0.2.1", "192.0.2.1"),
        ("ping", "[::1]", "::1"),
        ("heartbeat", "", ""),
    ],
)
def test_a_target_is_brought_into_one_spelling(kind, target, normal):
    assert check_target(kind, target) == normal
    assert check_target(kind, normal) == normal


@pytest.mark.parametrize(
    ("kind", "target", "sentence"),
    [
        ("http", "ftp://example.com/", "The URL must start with http:// or https://."),
        ("http", "example.com", "The URL must start with http:// or https://."),
        ("http", "http://", "The URL has no host; write it like https://example.com/path."),
        (
            "http",
            "https://user:pw@example.com/",
            "Leave user name and password out of the URL and set config.auth instead.",
        ),
        (
            "http",
            "http://a b/",
            "A URL has no spaces, control characters or backslashes; encode them, such as %20.",
        ),
        (
            "http",
            "http://a/\r\nX: y",
            "A URL has no spaces, control characters or backslashes; encode them, such as %20.",
        ),
        ("http", "http://a:99999/", "This is not a valid URL; write it like https://example.com/path."),
        ("http", "http://" + "a" * 3_000, "A URL has at most 2048 characters, this one 3007."),
        ("http", "http://-a.example/", "'-a.example' is not a host name; write it like example.com."),
        ("tcp", "example.com", "Add the port, such as example.com:443."),
        ("tcp", "example.com:0", "The port must be a number from 1 to 65535, got '0'."),
        ("tls", "https://example.com", "Enter a host without http:// or a path."),
        ("ping", "", "Enter a host, such as example.com."),
        ("heartbeat", "x", "A heartbeat watches no address; leave this empty."),
    ],
)
def test_a_bad_target_is_explained(kind, target, sentence):
    with pytest.raises(ConfigError) as mistake:
        check_target(kind, target)
    assert mistake.value.errors == {"url": sentence}
