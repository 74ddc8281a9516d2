"""Everything but the code: made once, changed where asked, gone on with after an interruption, taken away."""

import json
import sys
from pathlib import Path

import pytest
from botocore.exceptions import ClientError
from django.core.management import CommandError, call_command

from infra import destroy, edges, provision, secrets
from infra.choices import WrongWish
from infra.cloudformation import StackFailed, Stacks, parameter_names
from infra.outputs import find_api_domain, find_stacks, read_outputs
from infra.stacks import ALARMS, ALL, Wishes, choose_stacks
from infra.stages import WrongStage, stack_name

WITHOUT_REDIS = [stack.part for stack in choose_stacks(redis=False, cdn=True)]


def run(clients, wishes=None, report=lambda line: None, stage="prod"):
    return provision.provision(clients, stage, wishes or Wishes(), report=report, poll_s=0.01)


def count_resources(clients, part, stage="prod"):
    pages = clients.cloudformation.get_paginator("list_stack_resources").paginate(
        StackName=stack_name(stage, part)
    )
    return sum(len(page["StackResourceSummaries"]) for page in pages)


def test_every_stack_is_made_with_every_resource_of_its_template(clients, capsys):
    from moto.cloudformation.parsing import get_model_map

    from tests.infra.emulator import STAND_INS, resources_of

    assert run(clients, Wishes(redis=True, alarm_email="me@example.com")) == {
        stack.part: "created" for stack in choose_stacks(redis=True, cdn=True)
    }
    lines = []
    for stack in choose_stacks(redis=True, cdn=True):
        resources = resources_of(stack.template)
        assert len(resources) == stack.template.count("\n    Type: AWS::"), stack.part
        assert set(resources.values()) <= set(get_model_map()), stack.part
        assert count_resources(clients, stack.part) == len(resources), stack.part
        kinds = [kind.removeprefix("AWS::") for kind in resources.values() if kind in STAND_INS]
        told = ", ".join(sorted(set(kinds))) or "none"
        lines.append(
            f"{stack.part:<11} {len(resources) - len(kinds):2} of {len(resources):2} by moto; not: {told}"
        )
    with capsys.disabled():
        sys.stdout.write("\n" + "\n".join(lines) + "\n")


def test_a_second_run_changes_nothing(aws, clients):
    run(clients)
    secret = secrets.read_secret(clients.ssm, "/sentrypulse/prod/env/SECRET_KEY")
    aws.calls.clear()
    assert run(clients) == dict.fromkeys(WITHOUT_REDIS, "unchanged")
    assert not [call for call in aws.calls if "CreateStack" in call or "UpdateStack" in call]
    assert secrets.read_secret(clients.ssm, "/sentrypulse/prod/env/SECRET_KEY") == secret


def test_what_is_not_asked_for_stays_as_it_was(clients):
    run(clients, Wishes(max_acu=16, alarm_email="me@example.com"))
    done = run(clients, Wishes(min_acu=1))
    assert {part for part, what in done.items() if what != "unchanged"} == {"database"}
    parameters = find_stacks(clients, "prod")["database"].parameters
    assert (parameters["MinCapacity"], parameters["MaxCapacity"], parameters["Protected"]) == (
        "1",
        "16",
        "true",
    )
    assert find_stacks(clients, "prod")["alarms"].parameters["AlarmEmail"] == "me@example.com"


def test_an_api_that_zappa_did_not_make_stays_behind_the_distribution(clients):
    run(clients)
    stacks = Stacks(clients.cloudformation, report=lambda line: None, poll_s=0.01)
    stacks.change("sentrypulse-prod-frontend", ApiDomain="sam.execute-api.eu-west-1.amazonaws.com")
    assert run(clients)["frontend"] == "unchanged"
    run(clients, Wishes(domain="pulse.example.com", certificate_arn="arn:aws:acm:us-east-1:1:certificate/x"))
    parameters = find_stacks(clients, "prod")["frontend"].parameters
    assert parameters["ApiDomain"] == "sam.execute-api.eu-west-1.amazonaws.com"


