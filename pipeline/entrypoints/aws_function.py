"""The function of the stages that have Django (API and core). Zappa handles all events; this adds an error.

When an event comes from a queue that Zappa has no function for, Zappa answers null, and SQS then deletes the
messages: here such an event raises. Importing this sets Django up when
``INSTANTIATE_LAMBDA_HANDLER_ON_IMPORT`` is set. So a start that fails is tried again, and leaves no sandbox
that answers 500 for the rest of its life.
"""

from typing import Any

from handler import lambda_handler as zappa_handler  # Zappa puts it at the root of the package

from pipeline.entrypoints.aws_events import UnknownQueue


def handler(event: dict[str, Any], context: Any) -> Any:
    """What Lambda calls. Raises ``UnknownQueue``."""
    answer = zappa_handler(event, context)
    records = event.get("Records") or []
    if answer is None and any(record.get("eventSource") == "aws:sqs" for record in records):
        raise UnknownQueue(f"No function of this stage takes messages of {records[0].get('eventSourceARN')}.")
    return answer
