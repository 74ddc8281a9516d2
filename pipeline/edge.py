"""Run one check or send one delivery at once, because somebody waits for the answer. This process does it. On
the serverless engine the edge's function does it, because the core cannot reach the internet there."""

import json
import logging
import math
import threading
from collections.abc import Callable
from functools import lru_cache
from time import monotonic
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import msgspec
from django.conf import settings

from core import structs
from core.engine import Engine
from core.errors import RuleViolation
from core.queue_addresses import aws_region_of
from delivery.message import DeliveryMessage, Receipt
from delivery.send import Courier
from pipeline.health import vitals
from probes.result import CheckResult
from probes.run import Prober
from probes.spec import CheckSpec

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient

logger = logging.getLogger(__name__)

START_WITHIN_S = 15.0
"""Seconds that a check somebody waits for may wait for its turn."""
WITHIN_S = 20.0
"""Seconds that a call of the edge may take. The API's own function has 29 s (``zappa_settings.json``); a
start of the edge's function takes a part of the rest."""
_GRACE_S = 5.0

Tool = TypeVar("Tool", Prober, Courier)


class Shared(Generic[Tool]):
    """The one instance of a tool in this process; an engine's threads and people's requests share it. It is
    made when it is first used. Thread-safe."""

    def __init__(self, make: Callable[[], Tool]) -> None:
        self._make: Callable[[], Tool] = make
        self._lock = threading.Lock()
        self.made: Tool | None = None

    def get(self) -> Tool:
        with self._lock:
            if self.made is None:
                self.made = self._make()
            return self.made

    def close(self) -> None:
        """Close the tool, if it was made; it then begins nothing more. The next ``get`` makes a new one."""
        with self._lock:
            if self.made is not None:
                self.made.close()
                self.made = None


def _make_prober() -> Prober:
    return Prober(
        allow_private=settings.PROBE_ALLOW_PRIVATE,
        concurrency=settings.PROBE_CONCURRENCY,
        per_host=settings.PROBE_PER_HOST,
        own_network_targets=settings.OWN_NETWORK_TARGETS,
        tell_replaced=vitals.count_replaced,
    )


def _make_courier() -> Courier:
    return Courier(
        allow_private=settings.PROBE_ALLOW_PRIVATE,
        email_url=settings.EMAIL_URL,
        email_from=settings.DEFAULT_FROM_EMAIL,
        concurrency=settings.DELIVERY_CONCURRENCY,
    )


PROBER, COURIER = Shared(_make_prober), Shared(_make_courier)


def probe_now(spec: CheckSpec) -> CheckResult:
    """Run one check at once and return its result. Raises ``RuleViolation`` when the check does not end in
    time, or the edge does not answer."""
    if settings.ENGINE != Engine.SERVERLESS:
        within_s = spec.timeout_s + START_WITHIN_S
        for results in PROBER.get().run([spec], deadline_at=monotonic() + within_s, learn=False):
            return results[0]
        raise RuleViolation(f"The check did not end within {within_s:g} s: too many others run just now.")
    answer = call_edge("probe", region=spec.region, spec=msgspec.to_builtins(spec))
    if "result" not in answer:
        raise RuleViolation(
            f"The check takes longer than the {WITHIN_S:g} s that we can wait here; look at its next results."
        )
    return structs.convert(answer["result"], CheckResult)


def send_one(delivery: DeliveryMessage) -> Receipt:
    """Send one delivery at once. Blocks until its turn comes and for as long as the receiver takes, 12 s at
    most. Raises ``RuleViolation`` when the edge does not answer."""
    if settings.ENGINE != Engine.SERVERLESS:
        return COURIER.get().send_one(delivery)
    answer = call_edge("send", delivery=msgspec.to_builtins(delivery))
    return structs.convert(answer["receipt"], Receipt)


@lru_cache(maxsize=8)
def _client(aws_region: str | None) -> "LambdaClient":
    import boto3  # the import takes 0.1 s, and no other engine needs it
    from botocore.config import Config

    config = Config(
        connect_timeout=3, read_timeout=math.ceil(WITHIN_S + _GRACE_S), retries={"total_max_attempts": 1}
    )
    return boto3.client("lambda", region_name=aws_region, config=config)


def call_edge(call: str, *, region: str = "", within_s: float = WITHIN_S, **arguments: Any) -> dict[str, Any]:
    """Call the edge function of ``region`` and return its JSON answer. The function has the same name in
    every region.

    Raises ``RuleViolation``, with a sentence for the person who asked, when the function does not answer or
    fails.
    """
    from botocore.exceptions import BotoCoreError, ClientError

    where = f" in {region}" if region else ""
    payload = json.dumps({"call": call, "within_s": within_s, **arguments})
    try:
        answer = _client(_aws_region(region)).invoke(FunctionName=settings.EDGE_FUNCTION, Payload=payload)
        body = answer["Payload"].read()
    except (BotoCoreError, ClientError) as error:
        logger.warning("edge away call=%s region=%s: %s", call, region or "-", error)
        raise RuleViolation(
            f"The edge{where} does not answer. Nothing was sent; try again in a moment."
        ) from None
    if "FunctionError" in answer:
        logger.error("edge failed call=%s region=%s answer=%s", call, region or "-", body[:500])
        raise RuleViolation(f"The edge{where} failed to do this; its log says why.")
    found: dict[str, Any] = json.loads(body)
    return found


def _aws_region(region: str) -> str | None:
    """The AWS region of the edge function of ``region``: it stands where the region's queue does."""
    url = settings.QUEUE_ADDRESSES.get("checks", {}).get(region, "")
    return aws_region_of(url, region=region)
