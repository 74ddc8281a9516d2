"""How a function reads its queues: brings each event source mapping to what zappa_settings.json asks for,
whatever state it is in.

Lambda makes and changes mappings in the background, which takes 10 to 60 s each, and refuses every change
meanwhile. Zappa makes them without asking for partial failures, does not wait, and treats a refusal as a
success.
"""

import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient

PARTIAL = ["ReportBatchItemFailures"]
BUSY = frozenset({"Creating", "Enabling", "Disabling", "Updating", "Deleting"})
WAIT_S = 180.0


class StaysBusy(Exception):
    """A mapping did not come to rest; the text says which, and what to do."""


def settle_mapping(
    functions: "LambdaClient", function_arn: str, source: dict[str, Any], *, wait_s: float = WAIT_S
) -> None:
    """Make the mapping of ``source`` to the function, or change it to what is asked. Raises ``StaysBusy``."""
    ends_at, pause_s = time.monotonic() + wait_s, 0.5
    while True:
        found = list_mappings(functions, function_arn, source["arn"])
        state = next((one["State"] for one in found if one.get("State") in BUSY), "")
        if not state:
            state = _apply(functions, function_arn, source, found)
        if not state:
            return
        if time.monotonic() > ends_at:
            raise StaysBusy(_tell(source["arn"], state, wait_s))
        time.sleep(pause_s)
        pause_s = min(2 * pause_s, 5.0)


def wait_for_rest(functions: "LambdaClient", function_arn: str, *, wait_s: float = WAIT_S) -> None:
    """Wait until none of the function's mappings is busy, so that all can be removed. Raises
    ``StaysBusy``."""
    ends_at = time.monotonic() + wait_s
    while busy := [one for one in list_mappings(functions, function_arn) if one.get("State") in BUSY]:
        if time.monotonic() > ends_at:
            raise StaysBusy(_tell(busy[0]["EventSourceArn"], busy[0]["State"], wait_s))
        time.sleep(1.0)


def _tell(source_arn: str, state: str, wait_s: float) -> str:
    queue = source_arn.rpartition(":")[2]
    return (
        f"The mapping of {queue} has been {state} for {wait_s:.0f} s, and Lambda changes none meanwhile."
        " Run the same again."
    )


def arn_of(functions: "LambdaClient", function: str) -> str:
    return functions.get_function_configuration(FunctionName=function)["FunctionArn"].split(":$")[0]


def list_mappings(functions: "LambdaClient", function_arn: str, source_arn: str = "") -> list[Any]:
    asked: Any = {"FunctionName": function_arn} | ({"EventSourceArn": source_arn} if source_arn else {})
    pages = functions.get_paginator("list_event_source_mappings").paginate(**asked)
    return [one for page in pages for one in page["EventSourceMappings"]]


def find_wrong_mapping(source: dict[str, Any], found: list[Any]) -> list[str]:
    """A sentence for each thing that is not as asked."""
    queue, asked = source["arn"].rpartition(":")[2], _spell(source)
    if len(found) != 1:
        return [f"{queue} has {len(found)} mappings in place of one; deploy again."]
    stands, wrong = found[0], []
    if stands.get("FunctionResponseTypes") != PARTIAL:
        wrong.append(f"{queue} does not report partial failures: failed messages would be deleted.")
    if stands.get("ScalingConfig") != asked["ScalingConfig"]:
        wrong.append(f"{queue} is not limited to {source['max_concurrency']} at once.")
    if stands.get("BatchSize") != source["batch_size"]:
        wrong.append(f"{queue} has batches of {stands.get('BatchSize')}, not {source['batch_size']}.")
    if stands.get("MaximumBatchingWindowInSeconds", 0) != source["batch_window"]:
        wrong.append(f"{queue} does not wait {source['batch_window']} s for a batch to fill.")
    if stands.get("State") not in {"Enabled", "Creating", "Enabling", "Updating"}:
        wrong.append(f"{queue} is {stands.get('State')}.")
    return wrong


def _apply(functions: "LambdaClient", function_arn: str, source: dict[str, Any], found: list[Any]) -> str:
    """One attempt; empty when it is as asked, or has been asked, else what stands in the way."""
    busy = functions.exceptions.ResourceInUseException, functions.exceptions.ResourceConflictException
    try:
        if not found:
            functions.create_event_source_mapping(
                FunctionName=function_arn, EventSourceArn=source["arn"], **_spell(source)
            )
        for mapping in found:
            if find_wrong_mapping(source, [mapping]):
                functions.update_event_source_mapping(UUID=mapping["UUID"], **_spell(source))
    except busy:
        return "in use"
    return ""


def _spell(source: dict[str, Any]) -> dict[str, Any]:
    return {
        "BatchSize": source["batch_size"],
        "MaximumBatchingWindowInSeconds": source["batch_window"],
        "ScalingConfig": {"MaximumConcurrency": source["max_concurrency"]},
        "FunctionResponseTypes": PARTIAL,
        "Enabled": source["enabled"],
    }
