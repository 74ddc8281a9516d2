"""What the OpenAPI document says, so that a client made of it has exact types."""

import socket

import msgspec
import pytest
from django.core.management import call_command
from jsonschema import Draft202012Validator

from delivery.registry import KINDS as CHANNEL_KINDS
from delivery.registry import load_kind as load_channel
from probes.registry import KINDS, load_kind
from tests.factories import make_monitor
from tests.walks.operations import list_operations, read_document
from tests.walks.test_strangers import world  # noqa: F401  # a fixture

SHAPES = read_document()["components"]["schemas"]


def validator(name):
    """Of a component; what OpenAPI calls nullable, JSON Schema has as a type."""

    def spell(part):
        if isinstance(part, list):
            return [spell(each) for each in part]
        if not isinstance(part, dict):
            return part.replace("#/components/schemas/", "#/$defs/") if isinstance(part, str) else part
        told = {key: spell(value) for key, value in part.items()}
        if told.get("exclusiveMaximum") is True:
            told["exclusiveMaximum"] = told.pop("maximum")
        return {"anyOf": [told, {"type": "null"}]} if told.pop("nullable", False) is True else told

    return Draft202012Validator({"$defs": spell(SHAPES), "$ref": f"#/$defs/{name}"})


def follow(part, found):
    for name in [str(part["$ref"]).rpartition("/")[2]] if "$ref" in part else []:
        if name not in found:
            found.add(name)
            follow(SHAPES[name], found)
    for inner in part.values():
        for each in inner if isinstance(inner, list) else [inner]:
            if isinstance(each, dict):
                follow(each, found)


def test_an_answer_always_has_all_its_fields():
    asked, answered = set(), set()
    for operation in list_operations():
        follow(operation.document.get("requestBody", {}), asked)
        follow(operation.document["responses"], answered)
    for name in answered - asked - {"Faults", "HealthPart"}:
        shape = SHAPES[name]
        if shape.get("properties"):
            assert sorted(shape["properties"]) == sorted(shape["required"]), name


def test_ids_in_paths_and_filters_are_whole_numbers():
    for operation in list_operations():
        for part in operation.document.get("parameters", ()):
            if part["name"] in {"id", "team_id", "page_id", "team", "monitor", "channel", "incident"}:
                assert part["schema"]["type"] == "integer", (operation.name, part)


def test_every_operation_says_that_the_database_may_be_away():
    for operation in list_operations():
        assert "503" in operation.document["responses"], operation.name


def test_what_answers_304_says_how_to_ask_for_it():
    conditional = [each for each in list_operations() if "304" in each.document["responses"]]
    assert len(conditional) > 20
    for operation in conditional:
        assert any(part["name"] == "If-None-Match" for part in operation.document["parameters"])
        assert "ETag" in operation.document["responses"]["200"]["headers"], operation.name


def test_a_body_is_json_and_nothing_else_but_for_pictures():
    for operation in list_operations():
        if body := operation.document.get("requestBody"):
            kinds = list(body["content"])
            assert kinds == ["application/json"] or operation.path.endswith("/logo"), operation.name


@pytest.mark.parametrize("kind", KINDS)
def test_the_defaults_of_a_kind_of_monitor_are_what_the_document_says(kind):
    config = load_kind(kind).config
    whole = msgspec.to_builtins(config())
    validator(config.__name__).validate(whole)
    validator(f"{config.__name__}Request").validate(whole)


@pytest.mark.parametrize("kind", CHANNEL_KINDS)
def test_an_answer_never_shows_the_secrets_of_a_channel(kind):
    form = load_channel(kind).form
    name = form.__name__.removesuffix("Form") + "ChannelConfig"
    shown, taken = SHAPES[name]["properties"], SHAPES[f"{name}Request"]["properties"]
    assert set(taken) == {field.name for field in msgspec.structs.fields(form)}
    assert not {"password", "token", "secret"} & (set(shown) - {"headers"})
    assert set(shown) <= set(taken)


def test_a_secret_of_a_monitor_is_in_bodies_alone():
    assert "password" not in SHAPES["BasicAuth"]["properties"]
    assert "password" in SHAPES["BasicAuthRequest"]["required"]
    assert "value" not in SHAPES["SecretValue"]["properties"]


@pytest.mark.django_db
def test_answers_have_the_shape_that_the_document_gives_them(world, api_of_owner):  # noqa: F811
    make_monitor(
        world["team"], config={"headers": {"X-Key": {"value": "s", "secret": True}}, "keyword": "ok"}
    )
    for path, name in (
        ("/api/v1/monitors/", "PaginatedMonitorList"),
        ("/api/v1/monitors/export", "Export"),
        ("/api/v1/channels/", "PaginatedChannelList"),
        ("/api/v1/incidents/", "PaginatedIncidentRowList"),
        ("/api/v1/alert-templates/defaults", "Defaults"),
        ("/api/v1/health", "Health"),
    ):
        validator(name).validate(api_of_owner.get(path).json())
    kinds = api_of_owner.get("/api/v1/channels/kinds").json()
    assert len(kinds) == len(CHANNEL_KINDS)
    for each in kinds:
        validator("ChannelKind").validate(each)


@pytest.fixture
def api_of_owner(world, client_of):  # noqa: F811
    return client_of(world["owner"])


@pytest.mark.django_db
def test_every_400_names_its_fields_with_dots(world, api_of_owner):  # noqa: F811
    rule = {"team": world["team"].pk, "name": "x", "steps": [{"channels": [1]}, {"channels": ["x"]}]}
    refused = api_of_owner.post("/api/v1/alert-rules/", rule)
    assert (refused.status_code, list(refused.json())) == (400, ["steps.1.channels.0"])
    validator("Faults").validate(refused.json())


def test_the_document_is_written_without_network_or_database(tmp_path, monkeypatch):
    """pytest-django refuses the database where a test does not ask for it."""

    def refuse(*args, **kwargs):
        raise AssertionError("the network")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    call_command("spectacular", "--file", str(tmp_path / "openapi.yaml"))
    assert (tmp_path / "openapi.yaml").read_text().startswith("openapi: 3.0")
