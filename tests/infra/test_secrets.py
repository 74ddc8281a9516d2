"""Secrets of a stage: how they are made, and which password RDS takes."""

import pytest

from infra import secrets
from tests.infra.provisioning import run


def test_secrets_are_long_distinct_encrypted_and_never_told(clients):
    lines = []
    run(clients, report=lines.append)
    values = {}
    for path in ("/sentrypulse/prod/env", "/sentrypulse/prod/infra"):
        found = clients.ssm.get_parameters_by_path(
            Path=path, Recursive=True, WithDecryption=True, MaxResults=10
        )
        values |= {one["Name"]: (one["Type"], one["Value"]) for one in found["Parameters"]}
    hidden = {name: value for name, (kind, value) in values.items() if kind == "SecureString"}
    assert {name.rpartition("/")[2] for name in hidden} == {
        "SECRET_KEY",
        "FIELD_ENCRYPTION_KEY",
        "METRICS_TOKEN",
        "ORIGIN_SECRET",
        "DATABASE_PASSWORD",
        "DATABASE_URL",
    }
    assert len(set(hidden.values())) == len(hidden)
    assert min(map(len, hidden.values())) >= 32
    assert not [line for line in lines for value in hidden.values() if value in line]
    password = hidden["/sentrypulse/prod/infra/DATABASE_PASSWORD"]
    assert hidden["/sentrypulse/prod/env/DATABASE_URL"] == (
        f"mysql://sentrypulse:{password}@sentrypulse-prod.rds.invalid:3306/sentrypulse"
    )


def test_a_password_that_an_account_stored_before_is_made_anew_until_there_is_a_database(clients):
    name, lines = "/sentrypulse/prod/infra/DATABASE_PASSWORD", []
    clients.ssm.put_parameter(Name=name, Value="x" * 48, Type="SecureString")
    run(clients, report=lines.append)
    made = secrets.read_secret(clients.ssm, name)
    assert secrets.is_password(made)
    assert f"  {name}: made anew, for RDS takes 8 to 41 characters" in lines
    run(clients)
    assert secrets.read_secret(clients.ssm, name) == made
    clients.ssm.put_parameter(Name=name, Value="x" * 48, Type="SecureString", Overwrite=True)
    run(clients)  # a database stands: whatever this is, another would not open it
    assert secrets.read_secret(clients.ssm, name) == "x" * 48


@pytest.mark.parametrize(
    "text", ["x" * 7, "x" * 42, "x" * 20 + "/", "x" * 20 + '"', "x" * 20 + "@", "ä" * 20]
)
def test_what_rds_refuses_is_no_password(text):
    assert not secrets.is_password(text)