def test_an_aws_that_does_not_say_whether_there_is_an_api_is_not_taken_for_a_no(clients, monkeypatch):
    refused = ClientError(
        {"Error": {"Code": "Throttling", "Message": "Rate exceeded"}}, "DescribeStackResource"
    )

    def throttled(**asked):
        raise refused

    assert find_api_domain(clients, "prod") == ""
    monkeypatch.setattr(clients.cloudformation, "describe_stack_resource", throttled)
    with pytest.raises(ClientError, match="Rate exceeded"):
        find_api_domain(clients, "prod")


def test_an_interrupted_run_is_gone_on_with(clients, monkeypatch):
    class Interrupted(Exception):
        pass

    def report(line):
        if line.startswith("[5/"):
            raise Interrupted

    with pytest.raises(Interrupted):
        run(clients, report=report)
    assert list(find_stacks(clients, "prod")) == ["network", "queues", "storage", "roles"]
    done = run(clients)
    assert [part for part, what in done.items() if what == "unchanged"] == [
        "network",
        "queues",
        "storage",
        "roles",
    ]
    assert [part for part, what in done.items() if what == "created"] == WITHOUT_REDIS[4:]


def test_a_stack_that_never_came_to_be_is_made_anew(clients):
    run(clients)
    from moto.cloudformation import cloudformation_backends

    backend = cloudformation_backends["123456789012"]["eu-west-1"]
    backend.get_stack("sentrypulse-prod-alarms").status = "ROLLBACK_COMPLETE"
    lines = []
    done = run(clients, report=lines.append)
    assert done["alarms"] == "created"
    assert (
        "  sentrypulse-prod-alarms: ROLLBACK_COMPLETE, from an earlier run that failed; starting anew"
        in lines
    )


def test_a_stack_that_is_busy_is_waited_for(clients):
    run(clients)
    from moto.cloudformation import cloudformation_backends

    stack = cloudformation_backends["123456789012"]["eu-west-1"].get_stack("sentrypulse-prod-alarms")
    stack.status = "UPDATE_IN_PROGRESS"

    def report(line):
        if "waiting for it" in line:
            stack.status = "UPDATE_COMPLETE"

    assert run(clients, report=report)["alarms"] == "unchanged"


@pytest.mark.parametrize(
    ("status", "way_out"),
    [
        ("UPDATE_ROLLBACK_FAILED", "continue-update-rollback --stack-name sentrypulse-prod-alarms"),
        ("DELETE_FAILED", r"sentrypulse-prod-alarms is in DELETE_FAILED.*manage\.py aws destroy again"),
    ],
)
def test_a_stack_that_is_stuck_is_told_with_the_way_out(clients, status, way_out):
    run(clients)
    from moto.cloudformation import cloudformation_backends

    backend = cloudformation_backends["123456789012"]["eu-west-1"]
    backend.get_stack("sentrypulse-prod-alarms").status = status
    with pytest.raises(StackFailed, match=way_out):
        run(clients)


def test_secrets_are_long_distinct_encrypted_and_never_told(clients):
    lines = []
    run(clients, report=lines.append)
    values = {}
    for path in ("/sentrypulse/prod/env", "/sentrypulse/prod/infra"):
        found = clients.ssm.get_parameters_by_path(
            Path=path, Recursive=True, WithDecryption=True, MaxResults=10
        )
        values |= {one["Name"]: (one["Type"], one["Value"]) for one in found["Parameters"]}
    hidden = {name: value for name, (kind, value) in values.items() if kind == "SecureString"}
    assert {name.rpartition("/")[2] for name in hidden} == {
        "SECRET_KEY",
        "FIELD_ENCRYPTION_KEY",
        "METRICS_TOKEN",
        "ORIGIN_SECRET",
        "DATABASE_PASSWORD",
        "DATABASE_URL",
    }
    assert len(set(hidden.values())) == len(hidden)
    assert min(map(len, hidden.values())) >= 32
    assert not [line for line in lines for value in hidden.values() if value in line]
    password = hidden["/sentrypulse/prod/infra/DATABASE_PASSWORD"]
    assert hidden["/sentrypulse/prod/env/DATABASE_URL"] == (
        f"mysql://sentrypulse:{password}@sentrypulse-prod.rds.invalid:3306/sentrypulse"
    )


