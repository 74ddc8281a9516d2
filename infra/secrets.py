"""Secrets of an installation. They are made here once and stored as SecureStrings, which CloudFormation
cannot do. They are never printed."""

import secrets
import string
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING
from urllib.parse import quote

from cryptography.fernet import Fernet

from infra.stages import env_path, infra_path

if TYPE_CHECKING:
    from mypy_boto3_ssm import SSMClient

Report = Callable[[str], None]


PASSWORD_CHARS = (8, 41)
PASSWORD_NEVER = frozenset('/"@ ')
"""https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBCluster.html (MasterUserPassword)"""


def _make_password() -> str:
    """32 letters and digits: valid for Aurora, and unchanged in a URL."""
    return "".join(secrets.choice(string.ascii_letters + string.digits) for _ in range(32))


def is_password(text: str) -> bool:
    """Whether RDS accepts it."""
    least, most = PASSWORD_CHARS
    return (
        least <= len(text) <= most
        and text.isascii()
        and text.isprintable()
        and not PASSWORD_NEVER & set(text)
    )


def _make_token() -> str:
    return secrets.token_urlsafe(48)


def _make_fernet_key() -> str:
    return Fernet.generate_key().decode()


def secret_makers(stage: str) -> Mapping[str, Callable[[], str]]:
    """By parameter, the function that makes the secret when it is missing."""
    return {
        f"{env_path(stage)}/SECRET_KEY": _make_token,
        f"{env_path(stage)}/FIELD_ENCRYPTION_KEY": _make_fernet_key,
        f"{env_path(stage)}/METRICS_TOKEN": _make_token,
        f"{env_path(stage)}/ORIGIN_SECRET": _make_token,
        f"{infra_path(stage)}/DATABASE_PASSWORD": _make_password,
    }


def make_secrets(ssm: "SSMClient", stage: str, *, cdn: bool = True, report: Report) -> None:
    """Make the secrets that are missing. The others stay, so running it twice changes nothing. Without a
    distribution nobody could show the origin's secret, and the API would refuse everybody, so there is none
    then."""
    origin = f"{env_path(stage)}/ORIGIN_SECRET"
    if not cdn and ssm.delete_parameters(Names=[origin])["DeletedParameters"]:
        report(f"  {origin}: deleted, for there is no distribution that could show it")
    for name, make in secret_makers(stage).items():
        if (cdn or name != origin) and put_secret(ssm, name, make, stage=stage):
            report(f"  {name}: made")


def put_secret(ssm: "SSMClient", name: str, make: Callable[[], str], *, stage: str) -> bool:
    """Store a new secret unless there is one; False when there was. Two runs at once end with the same
    secret."""
    try:
        ssm.put_parameter(
            Name=name,
            Value=make(),
            Type="SecureString",
            Overwrite=False,
            Tags=[{"Key": "Project", "Value": "sentrypulse"}, {"Key": "Stage", "Value": stage}],
        )
    except ssm.exceptions.ParameterAlreadyExists:
        return False
    return True


def heal_password(ssm: "SSMClient", stage: str, *, report: Report) -> None:
    """Replace a password that RDS refuses, while there is no database. Until November 2026 we made passwords
    of 48 characters, with which no database could be made."""
    name = f"{infra_path(stage)}/DATABASE_PASSWORD"
    if not is_password(read_secret(ssm, name)):
        ssm.put_parameter(Name=name, Value=_make_password(), Type="SecureString", Overwrite=True)
        report(f"  {name}: made anew, for RDS takes {PASSWORD_CHARS[0]} to {PASSWORD_CHARS[1]} characters")


def read_secret(ssm: "SSMClient", name: str) -> str:
    return ssm.get_parameter(Name=name, WithDecryption=True)["Parameter"]["Value"]


MAY_PAUSE = "?connect_timeout=35&conn_max_age=0"
"""A paused database answers after 15 s, or 30 when it paused for a day; and it pauses only when nobody is
connected: https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/aurora-serverless-v2-auto-pause.html"""


def has_secret(ssm: "SSMClient", name: str) -> bool:
    try:
        ssm.get_parameter(Name=name)
    except ssm.exceptions.ParameterNotFound:
        return False
    return True


def put_database_url(
    ssm: "SSMClient", stage: str, *, host: str, port: str, may_pause: bool, report: Report
) -> None:
    """Store ``DATABASE_URL`` of the database as it is now. It is written only when it has changed."""
    name = f"{env_path(stage)}/DATABASE_URL"
    password = read_secret(ssm, f"{infra_path(stage)}/DATABASE_PASSWORD")
    url = f"mysql://sentrypulse:{quote(password, safe='')}@{host}:{port}/sentrypulse"
    url += MAY_PAUSE if may_pause else ""
    try:
        unchanged = read_secret(ssm, name) == url
    except ssm.exceptions.ParameterNotFound:
        unchanged = False
    if not unchanged:
        ssm.put_parameter(Name=name, Value=url, Type="SecureString", Overwrite=True)
        report(f"  {name}: written")


def delete_parameters(ssm: "SSMClient", stage: str) -> int:
    """Delete every parameter of the stage. Returns how many there were."""
    names = [
        parameter["Name"]
        for path in (env_path(stage), infra_path(stage))
        for page in ssm.get_paginator("get_parameters_by_path").paginate(Path=path, Recursive=True)
        for parameter in page["Parameters"]
    ]
    for start in range(0, len(names), 10):
        ssm.delete_parameters(Names=names[start : start + 10])
    return len(names)
