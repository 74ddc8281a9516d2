"""What Zappa is told, where it can be seen without Zappa."""

import json

import pytest

from infra import callbacks
from infra.callbacks import DeployRefused, environment, fill_settings, warm_settings
from infra.outputs import NotProvisioned
from infra.stages import WrongStage, ZappaStage, read_zappa_config, read_zappa_stage, rule_name, zappa_stages
from tests.infra.test_stacks_templates import ROOT

OUTPUTS = {
    "PackagesBucket": "packages",
    "PublishedBucket": "published",
    "ArchiveBucket": "archive",
    "ApiRoleArn": "arn:api",
    "CoreRoleArn": "arn:core",
    "EdgeRoleArn": "arn:edge",
    "SubnetIds": "subnet-a,subnet-b",
    "FunctionsGroupId": "sg-a",
    "FromEmail": "alerts@example.com",
    **{
        f"{queue}QueueArn": f"arn:aws:sqs:eu-west-1:1:{queue}"
        for queue in ("Checks", "Results", "Deliveries", "Receipts")
    },
    **{
        f"{queue}QueueUrl": f"https://sqs/1/{queue}"
        for queue in ("Checks", "Results", "Deliveries", "Receipts")
    },
}


def filled(key, **more):
    return fill_settings(read_zappa_stage(key), read_zappa_config(key) | more, OUTPUTS, region="eu-west-1")


def sources(settings):
    return [event["event_source"]["arn"] for event in settings["events"] if "event_source" in event]


def test_zappa_settings_hold_nothing_of_an_account():
    text = (ROOT / "zappa_settings.json").read_text()
    assert not [word for word in ("arn:", "subnet-", "sg-", "https://", "amazonaws") if word in text]


def test_both_stages_have_all_their_planes():
    stages = json.loads((ROOT / "zappa_settings.json").read_text())
    for stage in ("prod", "dev"):
        assert {zappa.key for zappa in zappa_stages(stage)} <= set(stages)


def test_every_handler_and_event_names_code_that_there_is():
    for key in ("prod", "prod_core", "prod_edge", "prod_migrate"):
        config = read_zappa_config(key)
        paths = [config["lambda_handler"], *(event["function"] for event in config.get("events", []))]
        for path in paths:
            module, _, function = path.rpartition(".")
            assert f"def {function}(event" in (ROOT / f"{module.replace('.', '/')}.py").read_text(), path
            assert "-" not in path
            assert len(path) <= 63


def test_the_edge_is_outside_the_vpc_and_has_no_parameters():
    settings = filled("prod_edge")
    assert "vpc_config" not in settings
    assert settings["role_arn"] == "arn:edge"
    assert "SSM_PATH" not in settings["aws_environment_variables"]
    assert settings["aws_environment_variables"]["EMAIL_URL"] == "ses://eu-west-1"
    assert settings["aws_environment_variables"]["DEFAULT_FROM_EMAIL"] == "alerts@example.com"
    assert sources(settings) == ["arn:aws:sqs:eu-west-1:1:Checks", "arn:aws:sqs:eu-west-1:1:Deliveries"]


THERE = OUTPUTS | {
    "HomeRegion": "eu-west-1",
    "PackagesBucket": "packages-there",
    "ChecksQueueArn": "arn:aws:sqs:us-east-1:1:Checks",
    "ChecksQueueUrl": "https://sqs.us-east-1/1/Checks",
}


def test_a_further_edge_takes_the_checks_of_its_region_and_all_else_is_at_home():
    settings = fill_settings(
        read_zappa_stage("prod_edge"), read_zappa_config("prod_edge"), THERE, region="us-east-1"
    )
    assert sources(settings) == ["arn:aws:sqs:us-east-1:1:Checks"]
    assert (settings["s3_bucket"], settings["role_arn"]) == ("packages-there", "arn:edge")
    variables = settings["aws_environment_variables"]
    assert variables["CHECKS_QUEUE_URL"] == "us-east-1=https://sqs.us-east-1/1/Checks"
    assert variables["RESULTS_QUEUE_URL"] == OUTPUTS["ResultsQueueUrl"]
    assert variables["EMAIL_URL"] == "ses://eu-west-1"


@pytest.mark.parametrize("plane", ["core", "api", "migrate", "edge"])
def test_who_sends_checks_knows_every_region_and_an_edge_its_own(plane):
    outputs = OUTPUTS | {"EdgeQueueUrls": "us-east-1=https://sqs.us-east-1/1/Checks"}
    given = environment(ZappaStage("prod", plane), outputs, "eu-west-1")["CHECKS_QUEUE_URL"]
    assert given == "eu-west-1=https://sqs/1/Checks" + (
        "" if plane == "edge" else ",us-east-1=https://sqs.us-east-1/1/Checks"
    )


