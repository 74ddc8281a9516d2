"""Further regions: an edge in each, and home that knows them. Zappa's part is in test_edge_deployed.py."""

import pytest
from botocore.exceptions import ClientError
from django.core.management import CommandError, call_command

from infra import deploy, destroy, edges, provision
from infra.callbacks import DeployRefused, wait_until_ready
from infra.clients import Clients
from infra.edges import WrongRegion
from infra.outputs import NotProvisioned, find_stacks, read_outputs
from infra.stacks import EDGE, EDGE_QUEUES, Wishes
from infra.status import tell_edge, tell_stage

THERE = "us-east-1"
URL = f"https://sqs.{THERE}.amazonaws.com/123456789012/sentrypulse-prod-checks"


@pytest.fixture
def there(clients):
    return Clients(THERE)


@pytest.fixture
def at_home(clients):
    """The stage ``prod`` at home in eu-west-1, with somebody to tell."""
    provision.provision(
        clients, "prod", Wishes(alarm_email="me@example.com"), report=lambda line: None, poll_s=0.01
    )


def provision_edge(clients, region=THERE, report=lambda line: None):
    return provision.provision_edge(clients, "prod", region, report=report, poll_s=0.01)


class Zappa:
    """Notes what it is asked, by region, and makes and takes away functions that do nothing."""

    def __init__(self):
        self.asked, self.fails = [], ""

    def __call__(self, clients):
        def run(arguments):
            command = arguments[0]
            key = next(one for one in arguments[1:] if not one.startswith("-"))
            if command == self.fails:
                raise deploy.ZappaFailed("zappa ended with 1.")
            self.asked.append((clients.session.region_name, " ".join(arguments)))
            name = f"sentrypulse-{key}".replace("_", "-")
            if command == "deploy":
                self.make(clients, name)
            if command == "undeploy":
                clients.functions.delete_function(FunctionName=name)

        return run

    @staticmethod
    def make(clients, name):
        clients.functions.create_function(
            FunctionName=name,
            Role="arn:aws:iam::123456789012:role/sentrypulse-prod-edge",
            Runtime="python3.12",
            Handler="x.y",
            Code={"ZipFile": b"PK\x05\x06" + b"\x00" * 18},
        )


@pytest.fixture
def zappa():
    return Zappa()


@pytest.fixture
def by_zappa(monkeypatch):
    monkeypatch.setattr("infra.deploy.find_api_domain", lambda clients, stage: "api")


@pytest.fixture
def deployed(clients, there, at_home, zappa, by_zappa):
    """Home with its core and API, and an edge in another region."""
    zappa.make(clients, "sentrypulse-prod-core")
    zappa.make(clients, "sentrypulse-prod")
    provision_edge(clients)
    deploy.deploy_edge(clients, "prod", THERE, report=lambda line: None, beside=zappa)


def destroy_edge(clients, zappa):
    destroy.destroy_edge(clients, "prod", THERE, report=lambda line: None, beside=zappa, poll_s=0.01)


# Provision


def test_there_is_a_queue_a_bucket_a_log_and_alarms_there_and_no_role(clients, there, at_home):
    assert provision_edge(clients) == {"queues": "created", "edge": "created"}
    found = find_stacks(there, "prod")
    assert list(found) == ["queues", "edge"]
    names = {url.rpartition("/")[2] for url in there.sqs.list_queues()["QueueUrls"]}
    assert names == {"sentrypulse-prod-checks", "sentrypulse-prod-checks-dead"}
    logs = there.session.client("logs").describe_log_groups()["logGroups"]
    assert [(one["logGroupName"], one["retentionInDays"]) for one in logs] == [
        ("/aws/lambda/sentrypulse-prod-edge", 30)
    ]
    bucket = found["edge"].outputs["PackagesBucket"]
    assert there.s3.get_bucket_location(Bucket=bucket)["LocationConstraint"] in {None, THERE}
    assert bucket != read_outputs(clients, "prod")["PackagesBucket"]
    assert found["edge"].parameters["AlarmEmail"] == "me@example.com"
    from tests.infra.emulator import MADE

    alarms = {made["AlarmName"] for made in MADE.values() if THERE in made.get("AlarmName", "")}
    assert alarms == {
        f"sentrypulse-prod-{THERE}-{what}"
        for what in ("checks-dead", "checks-late", "edge-failing", "edge-refused")
    }


