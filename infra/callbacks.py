"""What Zappa calls while it works (``callbacks`` in zappa_settings.json): before anything, to be told what is
where; at the end, to set what it cannot, and to fail the deployment when something stands otherwise."""

import copy
import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

if (root := str(Path(__file__).resolve().parent.parent)) not in sys.path:
    sys.path.insert(0, root)  # Zappa loads this file by its path, and would find nothing beside it

from core.engine import Engine
from infra.clients import Clients
from infra.mappings import WAIT_S, StaysBusy, arn_of, find_wrong_mapping, list_mappings, settle_mapping
from infra.outputs import need, read_outputs
from infra.stages import ZappaStage, env_path, read_zappa_stage
from infra.zappa_overrides import Zappa, forget_websockets

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_lambda.type_defs import WaiterConfigTypeDef

CERTIFICATES = Path(__file__).parent / "rds-bundle.pem"
"""RDS's certificate authorities; packaged. From https://truststore.pki.rds.amazonaws.com/global/global-bundle.pem"""
LOOPS: Literal["Allow"] = "Allow"
"""What comes of a message is a message: a check, its result, the recheck that it asks for, and so on; a
long job wakes itself. Lambda takes that for a runaway at about the sixteenth round, and drops the batch:
https://docs.aws.amazon.com/lambda/latest/dg/invocation-recursion.html"""
ROLES = {"api": "ApiRoleArn", "core": "CoreRoleArn", "edge": "EdgeRoleArn", "migrate": "CoreRoleArn"}
IN_VPC = {"api", "core", "migrate"}
WARM: dict[str, dict[str, Any]] = {
    "snapstart": {"snap_start": "PublishedVersions", "keep_warm": False},
    "keep_warm": {"keep_warm": True, "keep_warm_expression": "rate(4 minutes)"},
    "none": {"keep_warm": False},
}
"""The one setting ``warm`` of a stage, as Zappa spells it. What each costs: docs/deploy.md."""


class DeployRefused(Exception):
    """The function does not stand as zappa_settings.json asks; its text says what to do."""


def settings(zappa: Zappa) -> None:
    """Fill in what only the account knows, from the stacks' outputs, and have Zappa read its settings again.

    Raises ``NotProvisioned`` where a stack is missing.
    """
    stage = read_zappa_stage(zappa.api_stage)
    if stage.plane in IN_VPC and zappa.command in {"deploy", "update", "package"}:
        check_certificates()
    clients = Clients(zappa.aws_region or "")
    outputs = read_outputs(clients, stage.stage)
    region = clients.session.region_name or ""
    if "HomeRegion" in outputs and stage.plane != "edge":
        raise DeployRefused(
            f"Only {stage.stage}_edge runs in {region}: {stage.stage} is at home in {outputs['HomeRegion']}."
        )
    for key, value in fill_settings(stage, zappa.stage_config, outputs, region=region).items():
        zappa.override_stage_config_setting(key, value)
    zappa.load_settings(zappa.vargs.get("settings_file"))
    forget_websockets(zappa)


def check_certificates() -> None:
    """Raises ``DeployRefused`` where the database's certificates are missing: Aurora takes TLS only, and the
    driver must be able to tell it from somebody else. An emulator needs none."""
    if not CERTIFICATES.is_file() and not os.environ.get("AWS_ENDPOINT_URL"):
        raise DeployRefused(
            f"{CERTIFICATES.name} is missing: curl -o infra/{CERTIFICATES.name}"
            " https://truststore.pki.rds.amazonaws.com/global/global-bundle.pem"
        )


def fill_settings(
    stage: ZappaStage, config: dict[str, Any], outputs: dict[str, str], *, region: str
) -> dict[str, Any]:
    """The settings of ``config`` that differ once the outputs are known. A function takes messages of its own
    region only, so a further edge's has no deliveries."""

    def output(name: str) -> str:
        return need(outputs, name, stage=stage.stage)

    filled: dict[str, Any] = {
        "aws_region": region,
        "s3_bucket": output("PackagesBucket"),
        "role_arn": output(ROLES[stage.plane]),
        "tags": {"Project": "sentrypulse", "Stage": stage.stage, "Plane": stage.plane},
        "aws_environment_variables": {
            **environment(stage, outputs, region),
            **config.get("aws_environment_variables", {}),  # what somebody wrote there is meant
        },
        **warm_settings(config),
    }
    if stage.plane in IN_VPC:
        filled["vpc_config"] = {
            "SubnetIds": output("SubnetIds").split(","),
            "SecurityGroupIds": [output("FunctionsGroupId")],
            "Ipv6AllowedForDualStack": True,
        }
    if "events" in config:
        events = [_fill_event(event, output) for event in config["events"]]
        filled["events"] = [event for event in events if _is_here(event, region)]
    return filled


