"""Pure. A library that reads RFC 9535 and counts nothing is asked what is right."""

import json
import sys

import jsonpath
import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from probes.json_path import MAX_STEPS, PathError, PathSteps, TooCostly, find_values, finding, parse_path

LIBRARY = jsonpath.JSONPathEnvironment(strict=True)
DOCUMENT = {
    "a": {"b": [1, 2, {"c": 3, "a": None}], "é": "ü", "x y": [None, "t"]},
    "b": [{"a": 1, "b": "one"}, {"a": 2, "b": "two"}, {"a": 2.0}, {"b": ["x", "y"]}],
    "c": [[[0]], [], {}, "text"],
}


def found(path, document=DOCUMENT, *, most=MAX_STEPS):
    return list(find_values(parse_path(path), document, PathSteps(most)))


def same(one, other):
    """Their JSON: True is not 1."""
    return json.dumps(one) == json.dumps(other)


def without_texts(document):
    """The library cuts slices out of texts, too; RFC 9535 knows those of arrays alone."""
    if isinstance(document, dict):
        return {name: without_texts(value) for name, value in document.items()}
    if isinstance(document, list):
        return [without_texts(value) for value in document]
    return len(document) + 5 if isinstance(document, str) else document


NAMES = st.sampled_from(["a", "b", "c", "é", "x y", "z"])
INTS = st.integers(-3, 3)
SLICES = st.tuples(st.none() | INTS, st.none() | INTS, st.none() | INTS).map(
    lambda parts: ":".join("" if part is None else str(part) for part in parts)
)
QUOTED = NAMES.map(lambda name: f"'{name}'") | NAMES.map(lambda name: f'"{name}"')
SINGULAR = st.lists(st.one_of(QUOTED, INTS.map(str)).map(lambda part: f"[{part}]"), max_size=2).map("".join)
OPERANDS = st.one_of(
    SINGULAR.map(lambda path: f"@{path}"),
    SINGULAR.map(lambda path: f"${path}"),
    st.sampled_from(["1", "2", "1.5", "2e0", "-0", "'one'", '"two"', "null"]),
    SINGULAR.map(lambda path: f"length(@{path})"),
    st.sampled_from(["count(@.*)", "count($..a)", "value(@..b)", "value(@.a)"]),
)
COMPARISONS = st.tuples(OPERANDS, st.sampled_from(["==", "!=", "<", "<=", ">", ">="]), OPERANDS).map(" ".join)
EXISTS = st.one_of(
    SINGULAR.filter(bool).map(lambda path: f"@{path}"), st.sampled_from(["@.*", "@..a", "@[?@.a]", "$.b[0]"])
)
TESTS = st.recursive(
    COMPARISONS | EXISTS,
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["&&", "||"]), inner).map(" ".join),
        inner.map(lambda test: f"({test})"),
        inner.map(lambda test: f"!({test})"),
    ),
    max_leaves=4,
)
SELECTORS = st.one_of(QUOTED, INTS.map(str), SLICES, st.just("*"), TESTS.map(lambda test: f"?{test}"))
SEGMENTS = st.one_of(
    st.lists(SELECTORS, min_size=1, max_size=3).map(lambda parts: f"[{', '.join(parts)}]"),
    st.sampled_from([".a", ".b", ".*", "..a", "..*", "..[0]", " .b", ".é"]),
)
PATHS = st.lists(SEGMENTS, max_size=4).map(lambda parts: "$" + "".join(parts))
DOCUMENTS = st.recursive(
    st.one_of(st.none(), st.integers(2, 4), st.sampled_from(["", "one", "é"]), st.just(1.5)),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=12,
)


@given(path=PATHS, document=st.just(DOCUMENT) | DOCUMENTS)
@example(path="$..[?@.a == 2].b", document=DOCUMENT)
@example(path="$.b[?@.a && !(@.b == 'one')]", document=DOCUMENT)
@example(path="$..*", document=DOCUMENT)
def test_a_path_finds_what_the_library_finds(path, document):
    assume(path.count("..") <= 2 or "(" in path)
    if ":" in path:
        document = without_texts(document)
    try:
        values = found(path, document)
    except PathError as mistake:
        assume("at most" not in str(mistake) and "nested" not in str(mistake))  # bounds of ours
        with pytest.raises(jsonpath.JSONPathError):
            LIBRARY.compile(path)
        return
    assert same(values, LIBRARY.findall(path, document))


@pytest.mark.parametrize(
    "path",
    [
        "$.build-number",
        "$..build-number",
        "$.a-.b--2",
        "$.all[?@.build-number==7]",
    ],
)
def test_names_with_hyphens_need_no_quotes_as_in_monitors_that_were_saved_with_the_library(path):
    document = {
        "build-number": 7,
        "a-": {"b--2": 1},
        "all": [{"build-number": 7, "a": 1}, {"build-number": 8}],
    }
    expected = [match.obj for match in LIBRARY.finditer(path, document)]
    assert expected
    assert found(path, document) == expected


