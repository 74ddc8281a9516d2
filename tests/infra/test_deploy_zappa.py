"""Zappa's own commands against the emulator, with the package that would go to AWS, and what they leave."""

import json
import sys

import pytest

from infra.deploy import deploy
from infra.outputs import read_outputs
from infra.provision import provision
from infra.stacks import ALARMS, FRONTEND, Wishes
from infra.stages import ZappaStage, read_zappa_config, rule_name, zappa_stages
from infra.status import tell_stage
from tests.infra.conftest import REASON
from tests.infra.zappa_runs import DATABASE_URL, Runner, make_clients, make_database, run, zappa

pytestmark = pytest.mark.skipif(bool(REASON), reason=REASON)


@pytest.fixture(scope="module")
def account(tmp_path_factory):
    """An AWS with ``prod`` and ``dev`` provisioned, where functions run their own package. Whoever
    asks, Zappa too, may do what docs/deployer-policy.json says; functions have a key of their own."""
    from tests.infra.emulator import Emulator
    from tests.infra.emulator.server import DEPLOYER

    patch = pytest.MonkeyPatch()
    with Emulator() as emulator:
        for name, value in emulator.environment.items():
            patch.setenv(name, value)
        patch.setenv("AWS_ACCESS_KEY_ID", DEPLOYER)
        emulator.clients = make_clients()
        emulator.runner = Runner(emulator, tmp_path_factory.mktemp("functions"))
        emulator.invoke = emulator.runner.invoke
        for stage in ("prod", "dev"):
            provision(emulator.clients, stage, Wishes(), report=lambda line: None, poll_s=0.01)
        yield emulator
        emulator.runner.close()
    patch.undo()


@pytest.fixture(scope="module")
def deployed(account):
    """``prod`` through ``manage.py aws deploy``'s own code; what it reported."""
    lines = []
    account.has_database = make_database()
    deploy(
        account.clients,
        "prod",
        report=lines.append,
        beside=lambda clients: run,
        poll_s=0.01,
        migrate=account.has_database,
    )
    return lines


@pytest.fixture
def running(account, deployed):
    if not account.has_database:
        pytest.skip(f"No MariaDB at {DATABASE_URL}: the functions cannot be run.")


def test_a_deployment_ends_with_every_function_as_asked(account, deployed):
    told = [line for line in deployed if line.startswith("    ")]  # what the migration wrote
    assert (told[-1:] == ["    Nothing is left to migrate."]) == account.has_database
    assert [line for line in deployed if line not in told] == [
        "prod_edge",
        "prod_migrate",
        *(["  migrating"] if account.has_database else []),
        "prod_core",
        "prod",
        f"frontend: {FRONTEND.why}",
        "  sentrypulse-prod-frontend: done in 0 s",
        "  frontend: updated",
        f"alarms: {ALARMS.why}",
        "  sentrypulse-prod-alarms: done in 0 s",
        "  alarms: updated",
    ]
    assert list(as_asked(account, "prod").values()) == ["deployed, as asked"] * 4


def test_functions_have_the_network_role_and_limits_of_their_plane(account, deployed):
    outputs = read_outputs(account.clients, "prod")
    for stage in zappa_stages("prod"):
        config = read_zappa_config(stage.key)
        stands = account.clients.functions.get_function_configuration(FunctionName=stage.function)
        assert stands["Handler"] == config["lambda_handler"]
        assert stands["Runtime"] == f"python{sys.version_info[0]}.{sys.version_info[1]}"
        assert (stands["Timeout"], stands["MemorySize"]) == (config["timeout_seconds"], config["memory_size"])
        assert stands["TracingConfig"] == {"Mode": "Active"}
        role = {"api": "Api", "edge": "Edge"}.get(stage.plane, "Core")
        assert stands["Role"] == outputs[f"{role}RoleArn"]
        network = stands.get("VpcConfig", {})
        if stage.plane == "edge":
            assert not network.get("SubnetIds")
        else:
            assert sorted(network["SubnetIds"]) == sorted(outputs["SubnetIds"].split(","))
            assert network["SecurityGroupIds"] == [outputs["FunctionsGroupId"]]
            assert network["Ipv6AllowedForDualStack"] is True


def test_no_function_carries_a_secret_in_its_environment(account, deployed):
    for stage in zappa_stages("prod"):
        stands = account.clients.functions.get_function_configuration(FunctionName=stage.function)
        names = set(stands["Environment"]["Variables"])
        assert not names & {
            "SECRET_KEY",
            "FIELD_ENCRYPTION_KEY",
            "DATABASE_URL",
            "METRICS_TOKEN",
            "ORIGIN_SECRET",
        }
        assert ("SSM_PATH" in names) == (stage.plane != "edge")


