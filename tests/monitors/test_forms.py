"""The forms of monitors: an app draws them from what the API says, and what they send is taken."""

import msgspec
import pytest

from probes.forms import describe_config
from probes.registry import KINDS, load_kind

URL = "/api/v1/monitors/"


@pytest.fixture
def forms(api):
    return {form["kind"]: form for form in api.get(f"{URL}kinds").json()}


def by_name(fields):
    return {field["name"]: field for field in fields}


def fill(fields):
    """What a form sends that nobody changed but where he must."""
    return {field["name"]: field["example"] if field["required"] else field["default"] for field in fields}


def test_every_kind_has_a_form_in_the_order_to_show(forms):
    assert list(forms) == list(KINDS)


@pytest.mark.parametrize("kind", KINDS)
def test_what_a_form_sends_unchanged_is_taken_and_makes_what_it_shows(api, forms, kind):
    form = forms[kind]
    body = {**fill(form["settings"]), "kind": kind, "config": fill(form["fields"])}
    made = api.post(URL, body)
    if kind == "ping" and made.status_code == 400:
        assert [*made.json()] == ["kind"]  # this machine sends no pings
        return
    assert made.status_code == 201, made.content
    stored = made.json()
    shown = {name: stored[name] for name in ("interval_s", "timeout_s", "fail_after") if name in body}
    assert shown == {name: body[name] for name in shown}


@pytest.mark.parametrize("kind", KINDS)
def test_every_field_of_a_kind_is_in_its_form_with_a_label_and_a_sentence(kind):
    fields = describe_config(load_kind(kind))
    assert [field.name for field in fields] == [
        f.name for f in msgspec.structs.fields(load_kind(kind).config)
    ]
    for field in fields:
        assert field.label[:1].isupper(), field.name
        assert field.must_be, field.name
        assert not field.help or field.help.endswith("."), field.name


@pytest.mark.parametrize("kind", KINDS)
def test_bounds_of_a_form_are_the_bounds_of_the_api(api, forms, kind):
    form = forms[kind]
    body = {**fill(form["settings"]), "kind": kind, "config": fill(form["fields"])}
    tried = 0
    for field in form["settings"]:
        for edge, step in (("min", -1), ("max", 1)):
            if field[edge] is not None:
                answer = api.post(URL, body | {field["name"]: int(field[edge] + step)})
                assert (answer.status_code, field["name"] in answer.json()) == (400, True), (field, edge)
                tried += 1
    for field in form["fields"]:
        if field["type"] == "number" and field["unit"] != "":
            config = body["config"] | {field["name"]: int(field["max"] + 1)}
            answer = api.post(URL, body | {"config": config})
            assert [*answer.json()] == [f"config.{field['name']}"]
    assert tried >= 4


def test_a_field_that_needs_another_names_one_that_there_is(forms):
    for form in forms.values():
        names = by_name(form["fields"])
        for field in form["fields"]:
            if field["when"]:
                other = names[field["when"]["field"]]
                values = field["when"]["values"]
                allowed = [choice["value"] for choice in other["choices"] or ()]
                assert values is None or set(values) <= {*allowed, True, False}


def test_shapes_are_those_of_the_types(forms):
    http = by_name(forms["http"]["fields"])
    assert [choice["value"] for choice in http["method"]["choices"]][:3] == ["GET", "HEAD", "POST"]
    assert (http["follow_redirects"]["type"], http["headers"]["type"]) == ("switch", "headers")
    assert (http["max_redirects"]["min"], http["max_redirects"]["max"]) == (0, 20)
    assert (http["tls_expiry_days"]["type"], http["tls_expiry_days"]["items"]) == ("list", "number")
    basic, bearer = http["auth"]["variants"]
    assert (basic["value"], [f["name"] for f in basic["fields"]]) == ("basic", ["username", "password"])
    assert [(f["type"], f["secret"]) for f in bearer["fields"]] == [("secret", True)]
    assert by_name(forms["heartbeat"]["settings"]).keys() & {"url", "interval_s", "regions"} == set()
    assert by_name(forms["domain"]["settings"])["interval_s"]["min"] == 3_600
    assert [kind for kind, form in forms.items() if not form["testable"]] == ["heartbeat"]


def test_the_forms_are_kept_until_they_change(api):
    first = api.get(f"{URL}kinds")
    assert api.get(f"{URL}kinds", headers={"If-None-Match": first["ETag"]}).status_code == 304
