"""What goes when a stage is taken away, and what stays."""

import pytest
from botocore.exceptions import ClientError
from django.core.management import CommandError, call_command

from infra import destroy, secrets
from infra.cloudformation import StackFailed
from infra.outputs import find_stacks, read_outputs
from tests.infra.provisioning import run


def test_a_creation_that_failed_half_way_is_cleared_away(aws, clients):
    """The cluster was protected from its first moment, so that not even its own failed stack could go."""
    aws.account.refused = {"AWS::RDS::DBInstance": "Your account has no instance left."}
    with pytest.raises(StackFailed):
        run(clients)
    assert find_stacks(clients, "prod")["database"].status == "ROLLBACK_FAILED"
    lines = []
    destroy.destroy(clients, "prod", report=lines.append, poll_s=0.01)
    assert find_stacks(clients, "prod") == {}
    aws.account.refused = {}
    assert set(run(clients).values()) == {"created"}


def test_destroy_removes_everything_but_the_data(aws, clients):
    run(clients)
    outputs = read_outputs(clients, "prod")
    clients.s3.put_object(Bucket=outputs["SiteBucket"], Key="index.html", Body=b"x")
    clients.s3.put_object(Bucket=outputs["PackagesBucket"], Key="package.zip", Body=b"x")
    lines = []
    destroy.destroy(clients, "prod", report=lines.append, poll_s=0.01)
    assert find_stacks(clients, "prod") == {}
    assert "  taking away the database's protection; a final snapshot is kept" in lines
    assert clients.cloudformation.list_stacks(StackStatusFilter=["DELETE_COMPLETE"])["StackSummaries"]
    assert secrets.read_secret(clients.ssm, "/sentrypulse/prod/env/FIELD_ENCRYPTION_KEY")
    destroy.destroy(clients, "prod", report=lines.append, poll_s=0.01, delete_parameters=True)
    assert lines[-1] == "6 parameters forgotten"


def test_a_protected_stack_is_not_deleted_by_accident(clients, provisioned):
    with pytest.raises(ClientError, match="TerminationProtection is enabled"):
        clients.cloudformation.delete_stack(StackName="sentrypulse-prod-database")


def test_destroy_wants_the_name_of_the_stage(clients, provisioned, monkeypatch, capsys):
    monkeypatch.setattr("builtins.input", lambda question: "yes")
    with pytest.raises(CommandError, match="Nothing was done"):
        call_command("aws", "destroy", "--stage=prod")
    assert "network" in find_stacks(clients, "prod")
