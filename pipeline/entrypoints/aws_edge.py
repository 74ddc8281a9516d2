"""The edge's one function. It takes checks and deliveries from their queues, and runs a single one at once
when the core asks. It has no database and no Django, and its role may use its queues and nothing else."""

import logging
import os
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

import msgspec

from core import structs, telemetry
from core.env import Env
from core.json_logs import log_json_lines
from core.retries import LETTER_NOT_TAKEN
from delivery.message import DeliveryMessage
from delivery.send import Courier
from pipeline.entrypoints.aws_events import Handle, entry, handle_batch
from pipeline.messages import Deliveries, find_message, pack_specs
from pipeline.queues.base import ROUTES, Failed, QueuesAway
from pipeline.queues.sqs import SqsSender
from probes.run import Prober
from probes.spec import CheckSpec

logger = logging.getLogger(__name__)

RESERVE_S = 5.0
"""Seconds of the function's time that are kept for handing over what was found and putting back what was
not."""
FLUSH_S = 1.0


class Edge:
    """What a sandbox makes once and keeps: its sender, courier and prober."""

    def __init__(self) -> None:
        env = Env()
        log_json_lines(level=env.text("LOG_LEVEL", "INFO").upper())
        self.addresses = env.queues(required=True)
        self.sender = SqsSender(self.addresses)
        self.courier = Courier(**env.courier_bounds())
        self.prober = Prober(**env.probe_bounds(), tell_replaced=lambda: telemetry.count(LoopsReplaced=1))


@lru_cache(maxsize=1)
def get_edge() -> Edge:
    return Edge()


@entry("edge")
def handler(event: dict[str, Any], context: Any) -> Any:
    """What Lambda calls. Raises ``ValueError`` for an event of another kind, so that nothing is lost in
    silence."""
    deadline_at = time.monotonic() + context.get_remaining_time_in_millis() / 1000 - RESERVE_S
    if "Records" in event:
        return take_batch(event, deadline_at=deadline_at)
    if event.get("call") in CALLS:
        return CALLS[event["call"]](event, deadline_at)
    raise ValueError(f"The edge knows no event with the keys {sorted(event)}.")


def take_batch(event: dict[str, Any], *, deadline_at: float) -> dict[str, Any]:
    edge = get_edge()

    def put_back(specs: Sequence[CheckSpec], delay_s: float) -> None:
        edge.sender.send_all("checks", pack_specs(specs, delay_s=delay_s))

    def take_checks(bodies: Sequence[bytes]) -> Failed:
        failed: Failed = ROUTES["checks"].load()(
            bodies,
            prober=edge.prober,
            send=lambda body: edge.sender.send("results", body),
            send_on=lambda specs: put_back(specs, 0.0),
            flush_s=FLUSH_S,
            now=datetime.now(UTC),
            deadline_at=deadline_at,
            put_back=put_back,
        )
        return failed

    def take_deliveries(bodies: Sequence[bytes]) -> Failed:
        failed: Failed = ROUTES["deliveries"].load()(
            bodies, courier=edge.courier, send=lambda body: edge.sender.send("receipts", body)
        )
        return failed

    queues: dict[str, Handle] = {"checks": take_checks, "deliveries": take_deliveries}
    answer = handle_batch(event, queues=queues, addresses=edge.addresses, away=(QueuesAway,))
    failed = {failure["itemIdentifier"] for failure in answer["batchItemFailures"]}
    for record in event["Records"]:
        if record["messageId"] in failed and _holds_letters(record["body"]):
            _bring_again(record)
    return answer


def _holds_letters(body: str) -> bool:
    """Whether a failed message holds e-mails that are to be tried again. Else it could not be decoded: the
    queue brings it again by itself, until it is a dead letter."""
    return find_message(body, Deliveries) is not None


def _bring_again(record: dict[str, Any]) -> None:
    """Let an e-mail that was handed back come again after ``LETTER_NOT_TAKEN``'s pauses. By the queue's own
    it would have five attempts within twelve minutes."""
    attempt = int(record.get("attributes", {}).get("ApproximateReceiveCount", 1))
    pause_s = round(LETTER_NOT_TAKEN.pause_s(attempt))
    try:
        get_edge().sender.show_again("deliveries", [record["receiptHandle"]], pause_s=pause_s)
    except QueuesAway as error:
        logger.warning("an e-mail comes again by itself: %s", error)


# Calls that are answered at once


def call_probe(event: dict[str, Any], deadline_at: float) -> dict[str, Any]:
    """Run one check now. Answers ``{"result": …}``, or ``{"late": true}`` when it did not end in time."""
    spec = structs.convert(event["spec"], CheckSpec)
    deadline_at = min(deadline_at, time.monotonic() + float(event.get("within_s", 60)))
    for results in get_edge().prober.run([spec], deadline_at=deadline_at, learn=False):
        return {"result": msgspec.to_builtins(results[0])}
    return {"late": True}


def call_send(event: dict[str, Any], deadline_at: float) -> dict[str, Any]:
    """Send one delivery now. Answers ``{"receipt": …}``. It takes no longer than ``Courier`` allows."""
    delivery = structs.convert(event["delivery"], DeliveryMessage)
    return {"receipt": msgspec.to_builtins(get_edge().courier.send_one(delivery))}


CALLS = {"probe": call_probe, "send": call_send}

if "AWS_LAMBDA_FUNCTION_NAME" in os.environ:
    get_edge()  # at the sandbox's start, which Lambda tries again when it fails; not in the first event
