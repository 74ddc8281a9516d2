"""What may be stored, judged value by value."""

import json
import time

import pytest
from django.http import QueryDict

from core.values import MAX_FAULTS, find_form_faults, find_json_faults

SURROGATE = "Must not hold U+D800, half of a pair of surrogates; UTF-8 has no spelling for it."
NUL = "Must not hold the character U+0000 (NUL)."
DEEP = "Nests deeper than 50 levels; flatten it."


def nest(levels, inner=1):
    for _ in range(levels):
        inner = {"a": inner}
    return inner


@pytest.mark.parametrize(
    ("data", "faults"),
    [
        ({"name": "é😀\ufffe\x01"}, {}),
        ([{"a": [1, 1.5, None, True, "x"]}], {}),
        ("text", {}),
        ({"name": "\ud800"}, {"name": [SURROGATE]}),
        ({"name": "a\0"}, {"name": [NUL]}),
        ({"config": {"headers": {"X-Token": "\ud800"}}}, {"config.headers.X-Token": [SURROGATE]}),
        ({"steps": [{}, {"channels": ["\0"]}]}, {"steps.1.channels.0": [NUL]}),
        ({"config": {"a\ud800": 1}}, {"config.a\\ud800": [f"The name: {SURROGATE}"]}),
        ({"a\0b": 1}, {"a\\x00b": [f"The name: {NUL}"]}),
        ([{"name": "\ud800"}], {"0.name": [SURROGATE]}),
        ("\ud800", {"non_field_errors": [SURROGATE]}),
        ({"a": float("inf")}, {"a": ["Must be a finite number."]}),
        ({"a": float("nan")}, {"a": ["Must be a finite number."]}),
        ({"a": 10**308}, {"a": ["Must be smaller than 1e308; send such a number as text."]}),
        ({"a": 10**300}, {}),
        (nest(50), {}),
        (nest(51), {".".join("a" * 10): [DEEP]}),
        ({"config": nest(900)}, {"config." + ".".join("a" * 9): [DEEP]}),
        ({"a": "\0", "b": "\0"}, {"a": [NUL], "b": [NUL]}),
    ],
)
def test_what_nothing_can_hold_is_found_by_its_field(data, faults):
    assert find_json_faults(data) == faults


def test_faults_are_told_up_to_a_number():
    assert len(find_json_faults({f"field{n}": "\0" for n in range(1000)})) == MAX_FAULTS


def test_a_name_that_is_told_is_short_and_can_be_encoded():
    (name,) = find_json_faults({"\ud800" * 10_000: 1})
    assert len(name.encode()) <= 200


def test_judging_a_large_body_takes_no_longer_than_a_few_times_its_parsing():
    text = json.dumps([[1] * 50] * 10_000)
    started = time.process_time()
    data = json.loads(text)
    parsed = time.process_time()
    assert find_json_faults(data) == {}
    assert time.process_time() - parsed < 60 * (parsed - started)


def test_of_a_form_or_a_query_the_names_are_told():
    assert find_form_faults(QueryDict("a=1&b=%00&b=2&%00=3")) == {"b": [NUL], "\\x00": [NUL]}
    assert find_form_faults(QueryDict("a=%ff&b=%ED%A0%80&c=%F0%9F%98%80")) == {}
