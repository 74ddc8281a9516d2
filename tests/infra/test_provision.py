"""Everything but the code: made once, changed where asked, gone on with after an interruption."""

import sys

import pytest
from botocore.exceptions import ClientError

from infra import secrets
from infra.cloudformation import StackFailed, Stacks
from infra.outputs import find_api_domain, find_stacks
from infra.stacks import ALARMS, Wishes, choose_stacks
from infra.stages import stack_name
from tests.infra.provisioning import run

WITHOUT_REDIS = [stack.part for stack in choose_stacks(redis=False, cdn=True)]


def count_resources(clients, part, stage="prod"):
    pages = clients.cloudformation.get_paginator("list_stack_resources").paginate(
        StackName=stack_name(stage, part)
    )
    return sum(len(page["StackResourceSummaries"]) for page in pages)


def test_every_stack_is_made_with_every_resource_of_its_template(clients, capsys):
    from moto.cloudformation.parsing import get_model_map

    from tests.infra.emulator import STAND_INS, resources_of

    assert run(clients, Wishes(redis=True, alarm_email="me@example.com")) == {
        stack.part: "created" for stack in choose_stacks(redis=True, cdn=True)
    }
    lines = []
    for stack in choose_stacks(redis=True, cdn=True):
        resources = resources_of(stack.template)
        assert len(resources) == stack.template.count("\n    Type: AWS::"), stack.part
        assert set(resources.values()) <= set(get_model_map()), stack.part
        assert count_resources(clients, stack.part) == len(resources), stack.part
        kinds = [kind.removeprefix("AWS::") for kind in resources.values() if kind in STAND_INS]
        told = ", ".join(sorted(set(kinds))) or "none"
        lines.append(
            f"{stack.part:<11} {len(resources) - len(kinds):2} of {len(resources):2} by moto; not: {told}"
        )
    with capsys.disabled():
        sys.stdout.write("\n" + "\n".join(lines) + "\n")


def test_a_second_run_changes_nothing(aws, clients):
    run(clients)
    secret = secrets.read_secret(clients.ssm, "/sentrypulse/prod/env/SECRET_KEY")
    aws.calls.clear()
    assert run(clients) == dict.fromkeys(WITHOUT_REDIS, "unchanged")
    assert not [call for call in aws.calls if "CreateStack" in call or "UpdateStack" in call]
    assert secrets.read_secret(clients.ssm, "/sentrypulse/prod/env/SECRET_KEY") == secret


def test_what_is_not_asked_for_stays_as_it_was(clients):
    run(clients, Wishes(max_acu=16, alarm_email="me@example.com"))
    done = run(clients, Wishes(min_acu=1))
    assert {part for part, what in done.items() if what != "unchanged"} == {"database"}
    parameters = find_stacks(clients, "prod")["database"].parameters
    assert (parameters["MinCapacity"], parameters["MaxCapacity"], parameters["Protected"]) == (
        "1",
        "16",
        "true",
    )
    assert find_stacks(clients, "prod")["alarms"].parameters["AlarmEmail"] == "me@example.com"


def test_an_api_that_zappa_did_not_make_stays_behind_the_distribution(clients):
    run(clients)
    stacks = Stacks(clients.cloudformation, report=lambda line: None, poll_s=0.01)
    stacks.change("sentrypulse-prod-frontend", ApiDomain="sam.execute-api.eu-west-1.amazonaws.com")
    assert run(clients)["frontend"] == "unchanged"
    run(clients, Wishes(domain="pulse.example.com", certificate_arn="arn:aws:acm:us-east-1:1:certificate/x"))
    parameters = find_stacks(clients, "prod")["frontend"].parameters
    assert parameters["ApiDomain"] == "sam.execute-api.eu-west-1.amazonaws.com"


def test_an_aws_that_does_not_say_whether_there_is_an_api_is_not_taken_for_a_no(clients, monkeypatch):
    refused = ClientError(
        {"Error": {"Code": "Throttling", "Message": "Rate exceeded"}}, "DescribeStackResource"
    )

    def throttled(**asked):
        raise refused

    assert find_api_domain(clients, "prod") == ""
    monkeypatch.setattr(clients.cloudformation, "describe_stack_resource", throttled)
    with pytest.raises(ClientError, match="Rate exceeded"):
        find_api_domain(clients, "prod")


def test_an_interrupted_run_is_gone_on_with(clients, monkeypatch):
    class Interrupted(Exception):
        pass

    def report(line):
        if line.startswith("[5/"):
            raise Interrupted

    with pytest.raises(Interrupted):
        run(clients, report=report)
    assert list(find_stacks(clients, "prod")) == ["network", "queues", "storage", "roles"]
    done = run(clients)
    assert [part for part, what in done.items() if what == "unchanged"] == [
        "network",
        "queues",
        "storage",
        "roles",
    ]
    assert [part for part, what in done.items() if what == "created"] == WITHOUT_REDIS[4:]


def test_an_account_that_may_have_no_distributions_is_told_what_to_do_and_goes_on_later(aws, clients):
    aws.account.may_have_distributions = False
    with pytest.raises(StackFailed, match=r"must be verified before.*open a case .* run the same again"):
        run(clients)
    assert find_stacks(clients, "prod")["storage"].never_was
    assert clients.s3.list_buckets()["Buckets"] == []  # none is left of what failed
    aws.account.may_have_distributions = True
    assert run(clients)["storage"] == "created"


@pytest.mark.parametrize(("deployed", "missing"), [("false", "notBreaching"), ("true", "breaching")])
def test_a_silent_schedule_rings_only_where_there_is_one(clients, deployed, missing):
    from tests.infra.emulator import MADE

    Stacks(clients.cloudformation, report=print, poll_s=0.01).apply(
        "sentrypulse-prod-alarms",
        ALARMS.template,
        {"Stage": "prod", "SchedulerRule": "r", "DatabaseCluster": "d", "Deployed": deployed},
        tags={},
    )
    assert MADE["sentrypulse-prod-scheduler-silent"]["TreatMissingData"] == missing
