"""The OpenAPI document of accounts."""

import pytest
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.validation import validate_schema


@pytest.fixture
def schema(capsys):
    schema = SchemaGenerator().get_schema(request=None, public=True)
    assert capsys.readouterr().err == ""  # drf-spectacular tells there what it could not make out
    return schema


def test_the_document_is_valid_and_knows_both_ways_to_authenticate(schema):
    validate_schema(schema)

    schemes = schema["components"]["securitySchemes"]
    assert schemes["bearerToken"] == {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}
    assert schemes["apiKey"] == {"type": "apiKey", "in": "header", "name": "X-API-Key"}
    security = schema["paths"]["/api/v1/teams/"]["get"]["security"]
    assert security == [{"bearerToken": []}, {"apiKey": []}, {"cookieAuth": []}]


def test_every_path_of_the_contract_is_there(schema):
    methods = ("get", "post", "put", "patch", "delete")
    ours = ("/api/v1/auth/", "/api/v1/teams/", "/api/v1/invitations/", "/api/v1/api-keys/")
    written = {path: found for path, found in schema["paths"].items() if path.startswith(ours)}
    assert {path: [m for m in methods if m in found] for path, found in written.items()} == {
        "/api/v1/auth/register": ["post"],
        "/api/v1/auth/token": ["post"],
        "/api/v1/auth/token/refresh": ["post"],
        "/api/v1/auth/logout": ["post"],
        "/api/v1/auth/me": ["get", "patch"],
        "/api/v1/auth/password": ["post"],
        "/api/v1/auth/password/reset": ["post"],
        "/api/v1/auth/password/reset/confirm": ["post"],
        "/api/v1/teams/": ["get", "post"],
        "/api/v1/teams/{id}/": ["get", "put", "patch", "delete"],
        "/api/v1/teams/{team_id}/members/": ["get"],
        "/api/v1/teams/{team_id}/members/{id}/": ["get", "patch", "delete"],
        "/api/v1/teams/{team_id}/invitations/": ["get", "post"],
        "/api/v1/teams/{team_id}/invitations/{id}/": ["get", "delete"],
        "/api/v1/invitations/accept": ["post"],
        "/api/v1/api-keys/": ["get", "post"],
        "/api/v1/api-keys/{id}/": ["get", "patch", "delete"],
    }


def test_a_secret_is_written_and_never_read(schema):
    shown = schema["components"]["schemas"]

    assert "password" not in shown["Register"]["properties"]
    assert "password" in shown["RegisterRequest"]["properties"]
    assert "key" not in shown["ApiKey"]["properties"]
    assert shown["NewApiKey"]["properties"]["key"]["type"] == "string"
    assert shown["ApiKeyRequest"]["required"] == ["name"]
