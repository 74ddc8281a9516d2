import pytest

from probes.assertions import contains_keyword, is_expected_status, judge_json, parse_statuses, read_charset

BODY = (
    b'{"status": "ok", "count": 3, "ratio": 1.5, "up": true, "none": null, "items": [{"id": 1}, {"id": 2}]}'
)


def test_statuses_are_ranges_single_values_and_families():
    assert parse_statuses("200-299, 301,4XX") == ((200, 299), (301, 301), (400, 499))


@pytest.mark.parametrize(
    ("status", "expected", "fits"),
    [(200, "200-299", True), (299, "200-299", True), (300, "200-299", False), (404, "2xx,404", True)],
)
def test_a_status_fits_when_it_lies_in_a_range(status, expected, fits):
    assert is_expected_status(status, expected) is fits


@pytest.mark.parametrize(
    ("path", "expected", "wrong"),
    [
        ("$.status", "ok", ""),
        ("$.count", 3, ""),
        ("$.count", "3", ""),  # a form's text field knows no numbers
        ("$.count", 3.0, ""),
        ("$.up", "true", ""),
        ("$.up", True, ""),
        ("$.up", 1, "Expected 1 at $.up, got true."),
        ("$.items[*].id", 2, ""),  # any of the values found
        ("$.items", [{"id": 1}, {"id": 2}], ""),
        ("$.none", None, ""),  # there is something, though it is null
        ("$.items[?@.id == 2].id", 2, ""),
        ("$.status", "down", 'Expected "down" at $.status, got "ok".'),
        ("$.missing", None, "Expected a value at $.missing, but there is none."),
        ("$.missing", "x", "Expected a value at $.missing, but there is none."),
    ],
)
def test_a_json_value_is_compared_as_a_person_expects(path, expected, wrong):
    assert judge_json(BODY, path, expected) == wrong


@pytest.mark.parametrize("body", [b"", b"<html>", b'{"a":', b"\xff", b"[" * 100_000])
def test_a_body_that_is_not_json_is_told_so(body):
    assert judge_json(body, "$.a", None) == "Expected a JSON document, but the body is not JSON."


def test_a_long_value_is_shortened_in_the_sentence():
    assert len(judge_json(b'{"a": "' + b"x" * 10_000 + b'"}', "$.a", "y")) < 150


@pytest.mark.parametrize(
    ("content_type", "charset"),
    [
        (None, "utf-8"),
        ("text/html", "utf-8"),
        ("text/html; charset=ISO-8859-1", "iso-8859-1"),
        ('text/html; Charset="utf-16"', "utf-16"),
    ],
)
def test_the_charset_is_the_headers_or_utf_8(content_type, charset):
    assert read_charset(content_type) == charset


@pytest.mark.parametrize("charset", ["utf-8", "no-such-charset", "ascii"])
def test_a_keyword_is_found_even_under_a_nonsensical_charset(charset):
    assert contains_keyword("Grüße".encode(), "Grüße", charset=charset)


def test_a_keyword_is_looked_for_in_the_bodys_own_charset():
    assert contains_keyword("Grüße".encode("latin-1"), "Grüße", charset="iso-8859-1")
