"""``manage.py aws``: what it asks, tells and refuses."""

import json
import sys
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from infra import edges
from infra.cloudformation import StackFailed, Stacks
from infra.outputs import find_stacks
from infra.stacks import Wishes
from infra.stages import WrongStage
from tests.infra.provisioning import run


def test_a_dry_run_tells_the_price_asks_nothing_and_makes_nothing(aws, clients, capsys, monkeypatch):
    monkeypatch.setattr("builtins.input", lambda question: pytest.fail("it asked"))
    call_command("aws", "provision", "--stage=prod", "--dry-run")
    told = capsys.readouterr().out
    assert "database    create" in told
    assert "The least it costs a month, before anybody uses it: 45.90 USD" in told
    assert told.endswith("A dry run: nothing was made.\n")
    assert clients.cloudformation.list_stacks()["StackSummaries"] == []
    assert clients.ssm.describe_parameters()["Parameters"] == []
    asked = {call.partition(":")[2] for call in aws.calls}
    assert "DescribeStacks" in asked
    assert not [one for one in asked if not one.startswith(("Describe", "Get", "List"))]


def test_without_a_yes_nothing_is_made(clients, monkeypatch, capsys):
    monkeypatch.setattr("builtins.input", lambda question: "no")
    with pytest.raises(CommandError, match="Nothing was done"):
        call_command("aws", "provision", "--stage=prod")
    assert clients.cloudformation.list_stacks()["StackSummaries"] == []


def test_destroy_wants_the_name_of_the_stage(clients, provisioned, monkeypatch, capsys):
    monkeypatch.setattr("builtins.input", lambda question: "yes")
    with pytest.raises(CommandError, match="Nothing was done"):
        call_command("aws", "destroy", "--stage=prod")
    assert "network" in find_stacks(clients, "prod")


def test_a_failure_of_aws_is_one_sentence(clients, monkeypatch, capsys):
    def refuse(self, *args, **kwargs):
        raise StackFailed(
            "Creating x ended in ROLLBACK_COMPLETE. Vpc: The maximum number of VPCs has been reached."
        )

    monkeypatch.setattr(Stacks, "apply", refuse)
    with pytest.raises(CommandError, match="The maximum number of VPCs has been reached"):
        call_command("aws", "provision", "--stage=prod", "--yes")


@pytest.mark.parametrize("name", ["", "Prod", "prod_core", "a", "a-b", "averylongname"])
def test_a_stage_has_a_short_plain_name(name):
    with pytest.raises((CommandError, WrongStage), match="A stage is 2 to 12 small letters"):
        call_command("aws", "status", f"--stage={name}", "--region=eu-west-1")


def test_the_outputs_are_what_sam_asks_for(provisioned, clients, capsys, monkeypatch):
    monkeypatch.setenv("ZAPPA", str(Path(sys.executable).parent / "zappa"))
    call_command("aws", "outputs", "--stage=prod", "--sam")
    told = dict(part.split("=", 1) for part in capsys.readouterr().out.split())
    assert told["Stage"] == "prod"
    assert told["Runtime"] == f"python{sys.version_info[0]}.{sys.version_info[1]}"
    assert told["SchedulerRule"] == "sentrypulse-prod-core-pipeline.entrypoints.aws_core.scheduler"
    assert (told["RedisUrl"], told["EdgeQueueUrls"]) == ("none", "none")
    assert told["TrustedProxies"] == "2"
    assert told["EdgeRoleArn"] == "arn:aws:iam::123456789012:role/sentrypulse-prod-edge"
    call_command("aws", "outputs", "--stage=prod")
    assert json.loads(capsys.readouterr().out)["ChecksQueueArn"] == told["ChecksQueueArn"]
    run(clients, Wishes(redis=True))
    edges.open_edge(clients.ssm, "prod", "us-east-1", "https://sqs.us-east-1.amazonaws.com/1/checks")
    call_command("aws", "outputs", "--stage=prod", "--sam")
    told = dict(part.split("=", 1) for part in capsys.readouterr().out.split())
    assert told["RedisUrl"].startswith("rediss://")
    assert told["EdgeQueueUrls"] == "us-east-1=https://sqs.us-east-1.amazonaws.com/1/checks"