def test_an_edge_is_told_its_own_queue_and_bucket_and_of_home_the_rest(clients, there, at_home):
    provision_edge(clients)
    home, outputs = read_outputs(clients, "prod"), read_outputs(there, "prod")
    assert outputs["ChecksQueueUrl"] == URL
    assert outputs["HomeRegion"] == "eu-west-1"
    for name in ("ResultsQueueUrl", "ReceiptsQueueUrl", "EdgeRoleArn", "FromEmail"):
        assert outputs[name] == home[name]
    # Half of it: home's queue must not be taken for this region's.
    there.cloudformation.delete_stack(StackName="sentrypulse-prod-queues")
    assert "ChecksQueueUrl" not in read_outputs(there, "prod")


def test_a_second_run_changes_nothing_and_a_new_address_is_followed(clients, there, at_home):
    provision_edge(clients)
    assert provision_edge(clients) == {"queues": "unchanged", "edge": "unchanged"}
    provision.provision(clients, "prod", Wishes(alarm_email="us@example.com"), report=print, poll_s=0.01)
    assert provision_edge(clients) == {"queues": "unchanged", "edge": "updated"}
    assert find_stacks(there, "prod")[EDGE.part].parameters["AlarmEmail"] == "us@example.com"


def test_home_remembers_a_region_before_anything_is_made_there(clients, at_home):
    class Interrupted(Exception):
        pass

    def report(line):
        raise Interrupted

    with pytest.raises(Interrupted):
        provision_edge(clients, report=report)
    assert edges.read_edge_queues(clients.ssm, "prod") == {THERE: ""}
    assert "EdgeQueueUrls" not in read_outputs(clients, "prod")  # nobody would take the checks


@pytest.mark.parametrize(
    ("region", "sentence"),
    [
        ("eu-west-1", "eu-west-1 is home: an edge runs there already. Leave --edge-region out."),
        ("virginia", "An edge's region is called as AWS calls it, such as us-east-1, not 'virginia'."),
    ],
)
def test_a_region_that_is_none_or_home_is_refused(clients, at_home, region, sentence):
    with pytest.raises(WrongRegion) as refused:
        provision_edge(clients, region)
    assert str(refused.value) == sentence
    assert edges.read_edge_queues(clients.ssm, "prod") == {}


def test_there_is_no_edge_without_a_home(clients):
    with pytest.raises(NotProvisioned, match="prod is not at home in eu-west-1"):
        provision_edge(clients)
    assert edges.read_edge_queues(clients.ssm, "prod") == {}


@pytest.mark.parametrize(
    "act",
    [
        lambda there: provision.plan_stage(there, "prod", Wishes()),
        lambda there: provision.provision(there, "prod", Wishes(), report=print, poll_s=0.01),
        lambda there: deploy.deploy(there, "prod", report=print),
        lambda there: destroy.destroy(there, "prod", report=print, poll_s=0.01),
        lambda there: provision_edge(there, "ap-south-1"),
        lambda there: list(tell_stage(there, "prod")),
    ],
    ids=["plan", "provision", "deploy", "destroy", "another edge", "status"],
)
def test_where_only_an_edge_is_nothing_is_done_as_if_it_were_home(clients, there, at_home, act):
    provision_edge(clients)
    with pytest.raises(WrongRegion, match=f"--region eu-west-1 --edge-region {THERE} is about that edge"):
        act(there)
    assert list(find_stacks(there, "prod")) == ["queues", "edge"]


# Deploy


def test_home_learns_of_an_edge_once_it_stands(clients, there, deployed, zappa):
    assert zappa.asked == [
        (THERE, "deploy prod_edge"),
        ("eu-west-1", "update prod_core --no-upload=true"),
        ("eu-west-1", "update prod --no-upload=true"),
    ]
    assert read_outputs(clients, "prod")["EdgeQueueUrls"] == f"{THERE}={URL}"
    provision_edge(clients)
    assert edges.read_edge_queues(clients.ssm, "prod") == {THERE: URL}  # an open edge stays open


