"""Which source a file is of, what becomes of rows that are the same, and files that are broken on purpose."""

import json
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitors.importing import SOURCES, Unreadable, decode_text, read_monitors
from sentrypulse.api.monitors.imports import read_import

FILES = Path(__file__).parent / "files"
ODD: list[Any] = [
    None,
    True,
    False,
    0,
    -1,
    1e300,
    10**40,
    "",
    " ",
    "x" * 3_000,
    "://",
    "http://[",
    "http://u:hunter2@[::1/",
    "a:b:c",
    "\u202e",
    "€" * 60,
    [],
    {},
    [None],
    [[]],
    [{}],
    {"a": None},
    {"": ""},
    "{",
    "[1]",
    "-5",
    "99999999999",
]


def refusal(text, source=""):
    with pytest.raises(Unreadable) as why:
        read_monitors(text, source)
    return str(why.value)


def test_a_file_of_another_source_is_told_in_one_sentence():
    ours = '{"monitors": [{"name": "A", "kind": "http", "url": "http://a.example"}]}'
    assert refusal(ours, "uptime_kuma") == (
        "This is not an Uptime Kuma backup: it has no monitorList. It looks like SentryPulse's own JSON."
    )
    assert refusal('{"a": 1}', "json").startswith("This is not SentryPulse's own JSON: it has no")
    assert refusal("endpoints: [}", "gatus") == "This is no YAML: line 1, column 13 cannot be read."
    assert refusal("x", "nagios").startswith("There is no source 'nagios'; choose one of uptime_kuma, ")
    told = refusal("just words")
    assert all(f"({name})" in told for name in SOURCES)


NO_FILES = ["null", "[]", "{}", "1", '"x"', "[[]]", "[null]", '{"monitors": 1}', '{"monitors": [1]}']
NO_FILES += [
    '{"data": [1]}',
    '{"monitorList": 5}',
    '{"checks": {}}',
    "endpoints: 5",
    "endpoints:",
    "a",
    "name",
]
NO_FILES += ["name\n", "<xml/>", "\\", "%"]


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("text", NO_FILES)
def test_what_is_no_such_file_is_refused_or_empty(source, text):
    rows = []
    with suppress(Unreadable):
        rows = read_monitors(text, source).rows
    assert rows == []


def test_a_row_comes_after_what_it_depends_on_and_a_circle_stays():
    rows = [
        {"name": "a", "kind": "ping", "url": "a.example", "depends_on": ["b"]},
        {"name": "b", "kind": "ping", "url": "b.example", "depends_on": ["c", "nobody"]},
        {"name": "c", "kind": "ping", "url": "c.example"},
        {"name": "d", "kind": "ping", "url": "d.example", "depends_on": ["e"]},
        {"name": "e", "kind": "ping", "url": "e.example", "depends_on": ["d", "e", 5]},
    ]
    assert [row["name"] for row in read_monitors(json.dumps(rows)).rows] == ["c", "b", "a", "e", "d"]


def test_rows_of_one_name_are_told_apart_and_equal_ones_left_out():
    endpoint = '- {name: a, url: "https://a.example", conditions: ["[STATUS] == 200"]}\n'
    text = "endpoints:\n" + endpoint * 2 + endpoint.replace("200", "204") + endpoint.replace("a.ex", "b.ex")
    reading = read_monitors(text)
    assert [(row["name"], row.get("key"), row["url"]) for row in reading.rows] == [
        ("a", None, "https://a.example"),
        ("a", "a #3", "https://a.example"),
        ("a", "a #4", "https://b.example"),
    ]
    assert reading.left_out == [
        [], ["The file has another monitor of this name and target, with other settings."], [],
    ]  # fmt: skip
    assert [one.reason for one in reading.skipped] == ["The file has exactly the same monitor before."]


def test_of_an_endpoint_only_so_many_conditions_are_read():
    condition = '"[STATUS] == pat(*2*0*0*)"'
    text = f'endpoints:\n- {{name: a, url: "http://a.example", conditions: [{",".join([condition] * 30)}]}}\n'
    assert read_monitors(text).left_out == [["Conditions after the first 20 are left out."]]


def test_a_bomb_is_told_as_one_where_no_source_is_named():
    bomb = "services: &a0 [x]\n" + "".join(
        f"a{n}: &a{n} [{','.join([f'*a{n - 1}'] * 50)}]\n" for n in range(1, 9)
    )
    assert refusal(bomb) == "The file stands for more than 200,000 values, aliases written out."
    assert refusal("services: [" + "a," * 200_001 + "]").startswith("The file stands for more than 200,000")


def test_a_secret_in_a_wrong_place_is_not_told():
    address = "http://u:hunter2@[::1/"
    monitors = [
        {"friendly_name": "A", "url": address, "type": 1},
        {"friendly_name": "B", "url": "b.example", "type": address},
    ]
    reading = read_monitors(json.dumps({"monitors": monitors}))
    assert [row["url"] for row in reading.rows] == ["http://[::1/"]
    assert [one.reason for one in reading.skipped] == ["SentryPulse has no kind for the type ?."]


def test_more_entries_than_any_file_has_are_refused():
    assert refusal("name\n" + "a\n" * 5_001) == "The file has more than 5,000 entries; split it."


DOCUMENTS = [
    json.loads((FILES / name).read_text())
    for name in (
        "uptime_kuma.json",
        "uptimerobot.json",
        "uptimerobot_3.json",
        "healthchecks.json",
        "better_stack.json",
    )
]


def list_places(data, path=()):
    """Where there are values."""
    inner = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    for name, value in inner:
        yield (*path, name)
        yield from list_places(value, (*path, name))


def replace(data, path, value):
    if not path:
        return value
    is_there = path[0] in (
        data if isinstance(data, dict) else range(len(data)) if isinstance(data, list) else ()
    )
    if not is_there:
        return data
    copy = data.copy()
    copy[path[0]] = replace(copy[path[0]], path[1:], value)
    return copy


def read_broken(text):
    """A broken file is refused in one sentence, or read; what it was read as can be judged."""
    try:
        reading = read_monitors(text)
    except Unreadable:
        return
    told = json.dumps([reading.left_out, [[one.kind, one.reason] for one in reading.skipped]])
    assert "hunter2" not in told
    _, mistakes = read_import(reading.rows, {}, chosen=range(len(reading.rows)))
    assert "hunter2" not in str(mistakes)


@pytest.mark.parametrize("number", range(len(DOCUMENTS)))
@given(
    changes=st.lists(st.tuples(st.integers(0, 2_000), st.integers(0, len(ODD) - 1)), min_size=1, max_size=5)
)
def test_odd_values_anywhere_break_no_parser(number, changes):
    document = DOCUMENTS[number]
    places = list(list_places(document))
    for place, odd in changes:
        document = replace(document, places[place % len(places)], ODD[odd])
    read_broken(json.dumps(document))


@pytest.mark.parametrize("name", ["gatus.yaml", "csv.csv", "uptimerobot.csv"])
@given(data=st.data())
def test_odd_text_anywhere_breaks_no_parser(name, data):
    text = decode_text((FILES / name).read_bytes())
    odd = st.one_of(
        st.sampled_from(['"', "'", ",", ";", "\n", "\t", "[", "{", "&a ", "*a ", ": ", "- ", "<<: "]),
        st.text(max_size=5),
    )
    for _ in range(3):
        at = data.draw(st.integers(0, len(text)))
        text = text[:at] + data.draw(odd) + text[at + data.draw(st.integers(0, 20)) :]
    read_broken(text)
