"""What of a resource's properties CloudFormation, or the service behind it, would refuse, once parameters and
references are known: by the type's own schema in AWS's registry (as cfn-lint ships it), and by the model of
the call that makes it, for properties that are parameters of it, too.

cfn-lint itself sees templates before their parameters have values, and moto looks at next to nothing.
"""

import json
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

import cfnlint
import jsonschema
import regex
from moto.core.utils import get_service_model

from tests.infra.emulator.constraints import find_violations

_SCHEMAS = Path(cfnlint.__file__).parent / "data" / "schemas"
_SERVICES = {
    "CloudFront": "cloudfront",
    "CloudWatch": "cloudwatch",
    "EC2": "ec2",
    "ElastiCache": "elasticache",
    "IAM": "iam",
    "Logs": "logs",
    "RDS": "rds",
    "S3": "s3",
    "SNS": "sns",
    "SQS": "sqs",
    "SSM": "ssm",
}
_MAKES = {
    "AWS::CloudWatch::Alarm": "PutMetricAlarm",
    "AWS::CloudWatch::Dashboard": "PutDashboard",
    "AWS::EC2::Instance": "RunInstances",
    "AWS::EC2::VPCEndpoint": "CreateVpcEndpoint",
    "AWS::EC2::VPC": "CreateVpc",
    "AWS::Logs::MetricFilter": "PutMetricFilter",
    "AWS::SNS::Subscription": "Subscribe",
    "AWS::SSM::Parameter": "PutParameter",
}


def check_resource(kind: str, properties: dict[str, Any]) -> list[str]:
    """Sentences, each about one property; none when AWS would take it."""
    return [*_check_by_registry(kind, properties), *_check_by_call(kind, properties)]


@lru_cache(maxsize=100)
def read_schema(kind: str) -> dict[str, Any] | None:
    """The type's schema in AWS's registry; None where there is none."""
    named = json.loads((_SCHEMAS / "providers" / "us-east-1.json").read_text()).get(kind)
    schema: dict[str, Any] | None = (
        json.loads((_SCHEMAS / "resources" / f"{named}.json").read_text()) if named else None
    )
    return schema


def _check_by_registry(kind: str, properties: dict[str, Any]) -> Iterator[str]:
    schema = read_schema(kind)
    if schema is None:
        return
    given = _coerce(properties, schema, schema)
    for fault in _Validator(schema).iter_errors(given):
        where = ".".join(map(str, fault.absolute_path))
        yield f"{where}: {fault.message}".lstrip(": ")


def _check_by_call(kind: str, properties: dict[str, Any]) -> Iterator[str]:
    _, service, name = kind.split("::")
    if service not in _SERVICES:
        return
    model = get_service_model(_SERVICES[service])
    operation = _MAKES.get(kind, f"Create{name}")
    if operation not in model.operation_names:
        return
    shape = model.operation_model(operation).input_shape
    for member, value in properties.items():
        if member in shape.members and _is_like(value, shape.members[member].type_name):
            yield from find_violations(value, shape.members[member], member)


def _is_like(value: Any, kind: str) -> bool:
    """Is it of the call's own form? Structures are often spelled otherwise in templates."""
    if kind == "string":
        return isinstance(value, str)
    if kind in {"integer", "long"}:
        return isinstance(value, int | str) and str(value).isdigit()
    return False


def _pattern(validator: Any, pattern: str, value: Any, schema: Any) -> Iterator[Any]:
    if isinstance(value, str) and not regex.search(pattern, value):
        yield jsonschema.ValidationError(f"{value!r} does not match {pattern!r}")


_Validator = jsonschema.validators.extend(jsonschema.Draft7Validator, {"pattern": _pattern})


def _coerce(value: Any, schema: Any, root: Any) -> Any:
    """``value`` with the types that the schema asks for, where CloudFormation would read them so: every
    parameter is a text or a number, also one that stands for a truth value."""
    schema = _follow(schema, root)
    kinds = schema.get("type", [])
    kinds = [kinds] if isinstance(kinds, str) else kinds
    if isinstance(value, dict):
        parts = schema.get("properties", {})
        return {k: _coerce(v, parts.get(k, {}), root) for k, v in value.items() if v is not None}
    if isinstance(value, list):
        return [_coerce(one, schema.get("items", {}), root) for one in value if one is not None]
    if "string" in kinds and isinstance(value, int | float) and "number" not in kinds:
        return str(value).lower() if isinstance(value, bool) else str(value)
    if not isinstance(value, str) or "string" in kinds:
        return value
    if "boolean" in kinds and value in {"true", "false"}:
        return value == "true"
    if "integer" in kinds and value.lstrip("-").isdigit():
        return int(value)
    if "number" in kinds and regex.fullmatch(r"-?\d+(\.\d+)?", value):
        return float(value)
    return value


def _follow(schema: Any, root: Any) -> Any:
    while isinstance(schema, dict) and "$ref" in schema:
        found = root
        for part in schema["$ref"].removeprefix("#/").split("/"):
            found = found[part]
        schema = found
    return schema if isinstance(schema, dict) else {}
