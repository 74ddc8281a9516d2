"""docs/deployer-policy.json, what whoever deploys must be allowed: the emulator holds the key DEPLOYER to
it."""

import json
import re

import pytest
from botocore.exceptions import ClientError
from django.core.management import call_command

from infra.clients import Clients
from infra.provision import provision
from infra.stacks import ALL, BASTION, EDGE_STACKS, Wishes
from tests.infra.conftest import REASON
from tests.infra.test_stacks_templates import ROOT

pytestmark = pytest.mark.skipif(bool(REASON), reason=REASON)
POLICY = ROOT / "docs" / "deployer-policy.json"
MOST_CHARACTERS = 6_144
"""Of a managed policy: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html"""
OF_ZAPPA = {f"AWS::ApiGatewayV2::{part}" for part in ("Api", "Integration", "Route", "Stage")}
NOT_OURS = {
    "ec2:AllocateIpamPoolCidr",
    "ec2:AttachVpnGateway",
    "ec2:DetachVpnGateway",
    "ec2:ModifyPrivateDnsNameOptions",
    "iam:DeleteRolePermissionsBoundary",
    "iam:PutRolePermissionsBoundary",
}
"""Features that no template of ours uses."""
SERVICES_NOT_OURS = {"firehose", "kms", "s3tables", "secretsmanager", "vpc-lattice", "vpce"}
"""For keys, passwords and destinations of one's own."""


@pytest.fixture
def deployer(aws, monkeypatch):
    """An account seen by somebody who may do what the policy says."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "DEPLOYER")
    return aws


def test_the_policy_is_small_enough_to_be_one():
    assert len(json.dumps(json.loads(POLICY.read_text()), separators=(",", ":"))) <= MOST_CHARACTERS


def test_provision_status_outputs_and_destroy_need_no_more(deployer, capsys):
    clients = Clients("eu-west-1")
    provision(clients, "prod", Wishes(redis=True), report=lambda line: None, poll_s=0.01)
    for part in ("status", "outputs"):
        call_command("aws", part, "--stage=prod")
    from infra.destroy import destroy

    destroy(clients, "prod", report=lambda line: None, poll_s=0.01, delete_parameters=True)
    assert "does not say" not in capsys.readouterr().out  # of what it may not ask


def test_what_the_policy_does_not_name_is_refused(deployer):
    for ask in (
        lambda: Clients("eu-west-1").functions.get_function(FunctionName="somebody-elses"),
        lambda: Clients("eu-west-1").ssm.get_parameter(Name="/somebody/elses"),
        lambda: Clients("eu-west-1").cloudformation.delete_stack(StackName="somebody-elses"),
        lambda: Clients("eu-west-1").session.client("iam").list_users(),
    ):
        with pytest.raises(ClientError, match="AccessDenied"):
            ask()


@pytest.mark.parametrize(
    "kind",
    sorted(
        OF_ZAPPA
        | {
            kind
            for stack in (*ALL, BASTION, *EDGE_STACKS)
            for kind in re.findall(r"^    Type: (AWS::\S+)$", stack.template, re.MULTILINE)
        }
    ),
)
def test_cloudformation_may_make_change_and_delete_every_type_with_the_same_rights(deployer, kind):
    """CloudFormation acts as whoever calls it; AWS's registry names the calls of each type."""
    from tests.infra.emulator.policy import _listed
    from tests.infra.emulator.resources import read_schema

    handlers = read_schema(kind).get("handlers", {})
    asked = {one for handler in handlers.values() for one in handler.get("permissions", [])}
    asked = {one for one in asked if one.partition(":")[0] not in SERVICES_NOT_OURS} - NOT_OURS
    statements = json.loads(POLICY.read_text())["Statement"]
    allowed = [statement["Action"] for statement in statements]
    missing = {one for one in asked if not any(_listed(actions, one) for actions in allowed)}
    assert missing == set()