def test_functions_at_home_that_sam_made_are_left_to_sam(clients, at_home, zappa):
    lines = []
    zappa.make(clients, "sentrypulse-prod-core")
    zappa.make(clients, "sentrypulse-prod")
    provision_edge(clients)
    deploy.deploy_edge(clients, "prod", THERE, report=lines.append, beside=zappa)
    assert zappa.asked == [(THERE, "deploy prod_edge")]
    assert "none of Zappa's: deploy there again as you did" in lines[-1]


def test_an_edge_that_was_not_deployed_gets_no_checks(clients, there, at_home, zappa):
    provision_edge(clients)
    zappa.fails = "deploy"
    with pytest.raises(deploy.ZappaFailed):
        deploy.deploy_edge(clients, "prod", THERE, report=print, beside=zappa)
    assert edges.read_edge_queues(clients.ssm, "prod") == {THERE: ""}


def test_an_edge_is_not_deployed_to_nowhere(clients, at_home, zappa):
    with pytest.raises(
        NotProvisioned, match=f"no queues and no edge .* provision --stage prod --edge-region {THERE}"
    ):
        deploy.deploy_edge(clients, "prod", THERE, report=print, beside=zappa)
    assert zappa.asked == []


def test_a_deployment_at_home_takes_the_edges_along_that_are_open(clients, deployed, zappa, monkeypatch):
    provision_edge(clients, "ap-south-1")  # closed
    monkeypatch.setattr("infra.deploy.finish_stacks", lambda *args, **more: None)
    zappa.asked.clear()
    deploy.deploy(clients, "prod", report=lambda line: None, beside=zappa, migrate=False)
    assert zappa.asked == [
        ("eu-west-1", "deploy prod_edge"),
        (THERE, "update prod_edge"),
        ("eu-west-1", "deploy prod_migrate"),
        ("eu-west-1", "update prod_core"),
        ("eu-west-1", "update prod"),
    ]


# Status


def test_the_status_tells_of_edges_and_of_functions_that_do_not_know_them(clients, deployed):
    lines = list(tell_stage(clients, "prod"))
    told = {line.split("  ")[0]: line for line in lines}
    assert "does not know that checks are made in eu-west-1, us-east-1" in told["sentrypulse-prod-core"]
    assert "checks has 0 mappings in place of one" in told[f"edge in {THERE}"]
    assert "deliveries" not in told[f"edge in {THERE}"]
    there = list(tell_edge(clients, "prod", THERE))
    assert there[:3] == [
        "sentrypulse-prod-queues      CREATE_COMPLETE",
        "sentrypulse-prod-edge        CREATE_COMPLETE",
        "sentrypulse-prod-checks-dead 0 dead letters",
    ]
    edges.close_edge(clients.ssm, "prod", THERE)
    assert list(tell_edge(clients, "prod", THERE))[-1].strip() == "no checks are sent there"


# Destroy


def test_home_forgets_an_edge_before_it_goes(clients, there, deployed, zappa):
    bucket = find_stacks(there, "prod")[EDGE.part].outputs["PackagesBucket"]
    there.s3.put_object(Bucket=bucket, Key="package.zip", Body=b"x")
    zappa.asked.clear()
    destroy_edge(clients, zappa)
    assert zappa.asked == [
        ("eu-west-1", "update prod_core --no-upload=true"),
        ("eu-west-1", "update prod --no-upload=true"),
        (THERE, "undeploy -y prod_edge"),
    ]
    assert find_stacks(there, "prod") == {}
    assert edges.read_edge_queues(clients.ssm, "prod") == {}
    assert "EdgeQueueUrls" not in read_outputs(clients, "prod")
    assert "roles" in find_stacks(clients, "prod")
    with pytest.raises(NotProvisioned, match=f"prod has no edge in {THERE}"):
        destroy_edge(clients, zappa)


def test_a_destruction_that_was_interrupted_is_gone_on_with(clients, there, deployed, zappa):
    zappa.fails = "undeploy"
    with pytest.raises(deploy.ZappaFailed):
        destroy_edge(clients, zappa)
    assert edges.read_edge_queues(clients.ssm, "prod") == {THERE: ""}  # no checks, and not forgotten
    zappa.fails = ""
    destroy_edge(clients, zappa)
    assert (find_stacks(there, "prod"), edges.read_edge_queues(clients.ssm, "prod")) == ({}, {})


