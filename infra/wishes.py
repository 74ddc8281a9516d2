"""What people choose for a stage, checked and completed before anything is made."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime

from infra import account, aurora, secrets
from infra.clients import Clients
from infra.cloudformation import Found
from infra.stacks import (
    ALARMS,
    DATABASE,
    FRONTEND,
    PARAMETERS,
    REDIS,
    STORAGE,
    Wishes,
    default_min_acu,
)
from infra.stages import env_path, read_zappa_config


class WrongWish(Exception):
    """A choice that is not possible. The text names the fix."""


def check_wishes(wishes: Wishes, found: Mapping[str, Found]) -> None:
    """Raise ``WrongWish`` for a domain without a certificate, which CloudFront would refuse after half of
    everything was made; and for removing a distribution that exists."""
    _check_cdn(wishes, found)
    for name, certificate, stack in (
        ("domain", "certificate_arn", FRONTEND),
        ("status_domain", "status_certificate_arn", STORAGE),
    ):
        stands = found[stack.part].parameters if stack.part in found else {}
        domain, arn = stack.choice(name, wishes, stands), stack.choice(certificate, wishes, stands)
        option = f"--{certificate.replace('_', '-')}"
        if domain and not arn:
            raise WrongWish(
                f"--{name.replace('_', '-')} {domain} needs {option}, of ACM in us-east-1; this asks for one:"
                " aws acm request-certificate --region us-east-1 --validation-method DNS"
                f" --domain-name {domain}"
            )
        if domain and arn.split(":")[3:4] != ["us-east-1"]:
            raise WrongWish(f"{option} must be of us-east-1, where CloudFront looks for it, not {arn}.")


def has_cdn(found: Mapping[str, Found]) -> bool | None:
    """Whether the stage is behind a distribution. None: not decided yet."""
    if FRONTEND.part in found and not found[FRONTEND.part].never_was:
        return True
    storage = found.get(STORAGE.part)
    if storage is None or storage.never_was:
        return None
    return storage.parameters.get("Cdn", "true") == "true"


def _check_cdn(wishes: Wishes, found: Mapping[str, Found]) -> None:
    if wishes.cdn is False and has_cdn(found):
        raise WrongWish(
            "--no-cdn is for a stage without a distribution, and this one has its own: take the stage away"
            " first (manage.py aws destroy keeps the data)."
        )
    if wishes.cdn or (wishes.cdn is None and has_cdn(found) is not False):
        return
    for name in ("domain", "certificate_arn", "status_domain", "status_certificate_arn", "web_acl_arn"):
        if getattr(wishes, name):
            raise WrongWish(
                f"--{name.replace('_', '-')} needs a distribution, which --no-cdn does without: leave it out,"
                " or run provision --cdn once AWS lets the account have one."
            )


def settle_wishes(clients: Clients, stage: str, wishes: Wishes, found: Mapping[str, Found]) -> Wishes:
    """The wishes with the defaults that depend on the stage or on what AWS offers, for parts that are new.

    Raises ``aurora.WrongVersion``, and ``WrongStage`` for a stage that could not be deployed afterwards.
    """
    read_zappa_config(f"{stage}_edge")
    if wishes.redis is None:
        wishes = replace(wishes, redis=REDIS.part in found)
    if wishes.cdn is None:
        wishes = replace(wishes, cdn=has_cdn(found) is not False)
    wishes = _settle_database(clients, stage, wishes, found.get(DATABASE.part))
    if PARAMETERS.part not in found:
        wishes = replace(
            wishes,
            admin_email=wishes.admin_email or f"admin@{wishes.domain or 'sentrypulse.example'}",
            from_email=wishes.from_email
            or f"SentryPulse <sentrypulse@{wishes.domain or 'sentrypulse.example'}>",
        )
    return wishes


def _settle_database(clients: Clients, stage: str, wishes: Wishes, found: Found | None) -> Wishes:
    stands = found.parameters if found else {}
    if wishes.min_acu is None:
        least = stands.get("MinCapacity", "")
        wishes = replace(wishes, min_acu=float(least) if least else default_min_acu(stage))
    if found is None and wishes.protected is None:
        wishes = replace(wishes, protected=stage == "prod")
    if wishes.from_snapshot:
        _check_snapshot(clients, stage, wishes.from_snapshot, found)
    if wishes.engine_version or found is None or found.never_was:
        offered = list_engine_versions(clients)
        wished = wishes.engine_version or _version_of(stands, offered)
        wishes = replace(wishes, engine_version=aurora.choose_version(wished, offered))
    return wishes


def _check_snapshot(clients: Clients, stage: str, snapshot: str, found: Found | None) -> None:
    """Raise ``WrongWish`` for a snapshot that does not exist, that would replace a database, or whose secrets
    nobody could read."""
    if found is not None and not found.never_was:
        if found.parameters.get("SnapshotIdentifier") != snapshot:
            raise WrongWish(
                f"{stage} has a database, and a snapshot would take its place: restore it into a stage that"
                " has none, or take this one away first (manage.py aws destroy keeps a snapshot of it)."
            )
        return
    try:
        clients.rds.describe_db_cluster_snapshots(DBClusterSnapshotIdentifier=snapshot)
    except clients.rds.exceptions.DBClusterSnapshotNotFoundFault:
        raise WrongWish(
            f"There is no cluster snapshot {snapshot} in {clients.session.region_name}; this lists them:"
            " aws rds describe-db-cluster-snapshots --query"
            " 'DBClusterSnapshots[].DBClusterSnapshotIdentifier'"
        ) from None
    if not secrets.has_secret(clients.ssm, f"{env_path(stage)}/FIELD_ENCRYPTION_KEY"):
        raise WrongWish(
            f"The snapshot holds secrets that only the FIELD_ENCRYPTION_KEY of its time opens, and {stage}"
            f" has none: aws ssm put-parameter --name {env_path(stage)}/FIELD_ENCRYPTION_KEY"
            " --type SecureString --value …, then run this again."
        )


def _version_of(stands: Mapping[str, str], offered: list[str]) -> str:
    """The version that a failed creation had asked for, if it is on offer and supported; otherwise our
    default."""
    version = stands.get("EngineVersion", "")
    good = version in offered and not aurora.find_trouble(version, today=datetime.now(UTC).date())
    return version if good else aurora.LINE


def list_engine_versions(clients: Clients) -> list[str]:
    """The versions of Aurora MySQL that the region offers."""
    pages = clients.rds.get_paginator("describe_db_engine_versions").paginate(Engine="aurora-mysql")
    return [one["EngineVersion"] for page in pages for one in page["DBEngineVersions"]]


def find_warnings(clients: Clients, stage: str, wishes: Wishes, found: Mapping[str, Found]) -> list[str]:
    """Warnings of what is allowed but probably not meant, and of what the account may not do yet. ``wishes``
    are complete (``settle_wishes``)."""
    warnings = []
    stands = found[ALARMS.part].parameters if ALARMS.part in found else {}
    if stage == "prod" and not ALARMS.choice("alarm_email", wishes, stands):
        warnings.append("Nobody will be told when something is wrong: add --alarm-email you@example.com.")
    stands = found[DATABASE.part].parameters if DATABASE.part in found else {}
    version = DATABASE.choice("engine_version", wishes, stands)
    warnings.append(aurora.find_trouble(version, today=datetime.now(UTC).date()))
    stands = found[PARAMETERS.part].parameters if PARAMETERS.part in found else {}
    if not wishes.cdn:
        warnings.append(account.WITHOUT_CDN)
    warnings += account.find_limits(clients, stage, sender=PARAMETERS.choice("from_email", wishes, stands))
    return [warning for warning in warnings if warning]
