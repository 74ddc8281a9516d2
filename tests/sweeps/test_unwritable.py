"""Text that nothing can hold is refused wherever it enters, by name, and nothing is stored."""

import json

import pytest
from django.apps import apps
from django.test import Client
from rest_framework.test import APIClient

from statuspages.models import StatusPage, Subscriber, Visibility
from tests.walks.operations import find_body, list_operations, make_bodies, resolve
from tests.walks.test_strangers import world  # noqa: F401  # a fixture

pytestmark = pytest.mark.django_db

UNWRITABLE = ("\ud800", "a\0b")


def snapshot():
    """Every row of ours."""
    rows = {}
    for model in apps.get_models(include_auto_created=True):
        if model._meta.managed:
            rows[model._meta.label] = sorted(map(repr, model.objects.values_list()))
    return rows


def place(schema, text):
    """Values for a field of this schema, each with ``text`` somewhere within."""
    schema = resolve(schema)
    if schema.get("type") == "array":
        yield [text]
        yield from ([value] for value in place(schema["items"], text))
    elif schema.get("type") == "object":
        for name, inner in schema.get("properties", {}).items():
            yield from ({name: value} for value in place(inner, text))
        if "additionalProperties" in schema:
            yield {"keyword": text}
            yield {text: "value"}
            yield {"headers": {"X-Token": text}, "auth": {"type": "basic"}}
            yield {"headers": {text: {"value": "v", "secret": True}}}
            yield {"headers": {"X-Token": {"value": text, "secret": True}}}
            yield {"json_equals": [{"deep": [{text: 1}]}]}
    else:
        yield text


def named(answer, field):
    return [name for name in answer.json() if name == field or name.startswith(f"{field}.")]


@pytest.fixture
def client(world):  # noqa: F811
    client = APIClient()
    client.force_authenticate(world["owner"])
    return client


def test_every_field_of_every_operation_refuses_text_that_cannot_be_encoded(client, world):  # noqa: F811
    before, tried = snapshot(), 0
    for operation in list_operations():
        for field, schema in operation.fields.items():
            for value in (value for text in UNWRITABLE for value in place(schema, text)):
                body = json.dumps({field: value})
                address = operation.address(world["ids"])
                answer = client.generic(operation.method.upper(), address, body, "application/json")
                tried += 1
                assert answer.status_code == 400, (operation.name, value, answer.content)
                assert named(answer, field), (operation.name, value, answer.content)
                answer.content.decode()
    assert tried > 500
    assert snapshot() == before


def test_a_body_that_is_right_otherwise_is_refused_too(client, world):  # noqa: F811
    bodies, before = make_bodies(world["ids"]), snapshot()
    for operation in list_operations():
        if operation.fields:
            body = json.dumps(find_body(bodies, operation) | {"a field\ud800": 1})
            answer = client.generic(
                operation.method.upper(), operation.address(world["ids"]), body, "application/json"
            )
            assert answer.status_code == 400, operation.name
            assert list(answer.json()) == ["a field\\ud800"]
    assert snapshot() == before


def test_every_query_is_refused_by_the_parameters_name(client, world):  # noqa: F811
    for operation in list_operations():
        if operation.method == "get":
            for name in {*operation.queries, "ordering", "anything"}:
                answer = client.get(f"{operation.address(world['ids'])}?{name}=a%00b")
                assert answer.status_code == 400, (operation.name, name)
                assert answer.json() == {name: ["Must not hold the character U+0000 (NUL)."]}
    assert client.get("/api/v1/tags/?%00=1").json() == {
        "\\x00": ["Must not hold the character U+0000 (NUL)."]
    }


@pytest.mark.parametrize(
    "path", ["/api/v1/tags/%00/", "/status/%00/", "/acknowledge/%00/", "/static/%00", "/%00"]
)
def test_no_address_holds_nul(client, path):
    answer = client.get(path)
    assert (answer.status_code, answer.json()) == (404, {"detail": "There is no such address."})


@pytest.mark.parametrize(
    ("body", "names"),
    [
        ('{"email": "a@\\ud800.example"}', "email"),
        ('{"webhook": "https://example.com/\\u0000"}', "webhook"),
        ('{"email": "a@example.com", "components": ["\\ud800"]}', "components"),
        ('{"\\ud800": 1}', "\\ud800"),
        ('{"a":' * 60 + "1" + "}" * 60, "Nests deeper than 50"),
        ("[" * 100_000, "deeper than 50"),
    ],
)
def test_a_subscription_in_json_is_refused(world, body, names):  # noqa: F811
    StatusPage.objects.update(visibility=Visibility.PUBLIC)
    before = Subscriber.objects.count()
    answer = Client().post("/status/acme/subscribe", body[:20_000], content_type="application/json")
    assert answer.status_code == 400
    assert names in answer.json()["detail"]
    assert Subscriber.objects.count() == before
