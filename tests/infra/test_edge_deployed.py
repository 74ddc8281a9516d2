"""An edge in another region by Zappa's own commands, with the package that would go to AWS: what stands in
both regions, and a check that goes there and whose result comes home."""

import json
import os
import subprocess
import sys
import zipfile
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

import pytest

from infra import edges
from infra.clients import Clients
from infra.deploy import deploy_edge
from infra.destroy import destroy_edge
from infra.outputs import find_stacks, read_outputs
from infra.provision import provision, provision_edge
from infra.stacks import Wishes
from infra.status import tell_edge, tell_stage
from tests.infra.conftest import REASON

pytestmark = pytest.mark.skipif(bool(REASON), reason=REASON)
ROOT = Path(__file__).resolve().parent.parent.parent
HOME, THERE = "eu-west-1", "us-east-1"
EDGE, ACCOUNT = "sentrypulse-prod-edge", "123456789012"
CHECKS = {
    region: f"https://sqs.{region}.amazonaws.com/{ACCOUNT}/sentrypulse-prod-checks"
    for region in (HOME, THERE)
}


def beside(clients):
    """Zappa where ``clients`` are, as ``manage.py aws`` calls it."""
    region = clients.session.region_name

    def run(arguments):
        ended = subprocess.run(
            [f"{os.path.dirname(sys.executable)}/zappa", *arguments],
            cwd=ROOT,
            env={**os.environ, "VIRTUAL_ENV": sys.prefix, "AWS_REGION": region, "AWS_DEFAULT_REGION": region},
            capture_output=True,
            text=True,
            timeout=300,
        )
        assert ended.returncode == 0, ended.stdout + ended.stderr

    return run


def quiet(line):
    pass


@pytest.fixture(scope="module")
def account():
    """``prod`` at home, with its core and API deployed before there was any other region."""
    from tests.infra.emulator import Emulator

    patch = pytest.MonkeyPatch()
    with Emulator() as emulator:
        for name, value in emulator.environment.items():
            patch.setenv(name, value)
        emulator.home, emulator.there = Clients(HOME), Clients(THERE)
        provision(emulator.home, "prod", Wishes(), report=quiet, poll_s=0.01)
        for key in ("prod_core", "prod"):
            beside(emulator.home)(["deploy", key])
        provision_edge(emulator.home, "prod", THERE, report=quiet, poll_s=0.01)
        deploy_edge(emulator.home, "prod", THERE, report=quiet, beside=beside)
        yield emulator
    patch.undo()


@pytest.fixture(scope="module")
def edge(account, tmp_path_factory):
    """The function that was deployed there: its package and its environment under AWS's runtime client."""
    from moto.awslambda.models import lambda_backends

    from tests.aws.runtime import Function

    scratch = tmp_path_factory.mktemp("edge")
    code = lambda_backends[ACCOUNT][THERE].get_function(EDGE).code_bytes
    zipfile.ZipFile(BytesIO(code)).extractall(scratch / "package")
    environment = {
        **variables(account.there, EDGE),
        "AWS_ENDPOINT_URL": account.url,
        "AWS_REGION": THERE,
        "AWS_DEFAULT_REGION": THERE,
        "PROBE_ALLOW_PRIVATE": "true",
    }
    handler = account.there.functions.get_function_configuration(FunctionName=EDGE)["Handler"]
    function = Function(EDGE, scratch / "package", handler, environment, scratch=scratch)
    yield function
    function.close()


@pytest.fixture
def target():
    from tests.e2e.harness import Target

    running = Target().start()
    yield running
    running.stop()


def variables(clients, function):
    return clients.functions.get_function_configuration(FunctionName=function)["Environment"]["Variables"]


def make_spec(target, region):
    from probes.spec import CheckSpec

    return CheckSpec(
        monitor_id=7,
        revision=1,
        kind="http",
        target=target.url,
        region=region,
        scheduled_at=datetime.now(UTC).replace(microsecond=0),
        timeout_s=10,
        config={},
    )


def test_there_stands_an_edge_that_reads_its_own_region_only(account):
    home = read_outputs(account.home, "prod")
    stands = account.there.functions.get_function_configuration(FunctionName=EDGE)
    assert stands["Role"] == home["EdgeRoleArn"]
    assert not stands.get("VpcConfig", {}).get("SubnetIds")
    given = stands["Environment"]["Variables"]
    assert given["CHECKS_QUEUE_URL"] == f"{THERE}={CHECKS[THERE]}"
    assert given["RESULTS_QUEUE_URL"] == home["ResultsQueueUrl"]
    assert HOME in given["RESULTS_QUEUE_URL"]
    [mapping] = account.there.functions.list_event_source_mappings()["EventSourceMappings"]
    assert mapping["EventSourceArn"] == f"arn:aws:sqs:{THERE}:{ACCOUNT}:sentrypulse-prod-checks"
    assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert mapping["ScalingConfig"] == {"MaximumConcurrency": 50}
    assert (
        account.there.functions.get_function_recursion_config(FunctionName=EDGE)["RecursiveLoop"] == "Allow"
    )
    functions = account.there.functions.list_functions()["Functions"]
    assert [one["FunctionName"] for one in functions] == [EDGE]


