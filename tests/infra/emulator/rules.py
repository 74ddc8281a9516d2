"""What AWS refuses and no model of its own tells: found in its documentation, or by people in the field. A
sentence and a source for each."""

from tests.infra.emulator.calls import Call, Refused
from tests.infra.emulator.functions import check_role

LARGEST_MESSAGE = LARGEST_BATCH = 1_048_576
LONGEST_DELAY_S, LONGEST_WAIT_S, LONGEST_VISIBILITY_S, MOST_AT_ONCE = 900, 20, 43_200, 10
"""https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html"""
LARGEST_EVENT = {"RequestResponse": 6_291_456, "Event": 1_048_576}
"""https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html"""
LONGEST_RUN_S, LARGEST_ENVIRONMENT = 900, 4_096
"""https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html (seconds, bytes)"""
LAMBDAS_OWN = {"_HANDLER", "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_LAMBDA_FUNCTION_NAME", "LAMBDA_TASK_ROOT"}
"""https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html (reserved)"""
LONGEST_PARAMETER = 4_096
"""https://docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-advanced-parameters.html"""


def check(call: Call) -> None:
    """Raises ``Refused``."""
    if rule := RULES.get(str(call)):
        rule(call)


def _put_rule(call: Call) -> None:
    """EventBridge takes a role only when the role lets EventBridge take it, whatever the rule does with it.

    Found by people in the field: https://github.com/zappa/Zappa/issues/1208 and others.
    """
    if arn := call.asked.get("RoleArn"):
        sentence = f"Provided role '{arn}' cannot be assumed by principal 'events.amazonaws.com'."
        check_role(arn, "events.amazonaws.com", "ValidationException", sentence)


def _within(name: str, value: object, least: int, most: int) -> None:
    if value is not None and not least <= int(str(value)) <= most:
        reason = f"Must be between {least} and {most}, if provided."
        raise Refused(
            "InvalidParameterValue", f"Value {value} for parameter {name} is invalid. Reason: {reason}"
        )


def _send(call: Call) -> None:
    _within("DelaySeconds", call.asked.get("DelaySeconds"), 0, LONGEST_DELAY_S)
    if len(call.asked["MessageBody"].encode()) > LARGEST_MESSAGE:
        raise Refused("InvalidParameterValue", f"Message must be shorter than {LARGEST_MESSAGE} bytes.")


def _send_batch(call: Call) -> None:
    """A batch is refused whole for its size, and for what its entries are to each other:
    https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessageBatch.html"""
    entries = call.asked["Entries"]
    _check_batch(entries)
    for entry in entries:
        _within("DelaySeconds", entry.get("DelaySeconds"), 0, LONGEST_DELAY_S)
    size = sum(len(entry["MessageBody"].encode()) for entry in entries)
    if size > LARGEST_BATCH:
        sentence = f"Batch requests cannot be longer than {LARGEST_BATCH} bytes. You have sent {size} bytes."
        raise Refused("BatchRequestTooLong", sentence)


def _check_batch(entries: list[dict[str, object]]) -> None:
    if not entries:
        raise Refused("EmptyBatchRequest", "There should be at least one entry in the request.")
    if len(entries) > MOST_AT_ONCE:
        sentence = f"Maximum number of entries per request are {MOST_AT_ONCE}, not {len(entries)}."
        raise Refused("TooManyEntriesInBatchRequest", sentence)
    if len({entry["Id"] for entry in entries}) < len(entries):
        raise Refused("BatchEntryIdsNotDistinct", "Two or more batch entries have the same Id.")


def _receive(call: Call) -> None:
    _within("MaxNumberOfMessages", call.asked.get("MaxNumberOfMessages"), 1, MOST_AT_ONCE)
    _within("WaitTimeSeconds", call.asked.get("WaitTimeSeconds"), 0, LONGEST_WAIT_S)
    _within("VisibilityTimeout", call.asked.get("VisibilityTimeout"), 0, LONGEST_VISIBILITY_S)


def _invoke(call: Call) -> None:
    most = LARGEST_EVENT.get(call.asked.get("InvocationType") or "RequestResponse", 0)
    size = len(call.asked.get("Payload") or b"")
    if most and size > most:
        sentence = f"{size} byte payload is too large, at most {most}"
        raise Refused("RequestEntityTooLargeException", sentence, 413)


def _configure(call: Call) -> None:
    if (call.asked.get("Timeout") or 0) > LONGEST_RUN_S:
        raise Refused("InvalidParameterValueException", f"Timeout is at most {LONGEST_RUN_S} seconds.")
    given = (call.asked.get("Environment") or {}).get("Variables", {})
    if taken := sorted(LAMBDAS_OWN & set(given)):
        sentence = f"Reserved keys used in this request: {', '.join(taken)}"
        raise Refused("InvalidParameterValueException", sentence)
    if sum(len(key.encode()) + len(value.encode()) for key, value in given.items()) > LARGEST_ENVIRONMENT:
        sentence = f"Your environment variables exceeded the {LARGEST_ENVIRONMENT} byte limit."
        raise Refused("InvalidParameterValueException", sentence)


def _put_parameter(call: Call) -> None:
    if len(call.asked["Value"].encode()) > LONGEST_PARAMETER and call.asked.get("Tier") != "Advanced":
        sentence = (
            f"Standard tier parameters support a maximum parameter value of {LONGEST_PARAMETER} characters."
        )
        raise Refused("ValidationException", sentence)


RULES = {
    "events:PutRule": _put_rule,
    "lambda:CreateFunction": _configure,
    "lambda:Invoke": _invoke,
    "lambda:UpdateFunctionConfiguration": _configure,
    "ssm:PutParameter": _put_parameter,
    "sqs:ChangeMessageVisibility": lambda call: _within(
        "VisibilityTimeout", call.asked["VisibilityTimeout"], 0, LONGEST_VISIBILITY_S
    ),
    "sqs:ChangeMessageVisibilityBatch": lambda call: _check_batch(call.asked["Entries"]),
    "sqs:DeleteMessageBatch": lambda call: _check_batch(call.asked["Entries"]),
    "sqs:ReceiveMessage": _receive,
    "sqs:SendMessage": _send,
    "sqs:SendMessageBatch": _send_batch,
}
