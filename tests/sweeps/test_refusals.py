"""Every operation documents what it refuses: all of that, and nothing else."""

import json
from collections import defaultdict

import pytest
from django.test import Client
from drf_spectacular.generators import SchemaGenerator
from jsonschema import Draft202012Validator
from rest_framework.test import APIClient

from accounts.models import Scope
from accounts.tokens import issue_tokens
from core.schema import REFUSALS
from tests.factories import ApiKeyFactory, secret_of
from tests.sweeps.test_fuzz import ASK_OUTSIDE, undone
from tests.walks.operations import (
    find_body,
    find_operation,
    list_operations,
    make_bodies,
    read_document,
    require_documented,
)
from tests.walks.test_strangers import world  # noqa: F401  # a fixture

LARGE = b'{"name": "' + b"x" * 70_000 + b'"}'
RAISED_BELOW = {"409", "412", "429"}
"""By what the services find; their own tests reach them."""


def list_refused(operation):
    return {code for code in operation.document["responses"] if code.startswith("4")}


def read_shape(response):
    return response["content"]["application/json"]["schema"]["$ref"].rpartition("/")[2]


def test_every_operation_documents_its_refusals_with_their_bodies():
    assert len(list_operations()) > 100
    for operation in list_operations():
        refused = list_refused(operation)
        assert {"400", "413"} <= refused, operation.name
        assert ("401" in refused) or operation.document.get("security") == [{}], operation.name
        assert ("404" in refused) or not operation.parameters, operation.name
        assert ("415" in refused) or not operation.document.get("requestBody"), operation.name
        for code in refused:
            answer = operation.document["responses"][code]
            assert answer["description"] == REFUSALS[int(code)], operation.name
            faults = "ImportFaults" if operation.name == "POST /api/v1/monitors/import" else "Faults"
            assert read_shape(answer) == (faults if code == "400" else "Problem"), operation.name
            assert ("Retry-After" in answer.get("headers", {})) == (code == "429"), operation.name


def call(client, operation, address, **asked):
    body, content_type = asked.get("body", b""), asked.get("content_type", "application/json")
    with undone():
        return client.generic(operation.method.upper(), address, body, content_type, **asked.get("more", {}))


def list_requests(operation, ids, bodies):
    """What each operation may refuse, asked by somebody who may do it otherwise."""
    address = operation.address(ids)
    query = f"?team={ids['team']}" if "{month}" in operation.path else ""
    whole = find_body(bodies, operation) if operation.fields else {}
    body = json.dumps(whole).encode()
    yield address + query, {"body": body}
    yield address + query, {"body": b"{"}
    yield f"{address}?a=%00", {}
    yield address + query, {"body": LARGE}
    yield address + query, {"body": b"a=b", "content_type": "application/x-www-form-urlencoded"}
    yield address + query, {"body": body, "more": {"headers": {"Accept": "image/png"}}}
    nothing = dict.fromkeys(ids, 999_999) | {"month": "1999-01"}
    if operation.parameters:
        yield operation.address(nothing) + ("?team=999999" if query else ""), {"body": body}


def list_people(world):  # noqa: F811
    """Nobody, a stranger, who may only read, and the owner."""
    key = ApiKeyFactory(team=world["team"], user=world["owner"], scope=Scope.READ)
    yield Client(raise_request_exception=False)
    for headers in (
        {"X-API-Key": secret_of(key)},
        {"Authorization": f"Bearer {issue_tokens(world['viewer'])['access']}"},
        {"Authorization": f"Bearer {issue_tokens(world['owner'])['access']}"},
    ):
        yield Client(raise_request_exception=False, headers=headers)


@pytest.mark.django_db
def test_operations_answer_what_they_document_and_nothing_else(world, settings):  # noqa: F811
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 65_536
    settings.SIGNUP = "closed"
    bodies, met = make_bodies(world["ids"]), defaultdict(set)
    shapes = {"$defs": read_document()["components"]["schemas"]}
    text = json.dumps(shapes).replace("#/components/schemas/", "#/$defs/")
    check = {
        name: Draft202012Validator({**json.loads(text), "$ref": f"#/$defs/{name}"})
        for name in ("Faults", "ImportFaults", "Problem")
    }
    for client in list_people(world):
        for operation in list_operations():
            if operation.path.endswith(ASK_OUTSIDE):
                continue
            for address, asked in list_requests(operation, world["ids"], bodies):
                answer = call(client, operation, address, **asked)
                require_documented(answer, operation.method, address)
                code = str(answer.status_code)
                met[operation.name].add(code)
                if code.startswith("4"):
                    shape = read_shape(operation.document["responses"][code])
                    check[shape].validate(answer.json())
    for operation in list_operations():
        if operation.name in met:
            unseen = list_refused(operation) - met[operation.name] - RAISED_BELOW
            assert not unseen, (operation.name, unseen)


@pytest.mark.django_db
def test_a_view_says_what_is_raised_below_it(world):  # noqa: F811
    """Of the kinds that the walk above cannot meet: a rule that is broken."""
    client = APIClient()
    client.force_authenticate(world["owner"])
    personal = world["owner"].personal_team.pk
    answer = client.delete(f"/api/v1/teams/{personal}/")
    assert answer.status_code == 409
    require_documented(answer, "delete", f"/api/v1/teams/{personal}/")


def test_the_walk_finds_an_operation_however_its_address_ends():
    assert find_operation("GET", "/api/v1/monitors").path == "/api/v1/monitors/"
    assert find_operation("POST", "/api/v1/monitors/7/check/?a=b").path == "/api/v1/monitors/{id}/check"
    assert find_operation("GET", "/api/v1/nothing") is None


def test_the_document_says_so_without_a_warning(capsys):
    SchemaGenerator().get_schema(request=None, public=True)
    assert capsys.readouterr().err == ""
