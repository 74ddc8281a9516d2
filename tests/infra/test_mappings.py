"""Queues and the functions that read them, while Lambda is busy with the last change."""

import time

import pytest
from botocore.exceptions import ClientError

from infra.callbacks import DeployRefused, finish_function
from infra.mappings import PARTIAL, StaysBusy, list_mappings, settle_mapping, wait_for_rest
from tests.infra.conftest import REASON

pytestmark = pytest.mark.skipif(bool(REASON), reason=REASON)
ROLE = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    ],
}


@pytest.fixture
def function(clients):
    """A function without a VPC; its ARN."""
    return make_function(clients)


def make_function(clients, timeout_s=120):
    import json

    role = clients.session.client("iam").create_role(
        RoleName="reader", AssumeRolePolicyDocument=json.dumps(ROLE)
    )["Role"]["Arn"]
    made = clients.functions.create_function(
        FunctionName="reader",
        Role=role,
        Runtime="python3.12",
        Handler="x.y",
        Timeout=timeout_s,
        Code={"ZipFile": b"PK\x05\x06" + b"\x00" * 18},
    )
    return made["FunctionArn"]


@pytest.fixture
def source(clients):
    return make_source(clients)


def make_source(clients, visibility_s=150):
    url = clients.sqs.create_queue(QueueName="work", Attributes={"VisibilityTimeout": str(visibility_s)})
    arn = clients.sqs.get_queue_attributes(QueueUrl=url["QueueUrl"], AttributeNames=["QueueArn"])
    return {
        "arn": arn["Attributes"]["QueueArn"],
        "batch_size": 10,
        "batch_window": 1,
        "max_concurrency": 5,
        "enabled": True,
    }


def make_as_zappa_does(clients, function, source):
    return clients.functions.create_event_source_mapping(
        FunctionName=function,
        EventSourceArn=source["arn"],
        BatchSize=source["batch_size"],
        MaximumBatchingWindowInSeconds=source["batch_window"],
        Enabled=True,
    )["UUID"]


def code_of(refused):
    return refused.value.response["Error"]["Code"]


def test_lambda_refuses_to_change_a_mapping_that_comes_to_be(clients, function, source):
    """What our callback did until November 2026, a second after Zappa had made the mapping."""
    uuid = make_as_zappa_does(clients, function, source)
    with pytest.raises(ClientError) as refused:
        clients.functions.update_event_source_mapping(UUID=uuid, FunctionResponseTypes=PARTIAL)
    assert code_of(refused) == "ResourceInUseException"
    with pytest.raises(ClientError) as refused:
        clients.functions.delete_event_source_mapping(UUID=uuid)
    assert code_of(refused) == "ResourceInUseException"
    assert clients.functions.get_event_source_mapping(UUID=uuid)["State"] == "Creating"


def test_a_mapping_is_waited_for_and_then_as_asked(clients, function, source):
    make_as_zappa_does(clients, function, source)
    settle_mapping(clients.functions, function, source)
    [stands] = list_mappings(clients.functions, function, source["arn"])
    assert stands["FunctionResponseTypes"] == PARTIAL
    assert stands["ScalingConfig"] == {"MaximumConcurrency": 5}
    source["max_concurrency"] = 7  # an update while the last one goes on
    settle_mapping(clients.functions, function, source)
    [stands] = list_mappings(clients.functions, function, source["arn"])
    assert stands["ScalingConfig"] == {"MaximumConcurrency": 7}


def test_what_is_as_asked_is_left_alone(aws, clients, function, source):
    settle_mapping(clients.functions, function, source)
    wait_for_rest(clients.functions, function)
    aws.calls.clear()
    settle_mapping(clients.functions, function, source)
    assert aws.calls == ["lambda:ListEventSourceMappings"]


def test_a_mapping_that_goes_is_waited_for_and_made_anew(clients, function, source):
    uuid = make_as_zappa_does(clients, function, source)
    wait_for_rest(clients.functions, function)
    clients.functions.delete_event_source_mapping(UUID=uuid)
    with pytest.raises(ClientError) as refused:
        make_as_zappa_does(clients, function, source)
    assert code_of(refused) == "ResourceConflictException"
    settle_mapping(clients.functions, function, source)
    [stands] = list_mappings(clients.functions, function, source["arn"])
    assert (stands["FunctionResponseTypes"], stands["UUID"] == uuid) == (PARTIAL, False)


def test_a_mapping_that_stays_busy_is_told_and_not_waited_for_for_ever(aws, clients, function, source):
    aws.mappings.busy_s = 3600
    make_as_zappa_does(clients, function, source)
    began = time.monotonic()
    with pytest.raises(StaysBusy, match="The mapping of work has been Creating for 1 s"):
        settle_mapping(clients.functions, function, source, wait_s=1)
    with pytest.raises(StaysBusy, match="work has been Creating"):
        wait_for_rest(clients.functions, function, wait_s=0)
    assert time.monotonic() - began < 60


def test_a_deployment_that_cannot_finish_says_so(aws, clients, function, source):
    aws.mappings.busy_s = 3600
    make_as_zappa_does(clients, function, source)
    config = {"events": [{"event_source": source}], "event_retries": 0, "event_age_s": 60}
    with pytest.raises(DeployRefused, match="Run the same again"):
        finish_function(clients.functions, "reader", config, wait_s=0)


def test_lambda_refuses_a_queue_that_shows_messages_again_too_soon(clients):
    function, source = make_function(clients, timeout_s=120), make_source(clients, visibility_s=119)
    with pytest.raises(ClientError, match="119 seconds is less than Function timeout: 120 seconds"):
        make_as_zappa_does(clients, function, source)


def test_eventbridge_refuses_a_role_that_does_not_trust_it(clients, function):
    """What Zappa passes to every rule is the function's role."""
    role = clients.session.client("iam").get_role(RoleName="reader")["Role"]["Arn"]
    events = clients.session.client("events")
    with pytest.raises(ClientError, match=r"cannot be assumed by principal 'events\.amazonaws\.com'"):
        events.put_rule(Name="clock", ScheduleExpression="rate(1 minute)", RoleArn=role)
