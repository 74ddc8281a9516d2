"""Limits that AWS sets for the account, which may be tighter for a new one than we need: functions at once,
and e-mails. Each is told in a sentence that names the way out. Reads only."""

from collections.abc import Callable
from email.utils import parseaddr
from functools import partial
from typing import Any

from botocore.exceptions import ClientError

from infra.clients import Clients
from infra.stages import read_zappa_config

CONCURRENCY_QUOTA = "L-B99A9384"
"""Lambda's "Concurrent executions": https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html"""
FOR_PEOPLE = 10
"""Functions that may run at once besides those that read queues: the API's and the clock's."""

WITHOUT_CDN = (
    "Without CloudFront: API, admin and status pages are at API Gateway's own address. Lost are the app,"
    " names of your own, plain http for pings, caches near the reader, and the copies of status pages that"
    " answer when all else is away. Once AWS lets the account have distributions: provision --cdn."
)


# Functions at once


def count_wanted(stage: str, *, home: bool = True) -> int:
    """How many functions of the stage may run at once in a region, those that read queues included."""
    events = read_zappa_config(f"{stage}_edge")["events"]
    if not home:
        return int(events[0]["event_source"]["max_concurrency"])  # of its checks
    events = events + read_zappa_config(f"{stage}_core")["events"]
    sources = [event["event_source"] for event in events if "event_source" in event]
    return FOR_PEOPLE + sum(int(source["max_concurrency"]) for source in sources)


def read_concurrency(clients: Clients) -> int:
    """How many functions may run at once in the region, without those that are reserved."""
    return clients.functions.get_account_settings()["AccountLimit"]["UnreservedConcurrentExecutions"]


def find_lack_of_functions(clients: Clients, stage: str, *, home: bool = True) -> str:
    """A sentence when the account may run fewer functions at once than the stage may need; otherwise
    empty."""
    may, wanted = read_concurrency(clients), count_wanted(stage, home=home)
    region = clients.session.region_name
    if may >= wanted:
        return ""
    return (
        f"Lambda runs {may} functions at once in {region}, and {stage} may ask for {wanted} (max_concurrency"
        " in zappa_settings.json): checks would wait for one another. To have more costs nothing:"
        f" aws service-quotas request-service-quota-increase --region {region} --service-code lambda"
        f" --quota-code {CONCURRENCY_QUOTA} --desired-value 1000"
    )


# Letters


def find_mail_trouble(clients: Clients, stage: str, *, sender: str) -> str:
    """A sentence when Amazon SES would not accept an e-mail of ours; empty when it would, or when it is not
    used."""
    given = read_zappa_config(f"{stage}_edge").get("aws_environment_variables", {})
    if not given.get("EMAIL_URL", "ses://").startswith("ses://"):
        return ""
    region, address = clients.session.region_name, parseaddr(sender)[1]
    account = clients.ses.get_account()
    if not account["SendingEnabled"]:
        why = account.get("EnforcementStatus", "paused")
        return f"Amazon SES sends nothing for this account ({why}): ask AWS."
    if not _is_verified(clients, address):
        domain = address.rpartition("@")[2]
        return (
            f"Nobody has shown Amazon SES that {domain} is yours, so it takes no e-mail from {address}: aws"
            f" sesv2 create-email-identity --region {region} --email-identity {domain}, and set the records"
            " that it names (or name another sender with --from-email)."
        )
    if account["ProductionAccessEnabled"]:
        return ""
    return (
        f"Amazon SES is in its sandbox in {region}: it takes e-mails to nobody whose address you have not"
        f" verified. To leave it: aws sesv2 put-account-details --region {region} --production-access-enabled"
        " --mail-type TRANSACTIONAL --website-url https://YOURS"
        " --use-case-description 'Alerts to people who asked for them'"
    )


def _is_verified(clients: Clients, address: str) -> bool:
    """Whether the address itself, its domain, or a domain above it is verified."""
    domain = address.rpartition("@")[2]
    labels = domain.split(".")
    names = [address, *(".".join(labels[start:]) for start in range(max(1, len(labels) - 1)))]
    for name in names:
        try:
            found: Any = clients.ses.get_email_identity(EmailIdentity=name)
        except clients.ses.exceptions.NotFoundException:
            continue
        if found["VerifiedForSendingStatus"]:
            return True
    return False


# Both, for people


def find_limits(clients: Clients, stage: str, *, sender: str) -> list[str]:
    """Sentences on what the account may not do yet. When the deployer may not ask for a limit, a sentence
    says so, and the others are still looked up."""
    asks: tuple[Callable[[], str], ...] = (
        partial(find_lack_of_functions, clients, stage),
        partial(find_mail_trouble, clients, stage, sender=sender),
    )
    return [sentence for ask in asks if (sentence := _ask(ask))]


def _ask(ask: Callable[[], str]) -> str:
    try:
        return ask()
    except ClientError as error:
        return f"AWS does not say what this account may do: {error}"
