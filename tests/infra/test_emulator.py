"""The emulator refuses as AWS does. A check that agrees with a fault is worth less than none: each of these
was once made here without a word."""

import pytest
from botocore.exceptions import ClientError

from infra.stacks import DATABASE
from tests.infra.conftest import REASON

pytestmark = pytest.mark.skipif(bool(REASON), reason=REASON)


def refusal(call, **asked):
    """What AWS says to it, in one line."""
    with pytest.raises(ClientError) as refused:
        call(**asked)
    return f"{refused.value.response['Error']['Code']}: {refused.value.response['Error']['Message']}"


# Any call's parameters


@pytest.mark.parametrize(
    ("password", "why"),
    [
        ("x" * 48, "must have 8 to 41 characters, not 48"),
        ("x" * 7, "must have 8 to 41 characters, not 7"),
        ("x" * 20 + "/", "must not contain /"),
        ("x" * 20 + "@", "must not contain @"),
        ('x"' * 10, 'must not contain "'),
    ],
)
def test_rds_takes_no_password_but_a_short_plain_one(clients, password, why):
    told = refusal(
        clients.rds.create_db_cluster,
        DBClusterIdentifier="x",
        Engine="aurora-mysql",
        MasterUsername="admin",
        MasterUserPassword=password,
    )
    assert told == f"InvalidParameterValue: MasterUserPassword •••• {why}"


@pytest.mark.parametrize(
    ("service", "operation", "asked", "why"),
    [
        ("sqs", "create_queue", {"QueueName": "x", "Attributes": {"No": "1"}}, "must be one of"),
        ("lambda", "get_function", {"FunctionName": "no spaces"}, "must match"),
        ("events", "put_rule", {"Name": "x" * 65, "ScheduleExpression": "rate(1 minute)"}, "0 to 64|1 to 64"),
        ("ssm", "put_parameter", {"Name": "/x", "Value": "x", "Type": "Secret"}, "must be one of String"),
        ("ssm", "put_parameter", {"Name": "/x", "Value": "x" * 4097, "Type": "String"}, "maximum parameter"),
        ("lambda", "update_function_configuration", {"FunctionName": "x", "Timeout": 901}, "at most 900"),
        (
            "lambda",
            "update_function_configuration",
            {"FunctionName": "x", "Environment": {"Variables": {"AWS_REGION": "x"}}},
            "Reserved keys used in this request: AWS_REGION",
        ),
        (
            "lambda",
            "update_function_configuration",
            {"FunctionName": "x", "Environment": {"Variables": {"NAME": "x" * 4093}}},
            "exceeded the 4096 byte limit",
        ),
        ("iam", "get_role", {"RoleName": "a/b"}, "must match"),
        ("logs", "describe_log_streams", {"logGroupName": "a b"}, "must match"),
        (
            "apigatewayv2",
            "create_api",
            {"Name": "x", "ProtocolType": "FTP"},
            "must be one of WEBSOCKET, HTTP",
        ),
    ],
)
def test_every_call_is_held_against_awss_own_model(clients, service, operation, asked, why):
    call = getattr(clients.session.client(service), operation)
    with pytest.raises(ClientError, match=why):
        call(**asked)


def test_a_call_that_no_model_knows_is_an_error_of_ours(clients, aws):
    import requests

    scope = "Credential=x/20261129/eu-west-1/lambda/aws4_request, "
    answered = requests.get(
        f"{aws.url}/nothing", headers={"Authorization": f"AWS4-HMAC-SHA256 {scope}"}, timeout=5
    )
    assert answered.status_code == 500


# Any resource's properties


CLUSTER = DATABASE.template


def make_database(clients, *, password="x" * 32, version="8.0.mysql_aurora.3.10.4"):
    clients.ssm.put_parameter(
        Name="/sentrypulse/prod/infra/DATABASE_PASSWORD", Value=password, Type="SecureString"
    )
    ec2 = clients.session.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnets = [ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.0.{n}.0/24")["Subnet"]["SubnetId"] for n in (0, 1)]
    group = ec2.create_security_group(GroupName="x", Description="x", VpcId=vpc)["GroupId"]
    parameters = {
        "Stage": "prod",
        "SubnetIds": ",".join(subnets),
        "StoresGroupId": group,
        "EngineVersion": version,
    }
    clients.cloudformation.create_stack(
        StackName="database",
        TemplateBody=CLUSTER,
        Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()],
    )
    [stack] = clients.cloudformation.describe_stacks(StackName="database")["Stacks"]
    events = clients.cloudformation.describe_stack_events(StackName="database")["StackEvents"]
    why = [one["ResourceStatusReason"] for one in events if one["ResourceStatus"] == "CREATE_FAILED"]
    return stack["StackStatus"], why


def test_a_cluster_that_rds_takes_is_made(clients):
    assert make_database(clients) == ("CREATE_COMPLETE", [])


def test_the_password_of_old_would_have_ended_the_first_provision(clients):
    status, why = make_database(clients, password="x" * 48)
    assert (status, why) == (
        "ROLLBACK_COMPLETE",
        ["MasterUserPassword •••• must have 8 to 41 characters, not 48"],
    )


def test_the_version_of_old_would_have_ended_it_too(clients):
    status, why = make_database(clients, version="8.0.mysql_aurora.3.08.2")
    assert (status, why) == (
        "ROLLBACK_COMPLETE",
        ["Cannot find version 8.0.mysql_aurora.3.08.2 for aurora-mysql"],
    )


def test_a_property_that_the_type_does_not_have_is_refused(clients):
    template = """
Resources:
  Queue:
    Type: AWS::SQS::Queue
    Properties: {VisibilityTimeOut: 30}
"""
    clients.cloudformation.create_stack(StackName="x", TemplateBody=template)
    [stack] = clients.cloudformation.describe_stacks(StackName="x")["Stacks"]
    assert stack["StackStatus"] == "ROLLBACK_COMPLETE"


# The states of a stack


def test_a_stack_whose_creation_failed_is_not_updated(clients):
    make_database(clients, password="short")
    told = refusal(clients.cloudformation.update_stack, StackName="database", TemplateBody=CLUSTER)
    assert told.endswith("is in ROLLBACK_COMPLETE state and can not be updated.")