def test_an_edge_stays_while_home_would_still_send_checks_there(clients, there, deployed, zappa):
    def set_queues(url):
        wait_until_ready(clients.functions, "sentrypulse-prod-core")
        clients.functions.update_function_configuration(
            FunctionName="sentrypulse-prod-core", Environment={"Variables": {"CHECKS_QUEUE_URL": url}}
        )

    set_queues(f"eu-west-1=https://x/1/checks,{THERE}={URL}")  # as where SAM deployed it
    with pytest.raises(DeployRefused, match=f"prod_core would still send checks to {THERE}: deploy at home"):
        destroy_edge(clients, zappa)
    assert list(find_stacks(there, "prod")) == ["queues", "edge"]
    set_queues("eu-west-1=https://x/1/checks")
    destroy_edge(clients, zappa)
    assert find_stacks(there, "prod") == {}


def test_a_stage_does_not_go_without_its_edges(clients, there, deployed, zappa):
    zappa.asked.clear()
    destroy.destroy(clients, "prod", report=lambda line: None, beside=zappa, poll_s=0.01)
    assert zappa.asked == [
        ("eu-west-1", "undeploy -y prod"),
        ("eu-west-1", "undeploy -y prod_core"),
        (THERE, "undeploy -y prod_edge"),
    ]
    assert (find_stacks(there, "prod"), find_stacks(clients, "prod")) == ({}, {})
    assert edges.read_edge_queues(clients.ssm, "prod") == {}


# The command


def test_a_dry_run_tells_the_price_of_an_edge_and_makes_nothing(clients, there, at_home, capsys):
    call_command("aws", "provision", "--stage=prod", f"--edge-region={THERE}", "--dry-run")
    told = capsys.readouterr().out
    assert f"Stage prod, edge in {THERE} (home: eu-west-1):" in told
    assert "The least it costs a month, before anybody uses it: 0.50 USD" in told
    assert told.endswith("A dry run: nothing was made.\n")
    assert find_stacks(there, "prod") == {}
    assert edges.read_edge_queues(clients.ssm, "prod") == {}


def test_the_commands_are_about_the_edge(clients, there, at_home, capsys, monkeypatch):
    call_command("aws", "provision", "--stage=prod", f"--edge-region={THERE}", "--yes")
    assert f"Next: manage.py aws deploy --stage prod --edge-region {THERE}" in capsys.readouterr().out
    call_command("aws", "status", "--stage=prod", f"--edge-region={THERE}")
    assert f"edge in {THERE}            not deployed\n" in capsys.readouterr().out
    monkeypatch.setattr("builtins.input", lambda question: "prod")  # the stage's name is not the region's
    with pytest.raises(CommandError, match="Nothing was done"):
        call_command("aws", "destroy", "--stage=prod", f"--edge-region={THERE}")
    call_command("aws", "destroy", "--stage=prod", f"--edge-region={THERE}", f"--yes-destroy={THERE}")
    assert find_stacks(there, "prod") == {}


def test_an_edge_leaves_nothing_to_choose(clients, there, at_home):
    with pytest.raises(CommandError, match="--max-acu, --alarm-email is for provision at home"):
        call_command(
            "aws", "provision", "--stage=prod", f"--edge-region={THERE}", "--max-acu=4", "--alarm-email=a@b.c"
        )
    assert find_stacks(there, "prod") == {}


def test_the_table_of_an_edges_stacks_fits_its_templates():
    from infra.cloudformation import parameter_names

    for stack in (EDGE_QUEUES, EDGE):
        assert {"Stage", *stack.needs} <= parameter_names(stack.template)


def test_an_aws_that_does_not_answer_is_no_stage_without_edges(clients, at_home, monkeypatch):
    refused = ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "GetParametersByPath")

    def deny(*args, **more):
        raise refused

    monkeypatch.setattr(clients.ssm, "get_paginator", deny)
    with pytest.raises(ClientError, match="AccessDenied"):
        read_outputs(clients, "prod")
