"""The way to the database for people."""

import pytest
from django.core.management import CommandError, call_command

from infra import destroy
from infra.outputs import find_stacks, read_outputs


def test_it_is_made_by_one_command_and_removed_by_another(clients, provisioned, capsys):
    call_command("aws", "bastion", "--stage=prod")
    told = capsys.readouterr().out
    machine, host = read_outputs(clients, "prod")["BastionId"], provisioned["DatabaseHost"]
    assert "It costs 7.36 USD a month until manage.py aws bastion --stage prod --remove." in told
    assert told.endswith(
        f"aws ssm start-session --region eu-west-1 --target {machine} --document-name"
        " AWS-StartPortForwardingSessionToRemoteHost --parameters"
        f" host={host},portNumber=3306,localPortNumber=3307\n"
    )
    call_command("aws", "bastion", "--stage=prod")
    assert "  bastion: unchanged" in capsys.readouterr().out
    call_command("aws", "bastion", "--stage=prod", "--remove")
    assert capsys.readouterr().out.endswith("The bastion is gone.\n")
    assert "bastion" not in find_stacks(clients, "prod")


def test_nothing_comes_in_and_no_key_opens_it(clients, provisioned, capsys):
    call_command("aws", "bastion", "--stage=prod")
    ec2 = clients.session.client("ec2")
    machine = read_outputs(clients, "prod")["BastionId"]
    [found] = ec2.describe_instances(InstanceIds=[machine])["Reservations"][0]["Instances"]
    assert "KeyName" not in found
    resource = clients.cloudformation.describe_stack_resource(
        StackName="sentrypulse-prod-bastion", LogicalResourceId="Group"
    )["StackResourceDetail"]
    groups = ec2.describe_security_groups(GroupIds=[resource["PhysicalResourceId"]])
    [group] = groups["SecurityGroups"]
    assert group["IpPermissions"] == []
    stores = ec2.describe_security_groups(GroupIds=[provisioned["StoresGroupId"]])["SecurityGroups"][0]
    from_bastion = [
        rule["FromPort"]
        for rule in stores["IpPermissions"]
        if group["GroupId"] in {one["GroupId"] for one in rule["UserIdGroupPairs"]}
    ]
    assert sorted(from_bastion) == [3306, 6379]


def test_destroy_takes_it_away_before_its_network(clients, provisioned, capsys):
    call_command("aws", "bastion", "--stage=prod")
    destroy.destroy(clients, "prod", report=lambda line: None, poll_s=0.01)
    assert find_stacks(clients, "prod") == {}


def test_without_a_database_there_is_nowhere_to_go(clients):
    with pytest.raises(CommandError, match="prod has no database to go to"):
        call_command("aws", "bastion", "--stage=prod")
