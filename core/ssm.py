"""Reads secrets from AWS's parameter store, once at the start. So no package holds them."""

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

_CONFIG = Config(connect_timeout=3, read_timeout=5, retries={"mode": "standard", "total_max_attempts": 6})


class ParametersAway(Exception):
    """The parameters could not be read. The text completes the sentence "SSM_PATH …"."""


def read_parameters(path: str) -> dict[str, str]:
    """The decrypted parameters under ``path``, by the last part of their names.

    Sandboxes that start together are throttled together, so boto3 tries six times with growing pauses. Raises
    ``ParametersAway`` when all fail, and when there are no parameters.
    """
    found: dict[str, str] = {}
    try:
        pages = boto3.client("ssm", config=_CONFIG).get_paginator("get_parameters_by_path")
        for page in pages.paginate(Path=path, Recursive=True, WithDecryption=True):
            for parameter in page["Parameters"]:
                found[parameter["Name"].rpartition("/")[2]] = parameter["Value"]
    except (BotoCoreError, ClientError) as error:
        raise ParametersAway(f"cannot be read from the parameter store: {error}.") from error
    if not found:
        raise ParametersAway(f"names no parameters: there is nothing under {path}.")
    return found
