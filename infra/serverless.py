"""``serverless.yml`` for the Serverless Framework (3, which asks for no account of its own), out of
zappa_settings.json and what provision made: the same packages, names, roles and settings as Zappa's.

What that framework has no word for (IPv6 inside the VPC, calls that lead to calls, the stage in front of the
paths that the distribution asks for) is set on what it makes, by ``resources.extensions``.
"""

from typing import Any

import yaml

from infra.callbacks import LOOPS, fill_settings
from infra.clients import Clients
from infra.outputs import read_outputs
from infra.stages import PROJECT, ZappaStage, read_zappa_config, rule_name, zappa_stages

PACKAGES = {"api": "api", "core": "core", "edge": "edge", "migrate": "core"}
"""By plane, the package in build/sam (make sam-packages)."""


def write_template(clients: Clients, stage: str, *, runtime: str) -> str:
    """The text of serverless.yml. Raises ``NotProvisioned``."""
    outputs, region = read_outputs(clients, stage), clients.session.region_name or ""
    text = yaml.safe_dump(
        make_template(stage, outputs, region=region, runtime=runtime), sort_keys=False, width=110
    )
    return f"# By make serverless, of zappa_settings.json: change that, not this.\n{text}"


def make_template(stage: str, outputs: dict[str, str], *, region: str, runtime: str) -> dict[str, Any]:
    """The same as a dictionary. Raises ``NotProvisioned``."""
    configs = {}
    for zappa in zappa_stages(stage):
        config = read_zappa_config(zappa.key)
        configs[zappa] = config | fill_settings(zappa, config, outputs, region=region)
    return {
        "service": PROJECT,
        "frameworkVersion": "3",
        "configValidationMode": "warn",  # its last version is older than Python 3.12 on Lambda
        "provider": {
            "name": "aws",
            "stage": stage,
            "region": region,
            "runtime": runtime,
            "architecture": "x86_64",
            "stackName": f"{PROJECT}-{stage}-functions",
            "deploymentBucket": {"name": outputs["PackagesBucket"]},
            "deploymentPrefix": "serverless",
            "versionFunctions": False,  # but for snapshots, which need one
            "tracing": {"lambda": True},
            "httpApi": {"payload": "2.0"},
        },
        "package": {"individually": True},
        "functions": {zappa.plane: _spell_function(zappa, config) for zappa, config in configs.items()},
        "resources": _spell_rest(stage, configs),
    }


def _spell_function(zappa: ZappaStage, config: dict[str, Any]) -> dict[str, Any]:
    spelled = {
        "name": zappa.function,
        "description": config["lambda_description"],
        "handler": config["lambda_handler"],
        "role": config["role_arn"],
        "memorySize": config["memory_size"],
        "timeout": config["timeout_seconds"],
        "environment": config["aws_environment_variables"],
        "tags": config["tags"],
        "maximumRetryAttempts": config["event_retries"],
        "maximumEventAge": config["event_age_s"],
        "disableLogs": True,  # the group is there, with its retention (infra/roles.yaml)
        "package": {"artifact": f"../sam/{PACKAGES[zappa.plane]}.zip"},
    }
    if config["warm"] == "snapstart":
        spelled["snapStart"] = True
    events = [_spell_event(zappa.stage, event) for event in config.get("events", [])]
    if config["apigateway_enabled"]:
        events.append({"httpApi": "*"})
    return spelled | ({"events": events} if events else {})


def _spell_event(stage: str, event: dict[str, Any]) -> dict[str, Any]:
    if source := event.get("event_source"):
        return {
            "sqs": {
                "arn": source["arn"],
                "batchSize": source["batch_size"],
                "maximumBatchingWindow": source["batch_window"],
                "maximumConcurrency": source["max_concurrency"],
                "functionResponseType": "ReportBatchItemFailures",
                "enabled": source["enabled"],
            }
        }
    job = event["function"].rpartition(".")[2]
    return {"schedule": {"name": rule_name(stage, job), "rate": [event["expression"]]}}


def _spell_rest(stage: str, configs: dict[ZappaStage, dict[str, Any]]) -> dict[str, Any]:
    changes: dict[str, Any] = {"HttpApiStage": {"Properties": {"StageName": stage}}}
    for zappa, config in configs.items():
        properties: dict[str, Any] = {}
        if network := config.get("vpc_config"):  # whole: an extension takes a property's place
            properties["VpcConfig"] = network
        if any("event_source" in event for event in config.get("events", [])):
            properties["RecursiveLoop"] = LOOPS
        if properties:
            changes[f"{zappa.plane.capitalize()}LambdaFunction"] = {"Properties": properties}
    host = {"Fn::Sub": "${HttpApi}.execute-api.${AWS::Region}.amazonaws.com"}
    url = {"Fn::Sub": f"https://${{HttpApi}}.execute-api.${{AWS::Region}}.amazonaws.com/{stage}"}
    return {"extensions": changes, "Outputs": {"ApiDomain": {"Value": host}, "ApiUrl": {"Value": url}}}
