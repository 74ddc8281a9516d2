"""AWS SAM and the Serverless Framework in Zappa's place: their files under their own tools, and one test of
both that functions come out as zappa_settings.json has them."""

import os
import re
import shutil
import subprocess
import zipfile
from pathlib import Path

import pytest
import yaml

from infra.callbacks import environment
from infra.serverless import make_template
from infra.stacks import FOLDER
from infra.stages import ZappaStage, read_zappa_config, rule_name

ROOT = Path(__file__).resolve().parent.parent.parent
SAM = ROOT / ".venv-sam" / "bin" / "sam"
SERVERLESS = os.environ.get("SERVERLESS", "")
OFFLINE = {
    "PATH": os.environ["PATH"],
    "HOME": "/nonexistent",
    "SAM_CLI_TELEMETRY": "0",
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_DEFAULT_REGION": "eu-west-1",
    "AWS_EC2_METADATA_DISABLED": "true",
}
QUEUES = ("Checks", "Results", "Deliveries", "Receipts")
REGION = "eu-west-1"
OUTPUTS = {
    **{f"{one}QueueUrl": f"https://sqs.{REGION}.amazonaws.com/1/{one}" for one in QUEUES},
    **{f"{one}QueueArn": f"arn:aws:sqs:{REGION}:123456789012:{one}QueueArn" for one in QUEUES},
    **{f"{one}RoleArn": f"arn:aws:iam::123456789012:role/{one}" for one in ("Api", "Core", "Edge")},
    **dict.fromkeys(["PackagesBucket", "PublishedBucket", "ArchiveBucket", "FromEmail", "RedisUrl"], "x"),
    "SubnetIds": "subnet-0123456789abcdef0,subnet-0123456789abcdef1",
    "FunctionsGroupId": "sg-0123456789abcdef0",
}
PLANES = ("api", "core", "edge", "migrate")


# What both come to, in one form


class _Tags(yaml.SafeLoader):
    """CloudFormation's short forms: ``!Ref X`` is read as ``X``."""


_Tags.add_multi_constructor(
    "!",
    lambda loader, tag, node: {
        yaml.ScalarNode: loader.construct_scalar,
        yaml.SequenceNode: loader.construct_sequence,
        yaml.MappingNode: loader.construct_mapping,
    }[type(node)](node),
)


def read_sam(plane):
    template = yaml.load((FOLDER / "sam" / "template.yaml").read_text(), Loader=_Tags)  # noqa: S506  # ours
    shared = template["Globals"]["Function"]
    made = template["Resources"][plane.capitalize()]["Properties"]
    events = [(one["Type"], one["Properties"]) for one in made.get("Events", {}).values()]
    retries = shared["EventInvokeConfig"]
    return {
        "handler": made["Handler"],
        "memory": made["MemorySize"],
        "timeout": made["Timeout"],
        "role": made["Role"].removesuffix("RoleArn").lower(),
        "package": Path(made["CodeUri"]).stem,
        "tracing": shared["Tracing"] == "Active",
        "retries": (retries["MaximumRetryAttempts"], retries["MaximumEventAgeInSeconds"]),
        "loops": made.get("RecursiveLoop") == "Allow",
        "snapshots": "SnapStart" in made,
        "ipv6": made.get("VpcConfig", {}).get("Ipv6AllowedForDualStack", False),
        "environment": set(shared["Environment"]["Variables"]) | set(made["Environment"]["Variables"]),
        "web": any(kind == "HttpApi" for kind, _ in events),
        "rules": {one["Name"].removesuffix("Rule").lower(): one["Schedule"]
                  for kind, one in events if kind == "Schedule"},
        "queues": {
            one["Queue"]: (
                one["BatchSize"],
                one.get("MaximumBatchingWindowInSeconds", 0),
                one["ScalingConfig"]["MaximumConcurrency"],
                one["FunctionResponseTypes"],
            )
            for kind, one in events
            if kind == "SQS"
        },
    }  # fmt: skip


def read_serverless(plane):
    written = make_template("prod", OUTPUTS, region=REGION, runtime="python3.12")
    written = yaml.safe_load(yaml.safe_dump(written))
    made = written["functions"][plane]
    more = written["resources"]["extensions"].get(f"{plane.capitalize()}LambdaFunction", {"Properties": {}})
    events = [next(iter(one.items())) for one in made.get("events", [])]
    return {
        "handler": made["handler"],
        "memory": made["memorySize"],
        "timeout": made["timeout"],
        "role": made["role"].rpartition("/")[2].lower(),
        "package": Path(made["package"]["artifact"]).stem,
        "tracing": written["provider"]["tracing"]["lambda"],
        "retries": (made["maximumRetryAttempts"], made["maximumEventAge"]),
        "loops": more["Properties"].get("RecursiveLoop") == "Allow",
        "snapshots": made.get("snapStart", False),
        "ipv6": more["Properties"].get("VpcConfig", {}).get("Ipv6AllowedForDualStack", False),
        "environment": set(made["environment"]),
        "web": ("httpApi", "*") in events,
        "rules": {
            one["name"].rpartition(".")[2]: one["rate"][0] for kind, one in events if kind == "schedule"
        },
        "queues": {
            one["arn"].rpartition(":")[2]: (
                one["batchSize"],
                one["maximumBatchingWindow"],
                one["maximumConcurrency"],
                [one["functionResponseType"]],
            )
            for kind, one in events
            if kind == "sqs"
        },
    }