@pytest.mark.parametrize("function", ["sentrypulse-prod-core", "sentrypulse-prod"])
def test_at_home_they_know_both_regions_home_first(account, function):
    assert variables(account.home, function)["CHECKS_QUEUE_URL"] == (
        f"{HOME}={CHECKS[HOME]},{THERE}={CHECKS[THERE]}"
    )


def test_the_snapshot_that_is_asked_is_one_that_knows_them(account):
    """A configuration reaches no version that was published before it."""
    functions = account.home.functions
    alias = functions.get_alias(FunctionName="sentrypulse-prod", Name="snapstart")
    newest = functions.list_versions_by_function(FunctionName="sentrypulse-prod")["Versions"][-1]
    assert alias["FunctionVersion"] == newest["Version"]
    assert THERE in newest["Environment"]["Variables"]["CHECKS_QUEUE_URL"]


def test_all_stands_as_asked(account):
    told = dict(
        line.split(maxsplit=1) for line in tell_stage(account.home, "prod") if line.startswith("sentry")
    )
    assert told["sentrypulse-prod-core"] == told["sentrypulse-prod"] == "deployed, as asked"
    assert list(tell_edge(account.home, "prod", THERE))[-1].split(maxsplit=3) == [
        "edge",
        "in",
        THERE,
        "deployed, as asked",
    ]


def test_a_schedule_that_others_deployed_is_watched_from_the_next_provision_on(account):
    """As after SAM; before, the alarm would ring because there is nothing yet."""

    def stands():
        return find_stacks(account.home, "prod")["alarms"].parameters["Deployed"]

    assert stands() == "false"
    done = [provision(account.home, "prod", Wishes(), report=quiet, poll_s=0.01)["alarms"] for _ in range(2)]
    assert (done, stands()) == (["updated", "unchanged"], "true")


def test_only_the_edge_is_deployed_there(account):
    with pytest.raises(
        AssertionError, match="Only prod_edge runs in us-east-1: prod is at home in eu-west-1"
    ):
        beside(account.there)(["deploy", "prod_core"])


def test_a_check_goes_there_and_its_result_comes_home(account, edge, target):
    from core.queue_addresses import read_addresses
    from pipeline.messages import pack_specs
    from pipeline.queues.sqs import SqsSender
    from tests.aws.runtime import queue_event

    sender = SqsSender(read_addresses(variables(account.home, "sentrypulse-prod-core")))
    sender.send_all("checks", pack_specs([make_spec(target, THERE)]))
    assert account.home.sqs.receive_message(QueueUrl=CHECKS[HOME]).get("Messages", []) == []
    messages = account.there.sqs.receive_message(QueueUrl=CHECKS[THERE])["Messages"]
    event = queue_event("sentrypulse-prod-checks", messages)
    event["Records"][0]["eventSourceARN"] = f"arn:aws:sqs:{THERE}:{ACCOUNT}:sentrypulse-prod-checks"
    answer = edge.invoke(event)
    assert answer.ok, edge.output()
    assert answer.value == {"batchItemFailures": []}
    results = variables(account.there, EDGE)["RESULTS_QUEUE_URL"]
    [message] = account.home.sqs.receive_message(QueueUrl=results)["Messages"]
    [result] = json.loads(message["Body"])["results"]
    assert (result["monitor_id"], result["region"], result["status"]) == (7, THERE, "up")


def test_who_asks_for_a_check_now_asks_that_regions_edge(account, edge, target, settings, monkeypatch):
    import boto3
    import msgspec

    from core.queue_addresses import read_addresses
    from pipeline import edge as asking

    asked = []

    def invoke(name, body, region):
        asked.append((region, name))
        answer = edge.invoke(json.loads(body))
        return answer.ok, json.dumps(answer.value if answer.ok else answer.error).encode(), b""

    monkeypatch.setattr(account, "invoke_in", invoke)
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
    asking._client.cache_clear()
    environment = variables(account.home, "sentrypulse-prod")
    settings.EDGE_FUNCTION = environment["EDGE_FUNCTION"]
    settings.QUEUE_ADDRESSES = read_addresses(environment)
    spec = msgspec.to_builtins(make_spec(target, THERE))
    found = asking.call_edge("probe", region=THERE, spec=spec)
    asking._client.cache_clear()
    assert asked == [(THERE, EDGE)]
    assert (found["result"]["region"], found["result"]["status"]) == (THERE, "up")


def test_it_goes_again_and_home_forgets_it(account):
    destroy_edge(account.home, "prod", THERE, report=quiet, beside=beside, poll_s=0.01)
    for function in ("sentrypulse-prod-core", "sentrypulse-prod"):
        assert variables(account.home, function)["CHECKS_QUEUE_URL"] == f"{HOME}={CHECKS[HOME]}"
    assert account.there.functions.list_functions()["Functions"] == []
    left = account.there.functions.list_event_source_mappings()["EventSourceMappings"]
    assert {mapping["State"] for mapping in left} <= {"Deleting"}
    assert find_stacks(account.there, "prod") == {}
    assert edges.read_edge_queues(account.home.ssm, "prod") == {}