def test_a_password_that_an_account_stored_before_is_made_anew_until_there_is_a_database(clients):
    name, lines = "/sentrypulse/prod/infra/DATABASE_PASSWORD", []
    clients.ssm.put_parameter(Name=name, Value="x" * 48, Type="SecureString")
    run(clients, report=lines.append)
    made = secrets.read_secret(clients.ssm, name)
    assert secrets.is_password(made)
    assert f"  {name}: made anew, for RDS takes 8 to 41 characters" in lines
    run(clients)
    assert secrets.read_secret(clients.ssm, name) == made
    clients.ssm.put_parameter(Name=name, Value="x" * 48, Type="SecureString", Overwrite=True)
    run(clients)  # a database stands: whatever this is, another would not open it
    assert secrets.read_secret(clients.ssm, name) == "x" * 48


@pytest.mark.parametrize(
    "text", ["x" * 7, "x" * 42, "x" * 20 + "/", "x" * 20 + '"', "x" * 20 + "@", "ä" * 20]
)
def test_what_rds_refuses_is_no_password(text):
    assert not secrets.is_password(text)


def test_a_new_database_is_of_the_line_with_long_term_support(clients):
    run(clients)
    found = find_stacks(clients, "prod")["database"].parameters
    assert found["EngineVersion"] == "8.0.mysql_aurora.3.10.4"
    assert run(clients, Wishes(engine_version="3.12"))["database"] == "updated"
    assert run(clients)["database"] == "unchanged"


def test_a_version_that_is_not_on_offer_is_refused_before_anything_is_made(aws, clients):
    aws.account.aurora = ("3.12.0",)
    with pytest.raises(
        CommandError, match=r"3\.10 is not on offer in this region\. There are 3\.12\.0: name"
    ):
        call_command("aws", "provision", "--stage=prod", "--yes")
    assert clients.cloudformation.list_stacks()["StackSummaries"] == []
    assert clients.ssm.describe_parameters()["Parameters"] == []
    call_command("aws", "provision", "--stage=prod", "--dry-run", "--engine-version=3.12")


def test_a_creation_that_failed_is_begun_anew_with_what_was_chosen_for_it(aws, clients):
    aws.account.aurora = ("3.10.3", "3.12.0")
    aws.account.refused = {"AWS::RDS::DBInstance": "Your account has no instance left."}
    with pytest.raises(StackFailed, match="Writer: Your account has no instance left"):
        run(clients, Wishes(min_acu=2, engine_version="3.12", protected=False))
    assert find_stacks(clients, "prod")["database"].never_was
    aws.account.refused = {}
    assert run(clients)["database"] == "created"
    parameters = find_stacks(clients, "prod")["database"].parameters
    assert (parameters["MinCapacity"], parameters["EngineVersion"]) == ("2", "8.0.mysql_aurora.3.12.0")
    assert parameters["Protected"] == "false"


def test_a_new_database_may_begin_with_a_snapshot_and_has_the_stages_password(aws, clients):
    from tests.infra.emulator import MADE

    aws.account.snapshots = {"final"}
    secrets.make_secrets(clients.ssm, "prod", report=lambda line: None)
    run(clients, Wishes(from_snapshot="final"))
    cluster = MADE["sentrypulse-prod"]
    assert cluster["SnapshotIdentifier"] == "final"
    assert not {"MasterUsername", "DatabaseName"} & set(cluster)
    assert cluster["MasterUserPassword"] == secrets.read_secret(
        clients.ssm, "/sentrypulse/prod/infra/DATABASE_PASSWORD"
    )
    assert set(run(clients).values()) == {"unchanged"}


def test_a_snapshot_that_cannot_be_is_refused_before_anything_is_made(aws, clients):
    with pytest.raises(WrongWish, match="There is no cluster snapshot final in eu-west-1"):
        run(clients, Wishes(from_snapshot="final"))
    aws.account.snapshots = {"final"}
    with pytest.raises(WrongWish, match="FIELD_ENCRYPTION_KEY of its time opens, and prod has none"):
        run(clients, Wishes(from_snapshot="final"))
    assert clients.cloudformation.list_stacks()["StackSummaries"] == []
    run(clients)
    with pytest.raises(WrongWish, match="prod has a database, and a snapshot would take its place"):
        run(clients, Wishes(from_snapshot="final"))


