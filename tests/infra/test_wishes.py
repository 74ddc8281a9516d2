"""What is chosen for a stage where nothing is said, and what is refused before anything is made."""

import pytest
from django.core.management import CommandError, call_command

from infra import secrets
from infra.outputs import find_stacks
from infra.stacks import Wishes
from infra.wishes import WrongWish
from tests.infra.provisioning import run


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
