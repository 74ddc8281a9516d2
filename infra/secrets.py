"""Secrets of an installation: made here once, put as SecureStrings (CloudFormation cannot), never printed."""

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


def _make_password() -> str:
    """48 letters and digits: valid for Aurora, and the same inside a URL."""
    return "".join(secrets.choice(string.ascii_letters + string.digits) for _ in range(48))


def _make_token() -> str:
    return secrets.token_urlsafe(48)


def _make_fernet_key() -> str:
    return Fernet.generate_key().decode()


def secret_makers(stage: str) -> Mapping[str, Callable[[], str]]:
    """Each secret's parameter, and how it is made when it is missing."""
    return {
        f"{env_path(stage)}/SECRET_KEY": _make_token,
        f"{env_path(stage)}/FIELD_ENCRYPTION_KEY": _make_fernet_key,
        f"{env_path(stage)}/METRICS_TOKEN": _make_token,
        f"{env_path(stage)}/ORIGIN_SECRET": _make_token,
        f"{infra_path(stage)}/DATABASE_PASSWORD": _make_password,
    }


def make_secrets(ssm: "SSMClient", stage: str, *, report: Report) -> None:
    """Make what is missing; what is there stays, so that running it twice changes nothing."""
    for name, make in secret_makers(stage).items():
        if put_secret(ssm, name, make, stage=stage):
            report(f"  {name}: made")


def put_secret(ssm: "SSMClient", name: str, make: Callable[[], str], *, stage: str) -> bool:
    """Put it unless it is there; False when it was. Two runs at once end with the same secret."""
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


def read_secret(ssm: "SSMClient", name: str) -> str:
    return ssm.get_parameter(Name=name, WithDecryption=True)["Parameter"]["Value"]


def put_database_url(ssm: "SSMClient", stage: str, *, host: str, port: str, report: Report) -> None:
    """``DATABASE_URL`` of the database that there is now; written again only when it is another."""
    name = f"{env_path(stage)}/DATABASE_URL"
    password = read_secret(ssm, f"{infra_path(stage)}/DATABASE_PASSWORD")
    url = f"mysql://sentrypulse:{quote(password, safe='')}@{host}:{port}/sentrypulse"
    try:
        unchanged = read_secret(ssm, name) == url
    except ssm.exceptions.ParameterNotFound:
        unchanged = False
    if not unchanged:
        ssm.put_parameter(Name=name, Value=url, Type="SecureString", Overwrite=True)
        report(f"  {name}: written")


def forget_secrets(ssm: "SSMClient", stage: str) -> int:
    """Delete every parameter of the stage; how many there were."""
    names = [
        parameter["Name"]
        for path in (env_path(stage), infra_path(stage))
        for page in ssm.get_paginator("get_parameters_by_path").paginate(Path=path, Recursive=True)
        for parameter in page["Parameters"]
    ]
    for start in range(0, len(names), 10):
        ssm.delete_parameters(Names=names[start : start + 10])
    return len(names)