def test_a_creation_that_failed_half_way_is_cleared_away(aws, clients):
    """The cluster was protected from its first moment, so that not even its own failed stack could go."""
    aws.account.refused = {"AWS::RDS::DBInstance": "Your account has no instance left."}
    with pytest.raises(StackFailed):
        run(clients)
    assert find_stacks(clients, "prod")["database"].status == "ROLLBACK_FAILED"
    lines = []
    destroy.destroy(clients, "prod", report=lines.append, poll_s=0.01)
    assert find_stacks(clients, "prod") == {}
    aws.account.refused = {}
    assert set(run(clients).values()) == {"created"}


def test_a_creation_that_failed_half_way_is_made_anew_without_clearing_away(aws, clients):
    aws.account.refused = {"AWS::RDS::DBInstance": "Your account has no instance left."}
    with pytest.raises(StackFailed):
        run(clients)
    aws.account.refused = {}
    assert run(clients)["database"] == "created"


def test_an_account_that_may_have_no_distributions_is_told_what_to_do_and_goes_on_later(aws, clients):
    aws.account.may_have_distributions = False
    with pytest.raises(StackFailed, match=r"must be verified before.*open a case .* run the same again"):
        run(clients)
    assert find_stacks(clients, "prod")["storage"].never_was
    assert clients.s3.list_buckets()["Buckets"] == []  # none is left of what failed
    aws.account.may_have_distributions = True
    assert run(clients)["storage"] == "created"


def test_who_provisions_is_told_of_a_database_that_nobody_looks_after_any_more(aws, clients, capsys):
    aws.account.aurora = ("3.08.2", "3.10.4")
    run(clients, Wishes(engine_version="3.08"))
    call_command("aws", "provision", "--stage=prod", "--dry-run")
    assert "AWS's support of Aurora MySQL 3.08 ended on 31 August 2026" in capsys.readouterr().out


def test_only_what_is_no_production_may_pause(clients):
    run(clients)
    run(clients, stage="dev")
    assert find_stacks(clients, "prod")["database"].parameters["MinCapacity"] == "0.5"
    dev = find_stacks(clients, "dev")["database"].parameters
    assert (dev["MinCapacity"], dev["Protected"]) == ("0", "false")
    urls = [
        secrets.read_secret(clients.ssm, f"/sentrypulse/{one}/env/DATABASE_URL") for one in ("prod", "dev")
    ]
    assert [url.partition("?")[2] for url in urls] == ["", "connect_timeout=35&conn_max_age=0"]
    from tests.infra.emulator import MADE

    assert MADE["sentrypulse-dev"]["ServerlessV2ScalingConfiguration"]["SecondsUntilAutoPause"] == 900
    assert "SecondsUntilAutoPause" not in MADE["sentrypulse-prod"]["ServerlessV2ScalingConfiguration"]


@pytest.mark.parametrize(("deployed", "missing"), [("false", "notBreaching"), ("true", "breaching")])
def test_a_silent_schedule_rings_only_where_there_is_one(clients, deployed, missing):
    from tests.infra.emulator import MADE

    Stacks(clients.cloudformation, report=print, poll_s=0.01).apply(
        "sentrypulse-prod-alarms",
        ALARMS.template,
        {"Stage": "prod", "SchedulerRule": "r", "DatabaseCluster": "d", "Deployed": deployed},
        tags={},
    )
    assert MADE["sentrypulse-prod-scheduler-silent"]["TreatMissingData"] == missing