def _fill_event(event: dict[str, Any], output: Any) -> dict[str, Any]:
    event = copy.deepcopy(event)
    if source := event.get("event_source"):
        source["arn"] = output(source["arn"])
    return event


def _is_here(event: dict[str, Any], region: str) -> bool:
    """``arn:aws:sqs:eu-west-1:…`` is in eu-west-1; what the clock starts is anywhere."""
    return "event_source" not in event or event["event_source"]["arn"].split(":")[3] == region


def warm_settings(config: dict[str, Any]) -> dict[str, Any]:
    warm = config.get("warm", "none")
    if warm not in WARM:
        raise DeployRefused(f"warm in zappa_settings.json is one of {', '.join(WARM)}, not {warm!r}.")
    return WARM[warm]


def environment(stage: ZappaStage, outputs: dict[str, str], region: str) -> dict[str, str]:
    """The environment of the Lambda function: addresses, no secrets. Secrets are in the parameter store.

    An edge knows the queue of checks of its own region. The functions that send checks know those of all
    regions.
    """

    def output(name: str) -> str:
        return need(outputs, name, stage=stage.stage)

    own = f"{region}={output('ChecksQueueUrl')}"
    shared = {
        "ENGINE": Engine.SERVERLESS.value,
        "LOG_FORMAT": "json",
        "CHECKS_QUEUE_URL": own,
        "RESULTS_QUEUE_URL": output("ResultsQueueUrl"),
        "DELIVERIES_QUEUE_URL": output("DeliveriesQueueUrl"),
        "RECEIPTS_QUEUE_URL": output("ReceiptsQueueUrl"),
    }
    if stage.plane == "edge":  # every e-mail leaves from here
        return {
            **shared,
            "EMAIL_URL": f"ses://{outputs.get('HomeRegion', region)}",
            "DEFAULT_FROM_EMAIL": output("FromEmail"),
        }
    return {
        **shared,
        "CHECKS_QUEUE_URL": ",".join(filter(None, [own, outputs.get("EdgeQueueUrls")])),
        "AWS_USE_DUALSTACK_ENDPOINT": "true",  # inside the VPC there is IPv6 only
        "INSTANTIATE_LAMBDA_HANDLER_ON_IMPORT": "1",  # a start that fails ends the sandbox
        "SSM_PATH": env_path(stage.stage),
        "EDGE_FUNCTION": ZappaStage(stage.stage, "edge").function,
        "TRUSTED_PROXIES": outputs.get("TrustedProxies", "2"),  # CloudFront, API Gateway: an address each
        **({"DATABASE_CA_FILE": f"/var/task/{CERTIFICATES.name}"} if CERTIFICATES.is_file() else {}),
        "DATA_DIR": "/tmp/sentrypulse",  # noqa: S108  # the one place where a function may write
        "PUBLISH_URL": f"s3://{output('PublishedBucket')}?region={region}",
        "ARCHIVE_URL": f"s3://{output('ArchiveBucket')}?region={region}",
        **({"REDIS_URL": outputs["RedisUrl"]} if "RedisUrl" in outputs else {}),
    }


# After a deployment


def post(zappa: Zappa) -> None:
    """Set what Zappa cannot, then look whether everything is as asked. Raises ``DeployRefused``."""
    functions = Clients(zappa.aws_region or "").functions
    finish_function(functions, zappa.lambda_name, zappa.stage_config)


def wait_until_ready(functions: "LambdaClient", function: str) -> None:
    """Wait until Lambda takes changes: after a first deployment the function is Pending, after a later one
    its update is InProgress. Raises botocore's ``WaiterError`` after three minutes."""
    patience: WaiterConfigTypeDef = {"Delay": 1, "MaxAttempts": 180}
    functions.get_waiter("function_active_v2").wait(FunctionName=function, WaiterConfig=patience)
    functions.get_waiter("function_updated_v2").wait(FunctionName=function, WaiterConfig=patience)


