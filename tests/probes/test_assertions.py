import pytest

from probes.assertions import (
    CannotJudge,
    is_expected_status,
    is_quick,
    judge_json,
    parse_statuses,
)

BODY = (
    b'{"status": "ok", "count": 3, "ratio": 1.5, "up": true, "none": null, "items": [{"id": 1}, {"id": 2}]}'
)


def test_statuses_are_ranges_single_values_and_families():
    assert parse_statuses("200-299, 301,4XX") == ((200, 299), (301, 301), (400, 499))


def test_a_status_beyond_the_standards_families_may_be_expected():
    assert parse_statuses("999, 600-699, 9xx") == ((999, 999), (600, 699), (900, 999))
    assert is_expected_status(999, "200,999")


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


@pytest.mark.parametrize("body", [b"", b"<html>", b'{"a":', b"\xff", b"[1e999, nan]"])
def test_a_body_that_is_not_json_is_told_so(body):
    assert judge_json(body, "$.a", None) == "Expected a JSON document, but the body is not JSON."


def test_a_document_that_is_nested_too_deep_is_told_so():
    """A result, and no RecursionError."""
    said = "Expected a JSON document, but this one is nested too deep to be read."
    assert judge_json(b"[" * 100_000, "$.a", None) == said
    assert judge_json(b'{"a":' * 5_000 + b"1" + b"}" * 5_000, "$..b", None) == said
    assert judge_json(b"[" * 900 + b"]" * 900, "$..a", 1) == "Expected a value at $..a, but there is none."


@pytest.mark.parametrize(
    ("body", "expected", "wrong"),
    [
        (b'{"a": 1, "b": 1e999}', 1, ""),
        (b'{"a": 1, "b": -' + b"9" * 100_000 + b"}", 1, ""),
        (b'{"a": 1e999}', 1, "Expected 1 at $.a, got a number too large to show."),
        (b'{"a": ' + b"9" * 5_000 + b"}", "9", 'Expected "9" at $.a, got a number too large to show.'),
        (b'{"a": "\\ud800"}', "x", "Expected \"x\" at $.a, got '\\ud800'."),
        (b'{"a": {"b": "\\ud800"}}', "x", 'Expected "x" at $.a, got something that cannot be shown.'),
    ],
)
def test_numbers_of_any_size_and_half_characters_are_json(body, expected, wrong):
    assert judge_json(body, "$.a", expected) == wrong


@pytest.mark.parametrize(
    ("body", "expected", "wrong"),
    [
        (b'{"a": 1, "b": NaN, "c": [Infinity, -Infinity]}', 1, ""),  # as Python writes them
        (b'{"a": 1, "b": "one\n\ttwo\x00"}', 1, ""),
        (b'{"a": NaN}', "NaN", ""),
        (b'{"a": NaN}', 1, 'Expected 1 at $.a, got "NaN".'),
        (b'{"a": "one\ntwo"}', "one\ntwo", ""),
    ],
)
def test_what_is_no_json_decides_only_where_the_path_leads_to_it(body, expected, wrong):
    assert judge_json(body, "$.a", expected) == wrong


def test_a_path_that_takes_too_many_steps_is_not_the_targets_fault():
    path = "$" + "[*,*,*,*,*,*]" * 11  # 150 characters
    with pytest.raises(CannotJudge, match="takes more than 200,000 steps in this document"):
        judge_json(b"[[[[[[[[[[[1]]]]]]]]]]]", path, "x")


def test_a_stored_path_that_is_none_is_not_the_targets_fault():
    with pytest.raises(CannotJudge, match="cannot be used"):
        judge_json(BODY, "$[?match(@.a, 'a*')]", None)


@pytest.mark.parametrize(
    ("path", "size", "quick"),
    [("$.a.b[0]['c']", 100, True), ("$.a", 20_000, False), ("$..a", 9, False), ("$[0,1]", 9, False)],
)
def test_only_what_names_one_value_of_a_small_document_is_quick(path, size, quick):
    assert is_quick(path, b"x" * size) is quick


def test_a_long_value_is_shortened_in_the_sentence():
    assert len(judge_json(b'{"a": "' + b"x" * 10_000 + b'"}', "$.a", "y")) < 150


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b'\xef\xbb\xbf{"a": "\xc3\xbc"}', ""),
        ('{"a": "ü"}'.encode("utf-16"), "application/json"),
        ('{"a": "ü"}'.encode("utf-16-be"), ""),
        ('{"a": "ü"}'.encode("utf-32"), ""),
        ('{"a": "ü"}'.encode("utf-32-le"), ""),
        (b'{"a": "\xfc"}', "application/json; charset=ISO-8859-1"),
        ('{"a": "ü"}'.encode("gb18030"), "application/json;charset=GBK"),
        (b'{"a": "\xc3\xbc", "b": "\xfc"}', "application/json"),  # nobody asks for b
        (b'{"a": "\xc3\xbc", "b": "\xfc\xe9"}', "application/json; charset=undefined"),
    ],
)
def test_json_is_read_in_the_encoding_that_it_is_in(body, content_type):
    assert judge_json(body, "$.a", "ü", content_type) == ""
    assert judge_json(body, "$.a", "u", content_type) == 'Expected "u" at $.a, got "ü".'


def test_json_in_a_stateful_encoding_is_read():
    body = '{"a": "正常"}'.encode("iso2022_jp")
    assert judge_json(body, "$.a", "正常", "application/json; charset=iso-2022-jp") == ""