def test_destroy_removes_everything_but_the_data(aws, clients):
    run(clients)
    outputs = read_outputs(clients, "prod")
    clients.s3.put_object(Bucket=outputs["SiteBucket"], Key="index.html", Body=b"x")
    clients.s3.put_object(Bucket=outputs["PackagesBucket"], Key="package.zip", Body=b"x")
    lines = []
    destroy.destroy(clients, "prod", report=lines.append, poll_s=0.01)
    assert find_stacks(clients, "prod") == {}
    assert "  taking away the database's protection; a final snapshot is kept" in lines
    assert clients.cloudformation.list_stacks(StackStatusFilter=["DELETE_COMPLETE"])["StackSummaries"]
    assert secrets.read_secret(clients.ssm, "/sentrypulse/prod/env/FIELD_ENCRYPTION_KEY")
    destroy.destroy(clients, "prod", report=lines.append, poll_s=0.01, forget_secrets=True)
    assert lines[-1] == "6 parameters forgotten"


def test_a_protected_stack_is_not_deleted_by_accident(clients, provisioned):
    with pytest.raises(ClientError, match="TerminationProtection is enabled"):
        clients.cloudformation.delete_stack(StackName="sentrypulse-prod-database")


# The command


def test_a_dry_run_tells_the_price_asks_nothing_and_makes_nothing(aws, clients, capsys, monkeypatch):
    monkeypatch.setattr("builtins.input", lambda question: pytest.fail("it asked"))
    call_command("aws", "provision", "--stage=prod", "--dry-run")
    told = capsys.readouterr().out
    assert "database    create" in told
    assert "The least it costs a month, before anybody uses it: 45.90 USD" in told
    assert told.endswith("A dry run: nothing was made.\n")
    assert clients.cloudformation.list_stacks()["StackSummaries"] == []
    assert clients.ssm.describe_parameters()["Parameters"] == []
    asked = {call.partition(":")[2] for call in aws.calls}
    assert "DescribeStacks" in asked
    assert not [one for one in asked if not one.startswith(("Describe", "Get", "List"))]


def test_without_a_yes_nothing_is_made(clients, monkeypatch, capsys):
    monkeypatch.setattr("builtins.input", lambda question: "no")
    with pytest.raises(CommandError, match="Nothing was done"):
        call_command("aws", "provision", "--stage=prod")
    assert clients.cloudformation.list_stacks()["StackSummaries"] == []


def test_destroy_wants_the_name_of_the_stage(clients, provisioned, monkeypatch, capsys):
    monkeypatch.setattr("builtins.input", lambda question: "yes")
    with pytest.raises(CommandError, match="Nothing was done"):
        call_command("aws", "destroy", "--stage=prod")
    assert "network" in find_stacks(clients, "prod")


def test_a_failure_of_aws_is_one_sentence(clients, monkeypatch, capsys):
    def refuse(self, *args, **kwargs):
        raise StackFailed(
            "Creating x ended in ROLLBACK_COMPLETE. Vpc: The maximum number of VPCs has been reached."
        )

    monkeypatch.setattr(Stacks, "apply", refuse)
    with pytest.raises(CommandError, match="The maximum number of VPCs has been reached"):
        call_command("aws", "provision", "--stage=prod", "--yes")


@pytest.mark.parametrize("name", ["", "Prod", "prod_core", "a", "a-b", "averylongname"])
def test_a_stage_has_a_short_plain_name(name):
    with pytest.raises((CommandError, WrongStage), match="A stage is 2 to 12 small letters"):
        call_command("aws", "status", f"--stage={name}", "--region=eu-west-1")


def test_the_outputs_are_what_sam_asks_for(provisioned, clients, capsys, monkeypatch):
    monkeypatch.setenv("ZAPPA", str(Path(sys.executable).parent / "zappa"))
    call_command("aws", "outputs", "--stage=prod", "--sam")
    told = dict(part.split("=", 1) for part in capsys.readouterr().out.split())
    assert told["Stage"] == "prod"
    assert told["Runtime"] == f"python{sys.version_info[0]}.{sys.version_info[1]}"
    assert told["SchedulerRule"] == "sentrypulse-prod-core-pipeline.entrypoints.aws_core.scheduler"
    assert (told["RedisUrl"], told["EdgeQueueUrls"]) == ("none", "none")
    assert told["TrustedProxies"] == "2"
    assert told["EdgeRoleArn"] == "arn:aws:iam::123456789012:role/sentrypulse-prod-edge"
    call_command("aws", "outputs", "--stage=prod")
    assert json.loads(capsys.readouterr().out)["ChecksQueueArn"] == told["ChecksQueueArn"]
    run(clients, Wishes(redis=True))
    edges.open_edge(clients.ssm, "prod", "us-east-1", "https://sqs.us-east-1.amazonaws.com/1/checks")
    call_command("aws", "outputs", "--stage=prod", "--sam")
    told = dict(part.split("=", 1) for part in capsys.readouterr().out.split())
    assert told["RedisUrl"].startswith("rediss://")
    assert told["EdgeQueueUrls"] == "us-east-1=https://sqs.us-east-1.amazonaws.com/1/checks"


