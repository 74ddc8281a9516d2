"""Reads from the environment where the serverless engine's queues are. The edge uses it, too, so it imports
no Django."""

import re
from collections.abc import Mapping
from urllib.parse import urlsplit

QUEUES = {name: f"{name.upper()}_QUEUE_URL" for name in ("checks", "results", "deliveries", "receipts")}
_REGION = re.compile(r"^[a-z]{2}(-[a-z]+)+-\d$")
_NAME = re.compile(r"^[a-z0-9][a-z0-9-]{0,31}$")

Addresses = dict[str, dict[str, str]]
"""By queue, then by the edge's region: the URL. Only ``checks`` has regions; the region of the others is
empty."""


def read_addresses(environment: Mapping[str, str]) -> Addresses:
    """The queues that ``environment`` names. Raises ``ValueError`` with one sentence that names the variable.

    ``CHECKS_QUEUE_URL`` is ``region=url,region=url``, the others are one URL each.
    """
    addresses: Addresses = {}
    for queue, variable in QUEUES.items():
        text = environment.get(variable, "").strip()
        if not text:
            continue
        addresses[queue] = _read_regions(variable, text) if queue == "checks" else {"": text}
        for url in addresses[queue].values():
            _check_url(variable, url)
    return addresses


def _read_regions(variable: str, text: str) -> dict[str, str]:
    regions: dict[str, str] = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        region, equals, url = part.partition("=")
        if not equals or not _NAME.match(region):
            raise ValueError(
                f"{variable} must look like eu-west-1=https://…,us-east-1=https://…, not {part!r}."
            )
        if region in regions:
            raise ValueError(f"{variable} names the region {region} twice.")
        regions[region] = url
    return regions


def _check_url(variable: str, url: str) -> None:
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.netloc or parts.path.count("/") < 2:
        raise ValueError(f"{variable} must be a queue's URL, as SQS gives it, not {url!r}.")


def aws_region_of(url: str, *, region: str = "") -> str | None:
    """The AWS region of the queue: from its URL, otherwise the edge's ``region`` if that is the name of an
    AWS region. None: only the environment knows."""
    host = urlsplit(url).hostname or ""
    for label in host.split("."):
        if _REGION.match(label):
            return label
    return region if _REGION.match(region) else None


def name_queue(url_or_arn: str) -> str:
    """The queue's name, the last part of its URL and of its ARN."""
    return re.split("[/:]", url_or_arn.rstrip("/"))[-1]
