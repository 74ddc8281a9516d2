"""IAM as far as a policy of ours uses it: what a call needs, and whether the statements allow it."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.infra.emulator.calls import Call, Refused, matches

ACCOUNT = "123456789012"
_OTHER_NAMES = {
    "lambda:Invoke": "lambda:InvokeFunction",
    "s3:AbortMultipartUpload": "s3:AbortMultipartUpload",
    "s3:CompleteMultipartUpload": "s3:PutObject",
    "s3:CreateMultipartUpload": "s3:PutObject",
    "s3:DeleteObjects": "s3:DeleteObject",
    "s3:HeadBucket": "s3:ListBucket",
    "s3:HeadObject": "s3:GetObject",
    "s3:ListBuckets": "s3:ListAllMyBuckets",
    "s3:ListObjectVersions": "s3:ListBucketVersions",
    "s3:ListObjectsV2": "s3:ListBucket",
    "s3:UploadPart": "s3:PutObject",
}
_PREFIXES = {"sesv2": "ses", "service-quotas": "servicequotas"}
_OF_NO_RESOURCE = {
    "cloudformation:ListStacks",
    "events:ListRuleNamesByTarget",
    "events:ListRules",
    "lambda:GetAccountSettings",
    "lambda:GetEventSourceMapping",
    "lambda:ListEventSourceMappings",
    "lambda:ListFunctions",
    "s3:ListBuckets",
    "ssm:DescribeParameters",
}
_OF_A_RESOURCE = {"events:DescribeRule"}
"""https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoneventbridge.html; any other
Describe is asked of no resource here, which is as AWS has it, or stricter."""
_MAPPINGS = {"CreateEventSourceMapping", "UpdateEventSourceMapping", "DeleteEventSourceMapping"}


class Policy:
    """A policy document; ``check`` refuses as IAM does. ``used`` are the actions that were asked for."""

    def __init__(self, path: Path) -> None:
        self.statements: list[dict[str, Any]] = json.loads(path.read_text())["Statement"]
        self.used: set[str] = set()

    def check(self, call: Call) -> None:
        """Raises ``Refused`` for what the policy does not allow."""
        for action, resource, context in list_needs(call):
            self.used.add(action)
            if not self.allows(action, resource, context):
                raise Refused(
                    "AccessDenied"
                    if call.service in {"s3", "rds", "iam", "sns"}
                    else "AccessDeniedException",
                    f"User: arn:aws:iam::{ACCOUNT}:user/deployer is not authorized to perform: {action} on"
                    f" resource: {resource} because no identity-based policy allows the {action} action",
                    403,
                )

    def allows(self, action: str, resource: str, context: dict[str, str] | None = None) -> bool:
        return any(
            _listed(statement["Action"], action)
            and _listed(statement["Resource"], resource)
            and _holds(statement.get("Condition", {}), context or {})
            for statement in self.statements
        )


def _list(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value


def _listed(patterns: str | list[str], text: str) -> bool:
    return any(matches(pattern, text) for pattern in _list(patterns))


def _holds(conditions: dict[str, dict[str, Any]], context: dict[str, str]) -> bool:
    return all(
        key in context and _listed(values, context[key])
        for tests in conditions.values()
        for key, values in tests.items()
    )


def list_needs(call: Call) -> Iterator[tuple[str, str, dict[str, str]]]:
    """Actions with their resources, and what conditions may look at. Who one is, one may always ask."""
    if str(call) == "sts:GetCallerIdentity":
        return
    action = _action_of(call)
    context = {}
    if call.operation in _MAPPINGS:
        function = call.asked.get("FunctionName", "sentrypulse-x").rpartition("function:")[2]
        context["lambda:FunctionArn"] = f"arn:aws:lambda:{call.region}:{ACCOUNT}:function:{function}"
    yield action, _resource_of(call), context
    passed = call.asked.get("Role" if call.service == "lambda" else "RoleArn", "")
    if passed and call.operation in {"CreateFunction", "UpdateFunctionConfiguration", "PutRule"}:
        yield "iam:PassRole", passed, {"iam:PassedToService": f"{call.service}.amazonaws.com"}


def _action_of(call: Call) -> str:
    if call.service in {"apigateway", "apigatewayv2"}:
        return f"apigateway:{call.model.http['method']}"
    return _OTHER_NAMES.get(str(call), f"{_PREFIXES.get(call.service, call.service)}:{call.operation}")


def _resource_of(call: Call) -> str:
    of_none = call.operation.startswith("Describe") and str(call) not in _OF_A_RESOURCE
    if str(call) in _OF_NO_RESOURCE or call.operation in _MAPPINGS or of_none:
        return "*"
    asked, place = call.asked, f"{call.region}:{ACCOUNT}"
    match call.service:
        case "apigateway" | "apigatewayv2":
            return f"arn:aws:apigateway:{call.region}::/apis/x"
        case "cloudformation":
            return f"arn:aws:cloudformation:{place}:stack/{asked.get('StackName', '*')}/x"
        case "events":
            return f"arn:aws:events:{place}:rule/{asked.get('Name') or asked.get('Rule')}"
        case "iam":
            return f"arn:aws:iam::{ACCOUNT}:role/{asked.get('RoleName')}"
        case "lambda":
            name = str(asked.get("FunctionName") or asked.get("Resource", "")).rpartition("function:")[2]
            return f"arn:aws:lambda:{place}:function:{name}"
        case "logs":
            return f"arn:aws:logs:{place}:log-group:{asked.get('logGroupName')}"
        case "rds":
            return f"arn:aws:rds:{place}:cluster:{asked.get('DBClusterIdentifier')}"
        case "s3":
            return f"arn:aws:s3:::{asked.get('Bucket')}" + (f"/{asked['Key']}" if "Key" in asked else "")
        case "sqs":
            return (
                f"arn:aws:sqs:{place}:{str(asked.get('QueueUrl', asked.get('QueueName'))).rpartition('/')[2]}"
            )
        case "ssm":
            names = asked.get("Name") or asked.get("Path") or next(iter(asked.get("Names", [])), "")
            return f"arn:aws:ssm:{place}:parameter{names}"
    return "*"