def finish_function(
    functions: "LambdaClient",
    function: str,
    config: dict[str, Any],
    *,
    tries: int = 30,
    wait_s: float = WAIT_S,
) -> None:
    """Set and verify what Zappa does not set. A deployment without ReportBatchItemFailures fails here,
    because SQS would then delete a whole batch whatever the function answers."""
    wait_until_ready(functions, function)
    functions.put_function_event_invoke_config(FunctionName=function, **_spell_retries(config))
    try:
        for source in _list_sources(config):
            settle_mapping(functions, arn_of(functions, function), source, wait_s=wait_s)
    except StaysBusy as busy:
        raise DeployRefused(str(busy)) from None
    if _list_sources(config):
        functions.put_function_recursion_config(FunctionName=function, RecursiveLoop=LOOPS)
    for attempt in range(tries):
        wrong = find_wrong(functions, function, config)
        if not wrong:
            print(f"Verified: {function} stands as asked.")  # noqa: T201  # Zappa's own way of telling
            return
        if attempt < tries - 1:
            time.sleep(min(0.2 * 2**attempt, 5.0))  # mappings and configurations change in the background
    raise DeployRefused(f"{function} does not stand as asked: {' '.join(wrong)}")


def _list_sources(config: dict[str, Any]) -> list[dict[str, Any]]:
    return [event["event_source"] for event in config.get("events", []) if "event_source" in event]


def _spell_retries(config: dict[str, Any]) -> Any:
    """Lambda's retries of calls that nobody waits for, above all EventBridge's. By default it would retry
    them for six hours."""
    return {
        "MaximumRetryAttempts": config["event_retries"],
        "MaximumEventAgeInSeconds": config["event_age_s"],
    }


def find_wrong(functions: "LambdaClient", function: str, config: dict[str, Any]) -> list[str]:
    """A sentence for each thing that is not as asked; nothing when all is well."""
    wrong: list[str] = []
    arn = arn_of(functions, function)
    for source in _list_sources(config):
        wrong += find_wrong_mapping(source, list_mappings(functions, arn, source["arn"]))
    if _list_sources(config):
        loops = functions.get_function_recursion_config(FunctionName=function)["RecursiveLoop"]
        if loops != LOOPS:
            wrong.append(f"{function} may not go round: Lambda would drop rechecks and long jobs.")
    stands: Any = functions.get_function_configuration(FunctionName=function)
    return (
        wrong
        + _find_wrong_retries(functions, function, config)
        + _find_wrong_regions(function, config, stands)
        + _find_wrong_network(function, config, stands)
    )


def _find_wrong_retries(functions: "LambdaClient", function: str, config: dict[str, Any]) -> list[str]:
    try:
        stands: Any = functions.get_function_event_invoke_config(FunctionName=function)
    except functions.exceptions.ResourceNotFoundException:
        stands = {}
    if any(stands.get(name) != value for name, value in _spell_retries(config).items()):
        return [f"{function} would be started late and again for a minute that is over; deploy again."]
    return []


def _find_wrong_regions(function: str, config: dict[str, Any], stands: Any) -> list[str]:
    asked = config["aws_environment_variables"]["CHECKS_QUEUE_URL"]
    if stands.get("Environment", {}).get("Variables", {}).get("CHECKS_QUEUE_URL") == asked:
        return []
    regions = ", ".join(part.partition("=")[0] for part in asked.split(","))
    return [f"{function} does not know that checks are made in {regions}; deploy again."]


def _find_wrong_network(function: str, config: dict[str, Any], configuration: Any) -> list[str]:
    asked = config.get("vpc_config") or {}
    stands = configuration.get("VpcConfig", {})
    if not asked:
        return [f"{function} is inside a VPC and should not be."] if stands.get("SubnetIds") else []
    wrong = []
    if sorted(stands.get("SubnetIds", [])) != sorted(asked["SubnetIds"]):
        wrong.append(f"{function} is not in the private subnets.")
    if not stands.get("Ipv6AllowedForDualStack"):
        wrong.append(f"{function} may not use IPv6, and would reach neither its queues nor its parameters.")
    return wrong