def test_what_zappa_settings_say_of_the_environment_is_what_counts():
    given = {"EMAIL_URL": "smtp+tls://mail.example.com", "PROBE_CONCURRENCY": "50"}
    variables = filled("prod_edge", aws_environment_variables=given)["aws_environment_variables"]
    assert variables.items() >= given.items()
    assert variables["DEFAULT_FROM_EMAIL"] == "alerts@example.com"


def test_the_core_is_inside_and_reaches_aws_over_ipv6():
    settings = filled("prod_core")
    assert settings["vpc_config"] == {
        "SubnetIds": ["subnet-a", "subnet-b"],
        "SecurityGroupIds": ["sg-a"],
        "Ipv6AllowedForDualStack": True,
    }
    variables = settings["aws_environment_variables"]
    assert variables["AWS_USE_DUALSTACK_ENDPOINT"] == "true"
    assert variables["CHECKS_QUEUE_URL"] == "eu-west-1=https://sqs/1/Checks"
    assert variables["EDGE_FUNCTION"] == "sentrypulse-prod-edge"


def test_the_core_archives_to_the_stages_own_bucket_unless_told_otherwise():
    assert filled("prod_core")["aws_environment_variables"]["ARCHIVE_URL"] == "s3://archive?region=eu-west-1"
    off = filled("prod_core", aws_environment_variables={"ARCHIVE_URL": ""})
    assert off["aws_environment_variables"]["ARCHIVE_URL"] == ""
    assert "ARCHIVE_URL" not in filled("prod_edge")["aws_environment_variables"]


def test_every_variable_that_functions_are_given_is_a_documented_setting():
    documented = (ROOT / "docs" / "configuration.md").read_text()
    given = environment(ZappaStage("prod", "core"), OUTPUTS | {"RedisUrl": "rediss://x:6379"}, "eu-west-1")
    of_zappa = {"INSTANTIATE_LAMBDA_HANDLER_ON_IMPORT"}
    assert {name for name in given if f"`{name}`" not in documented} <= of_zappa


@pytest.mark.parametrize(
    ("warm", "expected"),
    [
        ("snapstart", {"snap_start": "PublishedVersions", "keep_warm": False}),
        ("keep_warm", {"keep_warm": True, "keep_warm_expression": "rate(4 minutes)"}),
        ("none", {"keep_warm": False}),
    ],
)
def test_one_setting_chooses_what_keeps_the_api_warm(warm, expected):
    assert filled("prod", warm=warm).items() >= expected.items()


def test_a_way_of_keeping_warm_that_is_none_is_refused():
    with pytest.raises(
        DeployRefused, match=r"warm in zappa_settings\.json is one of snapstart, keep_warm, none"
    ):
        warm_settings({"warm": "hot"})


def test_what_is_not_provisioned_is_told_with_the_command():
    with pytest.raises(NotProvisioned, match=r"run manage\.py aws provision --stage prod"):
        fill_settings(ZappaStage("prod", "core"), read_zappa_config("prod_core"), {}, region="eu-west-1")


def test_nothing_is_deployed_without_the_databases_certificates(monkeypatch, tmp_path):
    monkeypatch.setattr(callbacks, "CERTIFICATES", tmp_path / "rds-bundle.pem")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with pytest.raises(DeployRefused, match=r"curl -o infra/rds-bundle\.pem"):
        callbacks.check_certificates()
    (tmp_path / "rds-bundle.pem").write_text("-----BEGIN CERTIFICATE-----")
    callbacks.check_certificates()


@pytest.mark.parametrize("key", ["prod_web", "Prod", "prod_core_x", ""])
def test_a_key_that_is_no_stage_is_refused(key):
    with pytest.raises(WrongStage):
        read_zappa_stage(key)


@pytest.mark.parametrize("job", ["scheduler", "nightly"])
@pytest.mark.parametrize("stage", ["dev", "prod", "staging", "production", "longestname1"])
def test_alarm_and_sam_name_the_rules_that_zappa_makes(stage, job):
    from tests.infra.conftest import REASON

    if REASON:
        pytest.skip(REASON)
    from zappa.core import Zappa

    code = f"pipeline.entrypoints.aws_core.{job}"
    rule = Zappa.get_event_name(ZappaStage(stage, "core").function, code)
    assert rule_name(stage, job) == rule
    assert len(rule) <= 64
    assert rule.endswith(f"-{code}")  # by which its handler finds the code


def test_prod_core_is_a_function_of_that_name():
    assert read_zappa_stage("prod_core") == ZappaStage("prod", "core")
    assert [zappa.function for zappa in zappa_stages("prod")] == [
        "sentrypulse-prod-edge",
        "sentrypulse-prod-migrate",
        "sentrypulse-prod-core",
        "sentrypulse-prod",
    ]
