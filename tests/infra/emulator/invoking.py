"""Calls of functions: waited for, or put into Lambda's queue; and what their log groups say of them.

https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html: a call that nobody waits
for and that fails is made again, twice unless the function's event configuration says otherwise.
https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs.html: each call is between START and
REPORT, in the stream of its sandbox, and comes a little later. A group that is not there is not made: our
roles may not.
"""
# mypy: disable-error-code="no-untyped-call"

import base64
import threading
import time
import uuid
from collections.abc import Callable
from typing import Any

from moto.awslambda.models import lambda_backends
from moto.logs.models import logs_backends

from tests.infra.emulator.calls import Call
from tests.infra.emulator.formation import ACCOUNT

Invoke = Callable[[str, bytes, str], tuple[bool, bytes, bytes]]
"""A function's name, an event and the region to: did it end well, its answer, what it wrote meanwhile."""


def answer(call: Call, body: bytes, invoke: Invoke, start_response: Any, *, late_s: float) -> list[bytes]:
    """What Lambda says to an invocation."""
    name, request_id = call.asked["FunctionName"].rpartition("function:")[2].split(":")[0], str(uuid.uuid4())
    if call.asked.get("InvocationType") == "Event":
        work = (name, body, call.region, request_id, invoke, late_s)
        threading.Thread(target=_work_off, args=work, daemon=True).start()
        start_response("202 Accepted", [("x-amzn-RequestId", request_id)])
        return [b""]
    well, said, written = invoke(name, body, call.region)
    _log(name, call.region, request_id, said, written, well=well, late_s=late_s)
    headers = {
        "Content-Type": "application/json",
        "x-amzn-RequestId": request_id,
        "X-Amz-Log-Result": base64.b64encode(written[-4096:]).decode(),
        "X-Amz-Executed-Version": "$LATEST",
    }
    if not well:
        headers["X-Amz-Function-Error"] = "Unhandled"
    start_response("200 OK", list(headers.items()))
    return [said]


def _work_off(name: str, body: bytes, region: str, request_id: str, invoke: Invoke, late_s: float) -> None:
    for _ in range(1 + _count_retries(name, region)):
        well, said, written = invoke(name, body, region)
        _log(name, region, request_id, said, written, well=well, late_s=late_s)
        if well:
            return


def _count_retries(name: str, region: str) -> int:
    configs = lambda_backends[ACCOUNT][region].get_function(name).event_invoke_config
    asked = configs[-1].response() if configs else {}
    return int(asked.get("MaximumRetryAttempts", 2))


def _log(
    name: str, region: str, request_id: str, said: bytes, written: bytes, *, well: bool, late_s: float
) -> None:
    logs, group = logs_backends[ACCOUNT][region], f"/aws/lambda/{name}"
    if group not in logs.groups:
        return
    lines = [f"START RequestId: {request_id} Version: $LATEST", *written.decode().splitlines()]
    if not well and b"Timedout" in said:
        lines.append(f"2026-11-30T00:00:00.000Z {request_id} Task timed out after 900.00 seconds")
    lines += [f"END RequestId: {request_id}", f"REPORT RequestId: {request_id}\tDuration: 12.00 ms"]
    stream = f"2026/11/30/[$LATEST]{uuid.uuid4().hex}"
    time.sleep(late_s)
    if group not in logs.groups:  # deleted meanwhile
        return
    logs.create_log_stream(group, stream)
    now_ms = round(time.time() * 1000)
    logs.put_log_events(group, stream, [{"timestamp": now_ms, "message": f"{line}\n"} for line in lines])
