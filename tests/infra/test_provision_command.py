"""``manage.py aws provision``: what it asks, tells and refuses."""

import pytest
from django.core.management import CommandError, call_command

from infra.cloudformation import StackFailed, Stacks


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


def test_a_failure_of_aws_is_one_sentence(clients, monkeypatch, capsys):
    def refuse(self, *args, **kwargs):
        raise StackFailed(
            "Creating x ended in ROLLBACK_COMPLETE. Vpc: The maximum number of VPCs has been reached."
        )

    monkeypatch.setattr(Stacks, "apply", refuse)
    with pytest.raises(CommandError, match="The maximum number of VPCs has been reached"):
        call_command("aws", "provision", "--stage=prod", "--yes")
