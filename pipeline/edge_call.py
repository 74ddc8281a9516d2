"""Asking the edge and waiting for its answer: the core has no way to the internet of its own. Serverless
only."""

import json
import logging
import math
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from django.conf import settings

from pipeline.queues.addresses import aws_region_of
from sentrypulse.errors import DomainError

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient

logger = logging.getLogger(__name__)

WITHIN_S = 20.0
"""Of the 29 s that HTTP API gives a request; a start of the edge's function takes some of the rest."""
_GRACE_S = 5.0


@lru_cache(maxsize=8)
def _client(aws_region: str | None) -> "LambdaClient":
    import boto3  # takes a tenth of a second, and no other engine needs it
    from botocore.config import Config

    config = Config(
        connect_timeout=3, read_timeout=math.ceil(WITHIN_S + _GRACE_S), retries={"total_max_attempts": 1}
    )
    return boto3.client("lambda", region_name=aws_region, config=config)


def call_edge(call: str, *, region: str = "", within_s: float = WITHIN_S, **arguments: Any) -> dict[str, Any]:
    """What the edge function of ``region`` answers to ``call``. It bears the same name in every region.

    Raises ``DomainError`` with a sentence for the person who asked when it does not answer, or fails.
    """
    from botocore.exceptions import BotoCoreError, ClientError

    where = f" in {region}" if region else ""
    payload = json.dumps({"call": call, "within_s": within_s, **arguments})
    try:
        answer = _client(_aws_region(region)).invoke(FunctionName=settings.EDGE_FUNCTION, Payload=payload)
        body = answer["Payload"].read()
    except (BotoCoreError, ClientError) as error:
        logger.warning("edge away call=%s region=%s: %s", call, region or "-", error)
        raise DomainError(
            f"The edge{where} does not answer. Nothing was sent; try again in a moment."
        ) from None
    if "FunctionError" in answer:
        logger.error("edge failed call=%s region=%s answer=%s", call, region or "-", body[:500])
        raise DomainError(f"The edge{where} failed to do this; its log says why.")
    found: dict[str, Any] = json.loads(body)
    return found


def _aws_region(region: str) -> str | None:
    """Where the function of ``region`` is: where its queue is."""
    url = settings.QUEUE_ADDRESSES.get("checks", {}).get(region, "")
    return aws_region_of(url, region=region)