CERTIFICATE = "arn:aws:acm:us-east-1:123456789012:certificate/x"


@pytest.mark.parametrize(
    ("wishes", "sentence"),
    [
        (
            {"domain": "pulse.example.com"},
            "--domain pulse.example.com needs --certificate-arn, of ACM in us-east-1; this asks for one:"
            " aws acm request-certificate --region us-east-1 --validation-method DNS"
            " --domain-name pulse.example.com",
        ),
        (
            {"status_domain": "status.example.com", "certificate_arn": CERTIFICATE},
            "--status-domain status.example.com needs --status-certificate-arn, of ACM in us-east-1;"
            " this asks for one: aws acm request-certificate --region us-east-1 --validation-method DNS"
            " --domain-name status.example.com",
        ),
        (
            {"domain": "pulse.example.com", "certificate_arn": CERTIFICATE.replace("us-east-1", "eu-west-1")},
            "--certificate-arn must be of us-east-1, where CloudFront looks for it, not"
            " arn:aws:acm:eu-west-1:123456789012:certificate/x.",
        ),
    ],
)
def test_a_name_without_its_certificate_is_refused_before_anything_is_made(clients, wishes, sentence):
    options = [f"--{name.replace('_', '-')}={value}" for name, value in wishes.items()]
    with pytest.raises(CommandError) as refused:
        call_command("aws", "provision", "--stage=prod", "--yes", *options)
    assert str(refused.value) == sentence
    with pytest.raises(WrongWish):
        run(clients, Wishes(**wishes))
    assert clients.cloudformation.list_stacks()["StackSummaries"] == []
    assert clients.ssm.describe_parameters()["Parameters"] == []


def test_a_certificate_that_is_there_serves_another_name(clients):
    run(clients, Wishes(domain="pulse.example.com", certificate_arn=CERTIFICATE))
    assert run(clients, Wishes(domain="sentry.example.com"))["frontend"] == "updated"


NOBODY = "Nobody will be told when something is wrong: add --alarm-email you@example.com.\n"


@pytest.mark.parametrize(
    ("stage", "options", "warned"),
    [("prod", [], True), ("prod", ["--alarm-email=me@example.com"], False), ("dev", [], False)],
)
def test_who_provisions_prod_is_warned_when_nobody_would_be_told(clients, capsys, stage, options, warned):
    call_command("aws", "provision", f"--stage={stage}", "--dry-run", *options)
    assert (NOBODY in capsys.readouterr().out) == warned


def test_who_is_told_already_need_not_be_named_again(clients, capsys):
    run(clients, Wishes(alarm_email="me@example.com"))
    call_command("aws", "provision", "--stage=prod", "--dry-run")
    assert NOBODY not in capsys.readouterr().out


# The templates


@pytest.mark.parametrize("stack", ALL, ids=lambda stack: stack.part)
def test_the_table_names_parameters_that_the_template_has(stack):
    assert {"Stage", *stack.needs, *stack.wishes} <= parameter_names(stack.template)


@pytest.mark.parametrize("stack", ALL, ids=lambda stack: stack.part)
def test_a_template_is_small_enough_to_be_sent(stack):
    assert len(stack.template.encode()) < 51_200


def test_the_dashboard_is_json():
    body = ALARMS.template.partition("DashboardBody: !Sub |\n")[2].partition("\nOutputs:")[0]
    assert len(json.loads(body)["widgets"]) == 8
