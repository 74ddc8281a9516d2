"""Stacks in whatever state an earlier run left them."""

import pytest

from infra.cloudformation import StackFailed
from infra.outputs import find_stacks
from infra.stacks import Wishes
from tests.infra.provisioning import run


def test_a_stack_that_never_came_to_be_is_made_anew(clients):
    run(clients)
    from moto.cloudformation import cloudformation_backends

    backend = cloudformation_backends["123456789012"]["eu-west-1"]
    backend.get_stack("sentrypulse-prod-alarms").status = "ROLLBACK_COMPLETE"
    lines = []
    done = run(clients, report=lines.append)
    assert done["alarms"] == "created"
    assert (
        "  sentrypulse-prod-alarms: ROLLBACK_COMPLETE, from an earlier run that failed; starting anew"
        in lines
    )


def test_a_stack_that_is_busy_is_waited_for(clients):
    run(clients)
    from moto.cloudformation import cloudformation_backends

    stack = cloudformation_backends["123456789012"]["eu-west-1"].get_stack("sentrypulse-prod-alarms")
    stack.status = "UPDATE_IN_PROGRESS"

    def report(line):
        if "waiting for it" in line:
            stack.status = "UPDATE_COMPLETE"

    assert run(clients, report=report)["alarms"] == "unchanged"


@pytest.mark.parametrize(
    ("status", "way_out"),
    [
        ("UPDATE_ROLLBACK_FAILED", "continue-update-rollback --stack-name sentrypulse-prod-alarms"),
        ("DELETE_FAILED", r"sentrypulse-prod-alarms is in DELETE_FAILED.*manage\.py aws destroy again"),
    ],
)
def test_a_stack_that_is_stuck_is_told_with_the_way_out(clients, status, way_out):
    run(clients)
    from moto.cloudformation import cloudformation_backends

    backend = cloudformation_backends["123456789012"]["eu-west-1"]
    backend.get_stack("sentrypulse-prod-alarms").status = status
    with pytest.raises(StackFailed, match=way_out):
        run(clients)


def test_a_creation_that_failed_is_begun_anew_with_what_was_chosen_for_it(aws, clients):
    aws.account.aurora = ("3.10.3", "3.12.0")
    aws.account.refused = {"AWS::RDS::DBInstance": "Your account has no instance left."}
    with pytest.raises(StackFailed, match="Writer: Your account has no instance left"):
        run(clients, Wishes(min_acu=2, engine_version="3.12", protected=False))
    assert find_stacks(clients, "prod")["database"].never_was
    aws.account.refused = {}
    assert run(clients)["database"] == "created"
    parameters = find_stacks(clients, "prod")["database"].parameters
    assert (parameters["MinCapacity"], parameters["EngineVersion"]) == ("2", "8.0.mysql_aurora.3.12.0")
    assert parameters["Protected"] == "false"


def test_a_creation_that_failed_half_way_is_made_anew_without_clearing_away(aws, clients):
    aws.account.refused = {"AWS::RDS::DBInstance": "Your account has no instance left."}
    with pytest.raises(StackFailed):
        run(clients)
    aws.account.refused = {}
    assert run(clients)["database"] == "created"
