"""What each function may do, line by line: a permission that is added is added here, too."""

import json
from ast import literal_eval

import pytest

STAGE = "prod"
SQS = "arn:aws:sqs:{region}:123456789012:sentrypulse-prod-{queue}"


def sqs(*queues, region="eu-west-1"):
    return {SQS.format(region=region, queue=queue) for queue in queues}


CHECKS_ANYWHERE = sqs("checks", region="*")
DEAD_ANYWHERE = sqs("*-dead", region="*")
ALL_QUEUES = CHECKS_ANYWHERE | sqs("results", "deliveries", "receipts")


def logs(*names, region="eu-west-1"):
    return {
        f"arn:aws:logs:{region}:123456789012:log-group:/aws/lambda/sentrypulse-prod{name}:*" for name in names
    }


def allowed(clients, role):
    """Resources by action, as the role's one policy has them; denials apart."""
    iam = clients.session.client("iam")
    name = f"sentrypulse-{STAGE}-{role}"
    assert iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"] == []
    [policy] = iam.list_role_policies(RoleName=name)["PolicyNames"]
    document = iam.get_role_policy(RoleName=name, PolicyName=policy)["PolicyDocument"]
    document = literal_eval(document) if isinstance(document, str) else document  # as moto keeps it
    found, denied = {}, []
    for statement in document["Statement"]:
        if statement["Effect"] == "Deny":
            denied.append(statement)
            continue
        resources = statement["Resource"]
        for action in statement["Action"]:
            found.setdefault(action, set()).update([resources] if isinstance(resources, str) else resources)
    return found, denied


TRACES = {"xray:PutTraceSegments": {"*"}, "xray:PutTelemetryRecords": {"*"}}
VPC = {
    f"ec2:{action}": {"*"}
    for action in (
        "CreateNetworkInterface",
        "DescribeNetworkInterfaces",
        "DescribeSubnets",
        "DeleteNetworkInterface",
        "AssignPrivateIpAddresses",
        "UnassignPrivateIpAddresses",
    )
}
SSM = {
    "ssm:GetParametersByPath": {
        "arn:aws:ssm:eu-west-1:123456789012:parameter/sentrypulse/prod/env",
        "arn:aws:ssm:eu-west-1:123456789012:parameter/sentrypulse/prod/env/*",
    }
}
SES = {f"arn:aws:ses:eu-west-1:123456789012:{kind}/*" for kind in ("identity", "configuration-set")}
EDGE = {"lambda:InvokeFunction": {"arn:aws:lambda:*:123456789012:function:sentrypulse-prod-edge"}}


def test_the_edge_may_touch_its_four_queues_and_logs_and_send_e_mail(clients, provisioned):
    found, denied = allowed(clients, "edge")
    assert found == {
        **{
            f"sqs:{action}": CHECKS_ANYWHERE | sqs("deliveries")
            for action in ("ReceiveMessage", "DeleteMessage", "ChangeMessageVisibility", "GetQueueAttributes")
        },
        "sqs:SendMessage": CHECKS_ANYWHERE | sqs("results", "receipts"),
        "ses:SendEmail": SES,
        "ses:SendRawEmail": SES,
        "logs:CreateLogStream": logs("-edge", region="*"),
        "logs:PutLogEvents": logs("-edge", region="*"),
        **TRACES,
    }
    assert denied == []


def test_the_core_takes_results_and_receipts_and_reads_its_own_parameters(clients, provisioned):
    found, _ = allowed(clients, "core")
    mine = sqs("results", "receipts") | DEAD_ANYWHERE
    pages = {f"{provisioned['PublishedBucketArn']}/*"}
    assert found == {
        "sqs:ReceiveMessage": mine,
        "sqs:DeleteMessage": mine,
        "sqs:ChangeMessageVisibility": mine,
        "sqs:GetQueueAttributes": ALL_QUEUES | DEAD_ANYWHERE,
        "sqs:GetQueueUrl": ALL_QUEUES | DEAD_ANYWHERE,
        "sqs:SendMessage": ALL_QUEUES,
        **SSM,
        **EDGE,
        "s3:ListBucket": {provisioned["PublishedBucketArn"]},
        "s3:GetObject": pages,
        "s3:DeleteObject": pages,
        "s3:PutObject": pages | {f"{provisioned['ArchiveBucketArn']}/*"},
        "logs:CreateLogStream": logs("-core", "-migrate"),
        "logs:PutLogEvents": logs("-core", "-migrate"),
        **TRACES,
        **VPC,
    }