@pytest.mark.parametrize(
    ("function", "queue", "batch", "at_once"),
    [
        ("sentrypulse-prod-core", "results", 10, 5),
        ("sentrypulse-prod-core", "receipts", 10, 5),
        ("sentrypulse-prod-edge", "checks", 1, 50),
        ("sentrypulse-prod-edge", "deliveries", 10, 10),
    ],
)
def test_queues_report_partial_failures_and_are_limited(account, deployed, function, queue, batch, at_once):
    arn = f"arn:aws:sqs:eu-west-1:123456789012:sentrypulse-prod-{queue}"
    found = account.clients.functions.list_event_source_mappings(EventSourceArn=arn)["EventSourceMappings"]
    assert len(found) == 1
    assert found[0]["FunctionArn"].rpartition(":")[2].removesuffix(":$LATEST") == function
    assert found[0]["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert found[0]["ScalingConfig"] == {"MaximumConcurrency": at_once}
    assert found[0]["BatchSize"] == batch


@pytest.mark.parametrize("plane", ["core", "edge"])
def test_messages_may_lead_to_messages_however_often(account, deployed, plane):
    function = ZappaStage("prod", plane).function
    stands = account.clients.functions.get_function_recursion_config(FunctionName=function)
    assert stands["RecursiveLoop"] == "Allow"


@pytest.mark.parametrize("plane", ["api", "core", "edge", "migrate"])
def test_a_minute_that_is_over_is_not_tried_again(account, deployed, plane):
    function = ZappaStage("prod", plane).function
    stands = account.clients.functions.get_function_event_invoke_config(FunctionName=function)
    assert (stands["MaximumRetryAttempts"], stands["MaximumEventAgeInSeconds"]) == (0, 60)


def test_the_clock_starts_scheduler_and_night(account, deployed):
    events = account.clients.session.client("events")
    rules = {
        rule["Name"]: rule["ScheduleExpression"]
        for rule in events.list_rules(NamePrefix="sentrypulse-prod")["Rules"]
    }
    assert rules == {
        rule_name("prod", "scheduler"): "rate(1 minute)",
        "sentrypulse-prod-core-pipeline.entrypoints.aws_core.nightly": "cron(0 1 * * ? *)",
    }


def test_the_api_is_an_http_api_that_asks_the_snapshotted_function(account, deployed):
    gateway = account.clients.session.client("apigatewayv2")
    assert {api["ProtocolType"] for api in gateway.get_apis()["Items"]} == {"HTTP"}
    [api] = [api for api in gateway.get_apis()["Items"] if api["Name"] == "sentrypulse-prod"]
    assert api["ProtocolType"] == "HTTP"
    [route] = gateway.get_routes(ApiId=api["ApiId"])["Items"]
    [integration] = gateway.get_integrations(ApiId=api["ApiId"])["Items"]
    assert (route["RouteKey"], integration["PayloadFormatVersion"]) == ("$default", "2.0")
    assert integration["IntegrationUri"].endswith(":function:sentrypulse-prod:snapstart")
    assert [stage["StageName"] for stage in gateway.get_stages(ApiId=api["ApiId"])["Items"]] == ["prod"]
    from tests.infra.emulator import MADE

    [config] = [
        made["DistributionConfig"]
        for made in MADE.values()
        if made.get("DistributionConfig", {}).get("Comment") == "SentryPulse prod"
    ]
    origins = {origin["Id"]: origin for origin in config["Origins"]}
    assert origins["api"]["DomainName"] == f"{api['ApiId']}.execute-api.eu-west-1.amazonaws.com"
    assert origins["api"]["OriginPath"] == "/prod"
    secret = account.clients.ssm.get_parameter(
        Name="/sentrypulse/prod/env/ORIGIN_SECRET", WithDecryption=True
    )
    assert origins["api"]["OriginCustomHeaders"] == [
        {"HeaderName": "x-origin-secret", "HeaderValue": secret["Parameter"]["Value"]}
    ]


def test_migrate_runs_in_the_package_and_is_done(account, running):
    told = zappa("manage", "prod_migrate", "showmigrations --plan")
    assert "[X]  monitors.0001" in told
    assert "[ ]" not in told


def test_manage_works_on_every_stage_that_has_django(account, running):
    for stage in ("prod", "prod_core", "prod_migrate"):
        assert "System check identified no issues" in zappa("manage", stage, "check")
    assert "Django projects only" in zappa("manage", "prod_edge", "check")


def test_a_command_that_fails_fails_zappa(account, running):
    zappa("manage", "prod_migrate", "nosuchcommand", fails=True)


def test_invoke_runs_the_scheduler(account, running):
    rule = f"arn:aws:events:eu-west-1:123456789012:rule/{rule_name('prod', 'scheduler')}"
    event = {
        "detail-type": "Scheduled Event",
        "source": "aws.events",
        "time": "2026-11-26T00:00:00Z",
        "resources": [rule],
        "kwargs": {},
    }
    answer = account.clients.functions.invoke(FunctionName="sentrypulse-prod-core", Payload=json.dumps(event))
    assert "FunctionError" not in answer, answer["Payload"].read()


def test_zappa_invoke_calls_a_function_of_the_package(account, running):
    assert "nightly" in zappa("invoke", "prod_core", "pipeline.entrypoints.aws_core.nightly")


def as_asked(account, stage):
    """What the status says of each function of the stage."""
    functions = {zappa_stage.function for zappa_stage in zappa_stages(stage)}
    lines = [line.split(maxsplit=1) for line in tell_stage(account.clients, stage)]
    return {name: said for name, said in lines if name in functions}


def test_update_and_schedule_leave_everything_as_asked(account, deployed):
    for stage in zappa_stages("prod"):
        zappa("update", stage.key)
        account.runner.forget(stage.function)
        if read_zappa_config(stage.key).get("events"):
            zappa("schedule", stage.key)
    assert set(as_asked(account, "prod").values()) == {"deployed, as asked"}
    found = account.clients.functions.list_event_source_mappings()["EventSourceMappings"]
    mapped = sorted(one["FunctionArn"].split(":")[6] for one in found)
    assert mapped == [*["sentrypulse-prod-core"] * 2, *["sentrypulse-prod-edge"] * 2]


@pytest.mark.parametrize("key", ["prod", "prod_core", "prod_edge", "prod_migrate"])
def test_status_tells_of_every_stage(account, deployed, key):
    assert f"Status for sentrypulse-{key.replace('_', '-')}" in zappa("status", key)


def test_a_deployment_without_partial_failures_fails(account, deployed):
    from infra.callbacks import DeployRefused, fill_settings, finish_function

    outputs = read_outputs(account.clients, "prod")
    stage = ZappaStage("prod", "core")
    config = read_zappa_config(stage.key)
    config |= fill_settings(stage, config, outputs, region="eu-west-1")
    finish_function(account.clients.functions, stage.function, config)
    config["events"][2]["event_source"]["max_concurrency"] = 7

    class Deaf:
        """Lambda that takes an update and does nothing."""

        def __getattr__(self, name):
            return getattr(account.clients.functions, name)

        def update_event_source_mapping(self, **given):
            pass

        def get_function_recursion_config(self, **given):
            return {"RecursiveLoop": "Terminate"}

    with pytest.raises(DeployRefused, match=r"results is not limited to 7 at once.*may not go round"):
        finish_function(Deaf(), stage.function, config, tries=1)


def test_every_stage_of_dev_is_deployed_and_taken_away_and_the_api_has_no_snapshot(account, deployed):
    stages = zappa_stages("dev")
    for stage in stages:
        zappa("deploy", stage.key)
    assert as_asked(account, "dev") == {stage.function: "deployed, as asked" for stage in stages}
    gateway = account.clients.session.client("apigatewayv2")
    [api] = [api for api in gateway.get_apis()["Items"] if api["Name"] == "sentrypulse-dev"]
    [integration] = gateway.get_integrations(ApiId=api["ApiId"])["Items"]
    assert integration["IntegrationUri"].endswith(":function:sentrypulse-dev")
    for stage in reversed(stages):
        zappa("undeploy", "-y", stage.key)
    left = {one["FunctionName"] for one in account.clients.functions.list_functions()["Functions"]}
    assert left == {stage.function for stage in zappa_stages("prod")}


@pytest.mark.parametrize("plane", ["core", "edge", "migrate"])
def test_every_stage_of_dev_is_told_its_own_queues_and_roles(account, plane):
    from infra.callbacks import fill_settings

    stage = ZappaStage("dev", plane)
    config = read_zappa_config(stage.key)
    outputs = read_outputs(account.clients, "dev")
    filled = json.dumps(fill_settings(stage, config, outputs, region="eu-west-1"))
    assert "sentrypulse-dev-" in filled
    assert "prod" not in filled


def test_undeploy_takes_functions_rules_mappings_and_api_away(account, deployed):
    for stage in reversed(zappa_stages("prod")):
        zappa("undeploy", "-y", stage.key)
    assert account.clients.functions.list_functions()["Functions"] == []
    events = account.clients.session.client("events")
    assert events.list_rules(NamePrefix="sentrypulse-prod")["Rules"] == []
    left = account.clients.functions.list_event_source_mappings()["EventSourceMappings"]
    assert {mapping["State"] for mapping in left} <= {"Deleting"}
    gateway = account.clients.session.client("apigatewayv2")
    assert gateway.get_apis()["Items"] == []
    bucket = read_outputs(account.clients, "prod")["PackagesBucket"]
    assert account.clients.s3.list_objects_v2(Bucket=bucket)["KeyCount"] == 0


def test_all_of_it_was_done_by_somebody_with_the_deployers_policy(account, deployed):
    """Zappa's calls among them, which no code of ours names."""
    assert {
        "cloudformation:CreateStack",
        "events:PutRule",
        "iam:PassRole",
        "lambda:CreateFunction",
        "lambda:CreateEventSourceMapping",
        "lambda:InvokeFunction",
        "logs:GetLogEvents",
        "s3:PutObject",
    } <= account.policy.used
