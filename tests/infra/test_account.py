"""What AWS lets a new account do, said before it hurts."""

import pytest
from django.core.management import call_command

from infra import account
from infra.account import count_wanted, find_lack_of_functions, find_limits, find_mail_trouble
from infra.provision import provision
from infra.stacks import Wishes
from infra.stages import WrongStage
from infra.status import tell_stage

SENDER = "SentryPulse <alerts@pulse.example.com>"


def test_a_stage_may_ask_for_what_its_queues_may_take_and_some_for_people():
    assert count_wanted("prod") == 50 + 10 + 5 + 5 + 10
    assert count_wanted("prod", home=False) == 50


@pytest.mark.parametrize("may", [79, 80])
def test_too_few_functions_at_once_are_told_with_the_way_to_more(aws, clients, may):
    aws.account.concurrency = may
    told = find_lack_of_functions(clients, "prod")
    if may == 80:
        assert told == ""
        return
    assert told.startswith("Lambda runs 79 functions at once in eu-west-1, and prod may ask for 80 (max_conc")
    assert told.endswith("--service-code lambda --quota-code L-B99A9384 --desired-value 1000")


def test_what_others_reserved_is_not_ours(aws, clients):
    aws.account.concurrency, aws.account.reserved = 1_000, 950
    assert "Lambda runs 50 functions at once" in find_lack_of_functions(clients, "prod")


def test_the_sandbox_of_ses_is_told_with_the_way_out(aws, clients):
    aws.account.verified, aws.account.may_send = {"example.com"}, False
    told = find_mail_trouble(clients, "prod", sender=SENDER)
    assert told.startswith(
        "Amazon SES is in its sandbox in eu-west-1: it takes e-mails to nobody whose address"
    )
    assert "aws sesv2 put-account-details --region eu-west-1 --production-access-enabled" in told
    aws.account.may_send = True
    assert find_mail_trouble(clients, "prod", sender=SENDER) == ""


@pytest.mark.parametrize("verified", [{"alerts@pulse.example.com"}, {"pulse.example.com"}, {"example.com"}])
def test_a_sender_is_verified_by_its_address_or_a_domain_above(aws, clients, verified):
    aws.account.verified = verified
    assert find_mail_trouble(clients, "prod", sender=SENDER) == ""


@pytest.mark.parametrize("verified", [set(), {"com"}, {"other.example.com"}, {"ple.com"}])
def test_a_sender_that_nobody_verified_is_told(aws, clients, verified):
    aws.account.verified = verified
    told = find_mail_trouble(clients, "prod", sender=SENDER)
    assert told.startswith(
        "Nobody has shown Amazon SES that pulse.example.com is yours, so it takes no e-mail"
    )


def test_an_edge_with_a_mail_server_of_its_own_needs_no_ses(aws, clients, monkeypatch):
    aws.account.may_send = False
    given = {"aws_environment_variables": {"EMAIL_URL": "smtp+tls://mail.example.com"}}
    monkeypatch.setattr(account, "read_zappa_config", lambda key: given)
    assert find_mail_trouble(clients, "prod", sender=SENDER) == ""


def test_who_may_not_ask_is_told_so_and_goes_on(aws, clients):
    aws.deny = {"lambda:GetAccountSettings", "sesv2:GetAccount"}
    assert len(find_limits(clients, "prod", sender=SENDER)) == 2
    assert all("AccessDenied" in told for told in find_limits(clients, "prod", sender=SENDER))


def test_provision_and_status_tell_it(aws, clients, capsys):
    aws.account.concurrency, aws.account.may_send = 10, False
    call_command("aws", "provision", "--stage=prod", "--dry-run")
    told = capsys.readouterr().out
    assert "Lambda runs 10 functions at once" in told
    assert "Amazon SES is in its sandbox" in told
    provision(clients, "prod", Wishes(), report=lambda line: None, poll_s=0.01)
    lines = list(tell_stage(clients, "prod"))
    assert "the account                  may do less than we ask for:" in lines
    assert [line for line in lines if "Lambda runs 10 functions at once" in line]
    assert [line for line in lines if "Amazon SES is in its sandbox" in line]
    assert "database                     Aurora MySQL 3.10.4" in lines
    aws.account.concurrency, aws.account.may_send = 1_000, True
    assert "the account                  may do what we ask for" in list(tell_stage(clients, "prod"))


def test_a_stage_that_is_not_in_the_settings_is_refused_before_anything_is_made(aws, clients):
    with pytest.raises(WrongStage, match=r"zappa_settings\.json has no stage staging_edge: add it"):
        provision(clients, "staging", Wishes(), report=lambda line: None, poll_s=0.01)
    assert clients.ssm.describe_parameters()["Parameters"] == []