def read_zappa(plane):
    stage = ZappaStage("prod", plane)
    config = read_zappa_config(stage.key)
    sources = [event["event_source"] for event in config.get("events", []) if "event_source" in event]
    rules = [event for event in config.get("events", []) if "expression" in event]
    return {
        "handler": config["lambda_handler"],
        "memory": config["memory_size"],
        "timeout": config["timeout_seconds"],
        "role": {"migrate": "core"}.get(plane, plane),
        "package": {"migrate": "core"}.get(plane, plane),
        "tracing": config["xray_tracing"],
        "retries": (config["event_retries"], config["event_age_s"]),
        "loops": bool(sources),
        "snapshots": config["warm"] == "snapstart",
        "ipv6": plane != "edge",
        "environment": set(environment(stage, OUTPUTS, REGION)),
        "web": config["apigateway_enabled"],
        "rules": {one["function"].rpartition(".")[2]: one["expression"] for one in rules},
        "queues": {
            one["arn"]: (
                one["batch_size"],
                one["batch_window"],
                one["max_concurrency"],
                ["ReportBatchItemFailures"],
            )
            for one in sources
        },
    }


@pytest.mark.parametrize("plane", PLANES)
@pytest.mark.parametrize("read", [read_sam, read_serverless], ids=["sam", "serverless"])
def test_functions_come_out_as_zappas(read, plane):
    found, asked = read(plane), read_zappa(plane)
    for one in (found, asked):
        one["environment"].discard("DATABASE_CA_FILE")  # with Zappa only where the file is
    assert found == asked


def test_serverless_keeps_names_stage_and_network():
    written = make_template("prod", OUTPUTS, region=REGION, runtime="python3.12")
    assert {plane: one["name"] for plane, one in written["functions"].items()} == {
        plane: ZappaStage("prod", plane).function for plane in PLANES
    }
    made = written["resources"]["extensions"]
    assert made["HttpApiStage"]["Properties"] == {"StageName": "prod"}  # what the distribution asks for
    assert made["CoreLambdaFunction"]["Properties"]["VpcConfig"] == {
        "SubnetIds": OUTPUTS["SubnetIds"].split(","),
        "SecurityGroupIds": [OUTPUTS["FunctionsGroupId"]],
        "Ipv6AllowedForDualStack": True,
    }
    rules = [one["schedule"]["name"] for one in written["functions"]["core"]["events"] if "schedule" in one]
    assert rules == [rule_name("prod", "scheduler"), rule_name("prod", "nightly")]
    assert written["resources"]["Outputs"]["ApiUrl"]["Value"]["Fn::Sub"].endswith(".amazonaws.com/prod")


# Their own tools


def make_packages(folder):
    folder.mkdir(parents=True)
    for name in ("api", "core", "edge"):
        with zipfile.ZipFile(folder / f"{name}.zip", "w") as package:
            package.writestr("who.txt", name)


@pytest.mark.skipif(not SAM.exists(), reason="AWS SAM is not installed: make .venv-sam/sam.stamp.")
def test_sam_validates_and_builds_the_same_functions(tmp_path):
    environment = OFFLINE | {"HOME": str(tmp_path), "AWS_ENDPOINT_URL": "http://127.0.0.1:9"}
    folder = tmp_path / "infra" / "sam"
    folder.mkdir(parents=True)
    shutil.copy(FOLDER / "sam" / "template.yaml", folder)
    make_packages(tmp_path / "build" / "sam")
    for command in (["validate", "--lint"], ["build"]):
        ran = subprocess.run(
            [SAM, *command, "--template", "template.yaml"],
            cwd=folder,
            env=environment,
            capture_output=True,
            text=True,
        )
        assert ran.returncode == 0, ran.stdout + ran.stderr
    built = (folder / ".aws-sam" / "build" / "template.yaml").read_text()
    assert set(re.findall(r"CodeUri: \S*/(\w+)\.zip", built)) == {"api", "core", "edge"}


@pytest.mark.skipif(not SERVERLESS, reason="npm install serverless@3, and name its command in SERVERLESS.")
def test_the_serverless_framework_packages_the_same_functions(tmp_path):
    import json

    make_packages(tmp_path / "build" / "sam")
    folder = tmp_path / "build" / "serverless"
    folder.mkdir()
    written = make_template(
        "prod", OUTPUTS | {"PackagesBucket": "packages"}, region=REGION, runtime="python3.12"
    )
    (folder / "serverless.yml").write_text(yaml.safe_dump(written))
    quiet = {"SLS_TELEMETRY_DISABLED": "1", "SLS_INTERACTIVE_SETUP_ENABLE": "0", "HOME": str(tmp_path)}
    command = [SERVERLESS, "package", "--package", "out"]
    ran = subprocess.run(command, cwd=folder, env=OFFLINE | quiet, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    made = json.loads((folder / "out" / "cloudformation-template-update-stack.json").read_text())["Resources"]
    kinds = [one["Type"].removeprefix("AWS::") for one in made.values()]
    counted = {kind: kinds.count(kind) for kind in ("Lambda::Function", "Lambda::EventSourceMapping")}
    assert counted == {"Lambda::Function": 4, "Lambda::EventSourceMapping": 4}
    core = made["CoreLambdaFunction"]["Properties"]
    assert core["VpcConfig"]["SubnetIds"] == OUTPUTS["SubnetIds"].split(",")
    assert made["HttpApiStage"]["Properties"]["StageName"] == "prod"
