"""What each of our Lambda functions does around its work: it refuses events that are not for it, tells failed
messages from a failing function, and writes a log line, figures and a trace. Both planes use it, so it
imports no Django."""

import json
import logging
import os
import socket
import sys
import time
import uuid
from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any

from core import json_logs, telemetry
from core.queue_addresses import Addresses, name_queue
from core.telemetry import Notes
from pipeline.queues.base import Failed

logger = logging.getLogger(__name__)

NAMESPACE = "SentryPulse"
Handler = Callable[[dict[str, Any], Any], Any]
Handle = Callable[[Sequence[bytes]], Failed]


class UnknownQueue(Exception):
    """The event comes from a queue that this function does not know. It is raised so that SQS deletes nothing
    unread."""


class HandlerFailed(Exception):
    """Raised in place of a ``TypeError``: Zappa takes that for a wrong signature, and would call the handler
    again."""


def entry(stage: str) -> Callable[[Handler], Handler]:
    """Makes a handler for Lambda: exactly ``(event, context)``, with log line, figures and trace. A
    ``TypeError`` becomes ``HandlerFailed``."""

    def wrap(handler: Handler) -> Handler:
        @wraps(handler)
        def shielded(event: dict[str, Any], context: Any) -> Any:
            started, began_at = time.perf_counter(), time.time()
            token = json_logs.request_id.set(getattr(context, "aws_request_id", "") or uuid.uuid4().hex)
            failed = True
            try:
                with telemetry.collecting() as notes:
                    telemetry.mark(stage=stage)
                    answer = handler(event, context)
                failed = False
                return answer
            except TypeError as error:
                raise HandlerFailed(f"TypeError: {error}") from error
            finally:
                took_ms = round((time.perf_counter() - started) * 1000)
                notes.figures.update(Failures=int(failed), TookMs=took_ms)
                logger.info("invoked stage=%s failed=%d took_ms=%d", stage, failed, took_ms)
                write_metrics(notes, now_s=time.time())
                trace(notes, began_at=began_at, failed=failed)
                json_logs.request_id.reset(token)

        return shielded

    return wrap


# Batches of a queue's messages


def handle_batch(
    event: dict[str, Any],
    *,
    queues: dict[str, Handle],
    addresses: Addresses,
    away: tuple[type[Exception], ...] = (),
) -> dict[str, Any]:
    """Hand the messages to the function of their queue. Returns ``{"batchItemFailures": …}``, by which SQS
    brings the failed ones again.

    A queue's function returns the messages that failed. When it raises one of ``away`` (the
    database or the queues do not answer), that propagates: all messages come again. Any other error is a bug
    that one of the messages causes: each is then handled alone, so that the bad one holds up no other. Raises
    ``UnknownQueue``.
    """
    records: list[dict[str, Any]] = event["Records"]
    by_queue: dict[str, list[dict[str, Any]]] = {}
    for record in records:
        by_queue.setdefault(find_queue(record.get("eventSourceARN", ""), queues, addresses), []).append(
            record
        )
    failed: list[str] = []
    for queue, theirs in by_queue.items():
        bodies = [str(record["body"]).encode() for record in theirs]
        failed += [theirs[index]["messageId"] for index in _handle(queues[queue], bodies, away)]
    telemetry.count(Messages=len(records), MessagesFailed=len(failed))
    return {"batchItemFailures": [{"itemIdentifier": message_id} for message_id in failed]}


def find_queue(arn: str, queues: dict[str, Handle], addresses: Addresses) -> str:
    """The name of the queue that ``arn`` is, among those with a function. Raises ``UnknownQueue``."""
    name = name_queue(arn)
    for queue in queues:
        if any(name_queue(url) == name for url in addresses.get(queue, {}).values()):
            return queue
    raise UnknownQueue(f"No function of this stage takes messages of {arn or 'an event without a queue'}.")


def _handle(handle: Handle, bodies: Sequence[bytes], away: tuple[type[Exception], ...]) -> list[int]:
    try:
        return list(handle(bodies))
    except away:
        raise
    except Exception:
        logger.exception("batch failed messages=%d", len(bodies))
        if len(bodies) == 1:
            return [0]
    return [index for index, body in enumerate(bodies) if _handle(handle, [body], away)]


# What is left behind


def write_metrics(notes: Notes, *, now_s: float) -> None:
    """Write the figures in CloudWatch's embedded metric format: a line of the log, and no network call.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
    """
    figures = {**notes.figures, **notes.peaks}
    names = [{"Name": name, "Unit": "Milliseconds" if name.endswith("Ms") else "Count"} for name in figures]
    function = os.environ.get("AWS_LAMBDA_FUNCTION_NAME", "local")
    about = {"Namespace": NAMESPACE, "Dimensions": [["function", "stage"]], "Metrics": names}
    line = {
        "_aws": {"Timestamp": round(now_s * 1000), "CloudWatchMetrics": [about]},
        "function": function,
        "request_id": json_logs.request_id.get(),
        **notes.marks,
        **figures,
    }
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


def trace(notes: Notes, *, began_at: float, failed: bool) -> None:
    """Send a subsegment to X-Ray, annotated so that traces are found by stage, batch and team. It is one
    datagram to the daemon beside the function. Does nothing where tracing is off or this invocation is not
    sampled.

    https://docs.aws.amazon.com/xray/latest/devguide/xray-api-segmentdocuments.html
    """
    daemon = os.environ.get("AWS_XRAY_DAEMON_ADDRESS", "")
    header = dict(
        part.split("=", 1) for part in os.environ.get("_X_AMZN_TRACE_ID", "").split(";") if "=" in part
    )
    if not daemon or header.get("Sampled") != "1":
        return
    segment = {
        "type": "subsegment",
        "name": str(notes.marks.get("stage", "stage")),
        "id": uuid.uuid4().hex[:16],
        "trace_id": header.get("Root", ""),
        "parent_id": header.get("Parent", ""),
        "start_time": began_at,
        "end_time": time.time(),
        "fault": failed,
        "annotations": {**notes.marks, "messages": notes.figures.get("Messages", 0)},
        "metadata": {NAMESPACE: {**notes.figures, **notes.peaks}},
    }
    host, _, port = daemon.rpartition(":")
    datagram = b'{"format": "json", "version": 1}\n' + json.dumps(segment).encode()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out:
        try:
            out.sendto(datagram, (host, int(port)))
        except (OSError, ValueError) as error:
            logger.debug("trace not sent: %s", error)