def test_true_is_not_one_however_deep():
    """To Python it is, and to the library."""
    assert found("$[?@ == $.a]", {"a": [1, True], "b": [1, 1], "c": [1.0, True]}) == [[1, True], [1.0, True]]
    assert found("$[?@ == 1]", [1, True, 1.0, "1"]) == [1, 1.0]
    assert found("$[?@ < 1]", [0, False, None, "0"]) == [0]


def test_what_is_there_exists_though_it_is_empty():
    """The library takes {} and [] for nothing."""
    assert found("$[?@]", [{}, [], None, False, 0]) == [{}, [], None, False, 0]


@pytest.mark.parametrize(
    "path",
    [
        *(
            "",
            "a",
            "$.",
            "$..",
            "$...a",
            "$[",
            "$[]",
            "$[a]",
            "$[01]",
            "$[-0]",
            "$[1.0]",
            "$['a'",
            "$.a b",
            "$ ",
        ),
        *("$[?]", "$[?@.a ==]", "$[?1]", "$[?'a']", "$[?@.* == 1]", "$[?count(@.a)]", "$[?length(@.*) == 1]"),
        *("$[?foo(@)]", "$[?!@.a == 1]", "$[?@.a = 1]", "$[?@.a == 1 &&]", "$[?(@.a]", "$[?count(1) == 1]"),
        *(
            "$['\\x']",
            "$['\\ud800']",
            "$['\\u12']",
            "$['\n']",
            "$[9007199254740992]",
            "$.1a",
            "$.-",
            "$[?@.a==01]",
        ),
    ],
)
def test_what_is_no_path_is_refused_by_both(path):
    with pytest.raises(
        PathError, match=r"^This is not a valid JSON path: .* at character \d+\. Write it like"
    ):
        parse_path(path)
    if path not in ("$ ", "$[-0]", "$['\n']", "a", "$[?!@.a == 1]"):  # the library is more lenient
        with pytest.raises(jsonpath.JSONPathError):
            LIBRARY.findall(path, {})


@pytest.mark.parametrize(
    ("path", "why"),
    [
        ("$..a..b..c", "descend"),
        ("$[?match(@.a, 'x')]", "regular expressions"),
        ("$[?search(@.a, 'x')]", "regular expressions"),
        ("$[?" + "(" * 100 + "@.a" + ")" * 100 + "]", "nested more than 10 deep"),
        ("$" + "[?@" * 60 + "]" * 60, "nested more than 10 deep"),
    ],
)
def test_what_could_cost_too_much_is_refused_when_it_is_saved(path, why):
    with pytest.raises(PathError, match=why):
        parse_path(path)


@given(st.text(alphabet="$@.[]*?()'\"\\,:=!<>&|ab01 -un", max_size=40).map(lambda text: "$" + text))
def test_no_text_as_a_path_raises_anything_else(path):
    try:
        parse_path(path)
    except PathError as mistake:
        assert str(mistake).endswith(".")  # noqa: PT017  # it may be a path as well


ONES = [1] * 50_000
KEY = {"k" * 100_000: 1}
HOSTILE = [
    ("$" + "[*,*,*,*,*,*]" * 11, json.loads("[" * 11 + "1" + "]" * 11)),
    ("$" + "[*,*,*,*,*,*,*,*]" * 8, {"a": {"a": {"a": 1, "b": [[[[[[2]]]]]]}}, "b": 2}),
    ("$..[*,*,*,*,*,*,*]..[*,*,*,*,*,*,*,*,*]" + "[0,0,0,0,0,0,0,0]" * 10, json.loads("[" * 30 + "]" * 30)),
    ("$[0,0,0,0,0,0,0,0]..[0,0,0,0,0,0,0]..a", [ONES]),
    ("$[?" + "||".join(["1==2"] * 40) + "]", ONES),
    ("$[?@==$||$==@]", [*ONES, *ONES]),
    ("$[2][?$[0]==$[1]]", [ONES, list(ONES), ONES]),
    ("$[2][?$[0]<$[1]]", ["a" * 100_000, "a" * 99_999 + "b", ONES]),
    ("$[2][?$[0]==$[1]]", [KEY, dict(KEY), ONES]),
    ("$[?count($..*)>0]", ONES),
    ("$[?value($..b)==0]", [[1] * 300] * 300),
    ("$[" + ",".join(["::-1"] * 50) + "]", ONES),
]


@pytest.mark.parametrize(("path", "document"), HOSTILE)
def test_no_path_costs_more_than_its_steps(path, document):
    """Counted in lines that Python runs, which a slow machine does not change."""
    lines = 0

    def count(frame, event, argument):
        nonlocal lines
        lines += frame.f_code.co_filename == finding.__file__ and event == "line"
        return count

    parsed, before = parse_path(path), sys.gettrace()
    sys.settrace(count)
    try:
        with pytest.raises(TooCostly):
            for _ in find_values(parsed, document, PathSteps(20_000)):
                pass
    finally:
        sys.settrace(before)
    assert lines < 20 * 20_000