def test_the_api_takes_nothing_from_a_queue_but_dead_letters(clients, provisioned):
    found, _ = allowed(clients, "api")
    pages = {f"{provisioned['PublishedBucketArn']}/*"}
    assert found == {
        "sqs:ReceiveMessage": DEAD_ANYWHERE,
        "sqs:DeleteMessage": DEAD_ANYWHERE,
        "sqs:ChangeMessageVisibility": DEAD_ANYWHERE,
        "sqs:GetQueueAttributes": ALL_QUEUES | DEAD_ANYWHERE,
        "sqs:GetQueueUrl": ALL_QUEUES | DEAD_ANYWHERE,
        "sqs:SendMessage": ALL_QUEUES,
        **SSM,
        **EDGE,
        "s3:ListBucket": {provisioned["PublishedBucketArn"]},
        **{f"s3:{action}": pages for action in ("GetObject", "PutObject", "DeleteObject")},
        "logs:CreateLogStream": logs(""),
        "logs:PutLogEvents": logs(""),
        **TRACES,
        **VPC,
    }


@pytest.mark.parametrize("role", ["api", "core"])
def test_network_interfaces_are_lambdas_business_and_not_our_codes(clients, provisioned, role):
    _, [denied] = allowed(clients, role)
    assert (denied["Action"], denied["Resource"]) == (["ec2:*"], "*")
    assert denied["Condition"] == {
        "ArnLike": {"lambda:SourceFunctionArn": "arn:aws:lambda:*:123456789012:function:sentrypulse-prod*"}
    }


@pytest.mark.parametrize("role", ["api", "core", "edge"])
def test_no_role_reaches_the_databases_password_or_another_stage(clients, provisioned, role):
    found, _ = allowed(clients, role)
    everywhere = {resource for resources in found.values() for resource in resources} - {"*"}
    assert not [one for one in everywhere if "/infra" in one]
    pages = provisioned["PublishedBucketArn"]
    ours = {pages, f"{pages}/*", provisioned["ArchiveBucketArn"] + "/*"}
    assert not [one for one in everywhere - ours if "prod" not in one and one not in SES]
    wide = {action for action, resources in found.items() if "*" in resources}
    assert wide <= set(TRACES) | set(VPC)


@pytest.mark.parametrize("role", ["api", "core", "edge"])
def test_only_lambda_and_the_clock_that_starts_it_may_become_a_role(clients, provisioned, role):
    iam = clients.session.client("iam")
    document = iam.get_role(RoleName=f"sentrypulse-prod-{role}")["Role"]["AssumeRolePolicyDocument"]
    # Whoever rules start is passed to those rules by Zappa, and EventBridge wants its trust.
    clock = [] if role == "edge" else ["events.amazonaws.com"]
    services = [one["Principal"]["Service"] for one in document["Statement"]]
    assert services == [["lambda.amazonaws.com", *clock] if clock else "lambda.amazonaws.com"]


def test_no_queue_takes_what_does_not_come_over_tls(clients, provisioned):
    from tests.infra.emulator import MADE

    policies = [
        made
        for made in MADE.values()
        if made["Type"] == "AWS::SQS::QueuePolicy" and len(made["Queues"]) in {2, 6}
    ]
    queues = {url for policy in policies for url in policy["Queues"] if "-prod-" in url}
    assert len(queues) == 8
    for policy in policies:
        [statement] = policy["PolicyDocument"]["Statement"]
        assert (statement["Effect"], statement["Action"]) == ("Deny", "sqs:*")
        assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


def test_every_queue_has_dead_letters_and_is_encrypted(clients, provisioned):
    for queue in ("Checks", "Results", "Deliveries", "Receipts"):
        found = clients.sqs.get_queue_attributes(
            QueueUrl=provisioned[f"{queue}QueueUrl"], AttributeNames=["All"]
        )
        policy = json.loads(found["Attributes"]["RedrivePolicy"])
        # The core's come again in seconds while the database is away: so more often before they are dead.
        assert int(policy["maxReceiveCount"]) == (12 if queue in {"Results", "Receipts"} else 5)
        assert policy["deadLetterTargetArn"].endswith(f"sentrypulse-prod-{queue.lower()}-dead")
        assert found["Attributes"]["SqsManagedSseEnabled"] == "true"
