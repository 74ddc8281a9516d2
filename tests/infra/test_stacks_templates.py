"""The templates under cfn-lint, and against each other and the code; and what CloudFront runs."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from infra.cloudformation import parameter_names
from infra.stacks import ALARMS, ALL, BASTION, BY_HAND, EDGE_STACKS, FOLDER
from infra.stages import read_zappa_config

ROOT = Path(__file__).resolve().parent.parent.parent
CFN_LINT = Path(sys.executable).parent / "cfn-lint"


@pytest.mark.skipif(not CFN_LINT.exists(), reason="cfn-lint is not installed: make test-aws.")
@pytest.mark.parametrize("region", ["eu-west-1", "us-east-1"])
def test_cfn_lint_finds_nothing(region):
    templates = [str(path) for path in sorted(FOLDER.glob("*.yaml"))]
    linted = subprocess.run([CFN_LINT, "-r", region, "--", *templates], capture_output=True, text=True)
    assert (linted.returncode, linted.stdout) == (0, ""), linted.stdout + linted.stderr


def test_every_template_is_of_a_stack():
    assert {path.stem for path in FOLDER.glob("*.yaml")} == {
        stack.part for stack in (*ALL, BASTION, *EDGE_STACKS)
    } | set(BY_HAND)


def visibility_s(queue):
    template = (FOLDER / "queues.yaml").read_text().partition(f"\n  {queue}:\n")[2]
    return int(re.search(r"VisibilityTimeout: (\d+)\n", template)[1])


def test_no_message_is_shown_again_before_its_functions_time_is_over():
    for key in ("prod_core", "prod_edge"):
        config = read_zappa_config(key)
        for source in filter(None, (event.get("event_source") for event in config["events"])):
            longest_s = config["timeout_seconds"] + source["batch_window"]
            assert visibility_s(source["arn"].removesuffix("QueueArn")) > longest_s


def test_checks_of_a_function_that_died_are_in_time_for_one_attempt_more_and_then_a_gap():
    from pipeline.stages.probe import TOO_OLD
    from pipeline.stages.schedule import GROUP_S

    clocks_differ_s = 10
    again_s = visibility_s("Checks") + GROUP_S
    assert again_s + clocks_differ_s <= TOO_OLD.total_seconds() < 2 * visibility_s("Checks")


# The two functions that CloudFront runs


def run_routing(template, name, request):
    """What the CloudFront function makes of a request, by Node."""
    node = shutil.which("node")
    if node is None:
        pytest.skip("Node is not installed: it stands in for CloudFront's own runtime.")
    text = (FOLDER / template).read_text().partition(f"\n  {name}:\n")[2].partition("FunctionCode: |\n")[2]
    lines = []
    for line in text.splitlines():
        if line and not line.startswith("        "):
            break
        lines.append(line[8:])
    code = "\n".join(lines) + f"\nconsole.log(JSON.stringify(handler({json.dumps({'request': request})})));"
    ran = subprocess.run([node, "-e", code], capture_output=True, text=True, check=True)
    return json.loads(ran.stdout)


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("/", "/index.html"),
        ("/monitors/", "/monitors/index.html"),
        ("/monitors", "/monitors/index.html"),
        ("/monitors/7", "/monitors/_/index.html"),
        ("/monitors/7/edit/", "/monitors/_/edit/index.html"),
        ("/monitors/7up/", "/monitors/7up/index.html"),
        ("/_next/static/42/app.js", "/_next/static/42/app.js"),
        ("/_next/static/chunks/a1b2.js", "/_next/static/chunks/a1b2.js"),
        ("/v1.2/page", "/v1.2/page/index.html"),
        ("/favicon.svg", "/favicon.svg"),
    ],
)
def test_a_page_of_the_app_is_the_index_of_its_folder(asked, found):
    assert run_routing("frontend.yaml", "SiteRouting", {"uri": asked, "headers": {}})["uri"] == found


def test_the_api_is_told_its_public_name_and_spared_large_bodies():
    headers = {"host": {"value": "pulse.example.com"}, "content-length": {"value": "2500000"}}
    passed = run_routing("frontend.yaml", "ApiRouting", {"uri": "/api/v1/", "headers": headers})
    assert passed["headers"]["x-forwarded-host"] == {"value": "pulse.example.com"}
    headers["content-length"] = {"value": "2500001"}
    refused = run_routing("frontend.yaml", "ApiRouting", {"uri": "/api/v1/", "headers": headers})
    assert refused["statusCode"] == 413
    assert json.loads(refused["body"]["data"]) == {"detail": "A request may hold 2,500,000 bytes at most."}


def test_a_published_page_is_the_index_of_its_folder():
    assert (
        run_routing("storage.yaml", "StatusRouting", {"uri": "/acme/", "headers": {}})["uri"]
        == "/acme/index.html"
    )


@pytest.mark.parametrize(
    ("asked", "led_to"),
    [
        ("/acme", "https://status.example.com/acme/"),
        ("//evil.example", None),  # a name with a dot is a file, and there is none
        ("//evil/x", "https://status.example.com//evil/x/"),  # never to another host
        ("/acme/feed.atom", None),
    ],
)
def test_who_leaves_out_the_last_slash_of_a_published_page_is_led_to_it(asked, led_to):
    request = {"uri": asked, "headers": {"host": {"value": "status.example.com"}}}
    answer = run_routing("storage.yaml", "StatusRouting", request)
    if led_to is None:
        assert answer["uri"] == asked
    else:
        assert (answer["statusCode"], answer["headers"]["location"]["value"]) == (301, led_to)


@pytest.mark.parametrize(
    ("alarm", "function", "stage", "figure"),
    [
        ("SchedulerSilent", "sentrypulse-prod-core", "schedule", "ScheduleMoved"),
        ("DeliveriesHeldUp", "sentrypulse-prod-edge", "edge", "DeliveriesHeldUp"),
    ],
)
def test_an_alarm_of_our_own_watches_what_the_function_writes(
    capsys, monkeypatch, alarm, function, stage, figure
):
    from core import telemetry
    from pipeline.entrypoints.aws_events import entry

    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_NAME", function)
    entry(stage)(lambda event, context: telemetry.count(**{figure: 1}))({}, None)
    written = json.loads(capsys.readouterr().out)
    alarm = (FOLDER / "alarms.yaml").read_text().partition(f"\n  {alarm}:\n")[2]
    alarm = re.split(r"\n  \w+:\n", alarm)[0]
    [about] = written["_aws"]["CloudWatchMetrics"]
    assert f"Namespace: {about['Namespace']}" in alarm
    assert f"MetricName: {next(one['Name'] for one in about['Metrics'] if one['Name'] == figure)}\n" in alarm
    watched = dict(re.findall(r"Name: (\w+), Value: (?:!Sub )?\"?([^\"}]+(?:\}[^\"}]*)?)\"?\}", alarm))
    assert {name: value.replace("${Stage}", "prod") for name, value in watched.items()} == {
        name: written[name] for name in about["Dimensions"][0]
    }


def test_the_distribution_and_django_refuse_bodies_of_the_same_size(settings):
    assert (
        f"var MOST_BYTES = {settings.DATA_UPLOAD_MAX_MEMORY_SIZE};" in (FOLDER / "frontend.yaml").read_text()
    )


def test_the_distribution_sends_every_address_of_django_to_the_api():
    from django.urls import get_resolver

    template = (FOLDER / "frontend.yaml").read_text()
    patterns = [one.removesuffix("*") for one in re.findall(r"PathPattern: (\S+)", template)]
    for found in get_resolver().url_patterns:
        path = f"/{found.pattern}".replace("^", "")
        if path == "/" or path.startswith("/demo"):
            continue  # the app's first page is the site's; the demo is the embedded engine's
        assert any(path.startswith(one) for one in patterns), (
            f"{path} of sentrypulse/urls.py is not in frontend.yaml"
        )
    assert "/admin" in patterns  # as people type it, without the slash that Django's path ends in


@pytest.mark.parametrize("stack", ALL, ids=lambda stack: stack.part)
def test_the_table_names_parameters_that_the_template_has(stack):
    assert {"Stage", *stack.needs, *stack.wishes} <= parameter_names(stack.template)


@pytest.mark.parametrize("stack", ALL, ids=lambda stack: stack.part)
def test_a_template_is_small_enough_to_be_sent(stack):
    assert len(stack.template.encode()) < 51_200


def test_the_dashboard_is_json():
    body = ALARMS.template.partition("DashboardBody: !Sub |\n")[2].partition("\nOutputs:")[0]
    assert len(json.loads(body)["widgets"]) == 8
