"""Lambda as AWS keeps it where moto does not: what is busy is not changed, mappings come to be and go slowly,
the limits between a function and the queue that it reads, and no function may be called back by its own
messages unless somebody allowed it."""

import json
import threading
import time
from typing import Any

from moto.awslambda.models import lambda_backends
from moto.iam.models import iam_backends
from moto.sqs.models import sqs_backends

from tests.infra.emulator.calls import Refused
from tests.infra.emulator.formation import ACCOUNT

IN_USE = (
    "Cannot update the event source mapping because it is in use.",
    "Cannot delete the event source mapping because it is in use.",
)


class Mappings:
    """Event source mappings are Creating, Enabling, Updating or Deleting for ``busy_s`` after each change (10
    to 60 s with AWS), and refuse another one in that time."""

    def __init__(self, busy_s: float) -> None:
        self.busy_s = busy_s
        self._busy: dict[str, tuple[str, float]] = {}
        self._going: dict[str, tuple[dict[str, Any], float]] = {}
        self._lock = threading.Lock()

    def check(self, operation: str, asked: dict[str, Any], region: str) -> None:
        """Raises ``Refused`` for a change that Lambda would not make now, or not at all."""
        if operation == "CreateEventSourceMapping":
            self._check_new(asked, region)
        state = self.state_of(asked.get("UUID", ""))
        if operation == "UpdateEventSourceMapping" and state:
            raise Refused("ResourceInUseException", IN_USE[0])
        if operation == "DeleteEventSourceMapping" and state:
            raise Refused("ResourceInUseException", IN_USE[1])

    def _check_new(self, asked: dict[str, Any], region: str) -> None:
        backend, name = lambda_backends[ACCOUNT][region], _name_of(asked["FunctionName"])
        function = backend.get_function(name)
        queue = find_queue(asked["EventSourceArn"])
        if queue is None:
            raise Refused("InvalidParameterValueException", "Error occurred while ReceiveMessage. No queue.")
        if function.timeout > int(queue.visibility_timeout):
            raise Refused(
                "InvalidParameterValueException",
                f"Queue visibility timeout: {queue.visibility_timeout} seconds is less than Function timeout:"
                f" {function.timeout} seconds",
            )
        if asked.get("BatchSize", 10) > 10 and not asked.get("MaximumBatchingWindowInSeconds"):
            raise Refused(
                "InvalidParameterValueException",
                "Maximum batch window in seconds must be greater than 0 if maximum batch size is greater than"
                " 10",
            )
        others = [one.event_source_arn for one in backend._event_source_mappings.values()
                  if _name_of(one.function_arn) == name]  # fmt: skip
        others += [
            one["EventSourceArn"] for one, _ in self._list_going() if _name_of(one["FunctionArn"]) == name
        ]
        if asked["EventSourceArn"] in others:
            raise Refused(
                "ResourceConflictException",
                f'The event source arn (" {asked["EventSourceArn"]} ") and function (" {name} ") provided'
                " mapping already exists. Please update or delete the existing mapping",
                409,
            )

    def note(self, operation: str, answer: dict[str, Any]) -> dict[str, Any]:
        """What was done takes its time; the answer as AWS gives it."""
        state = {"Create": "Creating", "Update": "Updating", "Delete": "Deleting"}[operation[:6]]
        until = time.monotonic() + self.busy_s
        with self._lock:
            if state == "Deleting":
                self._going[answer["UUID"]] = (answer, until)
            else:
                self._busy[answer["UUID"]] = (state, until)
        return answer | {"State": state}

    def state_of(self, uuid: str) -> str:
        """What keeps it busy; empty when nothing does."""
        with self._lock:
            state, until = self._busy.get(uuid, ("", 0.0))
            if uuid in self._going:
                state, until = "Deleting", self._going[uuid][1]
            return state if until > time.monotonic() else ""

    def show(self, answer: dict[str, Any], asked: dict[str, Any]) -> dict[str, Any]:
        """A mapping, or a list of them, in the states that they are in; those that go are still there."""
        if "EventSourceMappings" not in answer:
            state = self.state_of(answer["UUID"])
            return answer | ({"State": state} if state else {})
        source, function = asked.get("EventSourceArn"), asked.get("FunctionName")
        going = [
            one
            for one, _ in self._list_going()
            if source in {None, one["EventSourceArn"]}
            and (function is None or _name_of(function) == _name_of(one["FunctionArn"]))
        ]
        return {"EventSourceMappings": [self.show(one, {}) for one in answer["EventSourceMappings"] + going]}

    def find_going(self, uuid: str) -> dict[str, Any] | None:
        return next(
            (one | {"State": "Deleting"} for one, _ in self._list_going() if one["UUID"] == uuid), None
        )

    def _list_going(self) -> list[tuple[dict[str, Any], float]]:
        with self._lock:
            return [one for one in self._going.values() if one[1] > time.monotonic()]


class Functions:
    """Functions are Pending or being updated for ``busy_s`` after each change, and refuse another one."""

    CHANGES = frozenset(
        {
            "CreateFunction",
            "PublishVersion",
            "PutFunctionConcurrency",
            "UpdateFunctionCode",
            "UpdateFunctionConfiguration",
        }
    )
    REFUSED_MEANWHILE = frozenset({"PublishVersion", "UpdateFunctionCode", "UpdateFunctionConfiguration"})

    def __init__(self, busy_s: float) -> None:
        self.busy_s = busy_s
        self._busy: dict[tuple[str, str], tuple[bool, float]] = {}
        self.loops: dict[str, str] = {}

    def check(self, operation: str, asked: dict[str, Any], region: str) -> None:
        name = _name_of(asked.get("FunctionName", ""))
        if operation == "CreateFunction":
            check_role(asked["Role"], "lambda.amazonaws.com", "InvalidParameterValueException",
                       "The role defined for the function cannot be assumed by Lambda.")  # fmt: skip
        if operation in self.REFUSED_MEANWHILE and (busy := self._find(name, region)):
            doing = "Pending" if busy[0] else "InProgress"
            raise Refused(
                "ResourceConflictException",
                "The operation cannot be performed at this time. "
                + (
                    f"The function is currently in the following state: {doing}"
                    if busy[0]
                    else f"An update is in progress for resource: {name}"
                ),
                409,
            )

    def note(self, operation: str, asked: dict[str, Any], region: str) -> None:
        if operation in self.CHANGES - {"PublishVersion", "PutFunctionConcurrency"}:
            key = (_name_of(asked["FunctionName"]), region)
            self._busy[key] = (operation == "CreateFunction", time.monotonic() + self.busy_s)

    def show(self, configuration: dict[str, Any], region: str) -> dict[str, Any]:
        """A function's configuration in the state that it is in."""
        if busy := self._find(configuration.get("FunctionName", ""), region):
            if busy[0]:
                return configuration | {"State": "Pending", "StateReasonCode": "Creating"}
            return configuration | {"LastUpdateStatus": "InProgress"}
        return configuration

    def _find(self, name: str, region: str) -> tuple[bool, float] | None:
        busy = self._busy.get((name, region))
        return busy if busy and busy[1] > time.monotonic() else None


def check_role(arn: str, principal: str, code: str, sentence: str) -> None:
    """Raises ``Refused`` where the role does not trust the service, or is none."""
    for role in iam_backends[ACCOUNT]["aws"].roles.values():
        if role.arn == arn:
            document = role.assume_role_policy_document
            if principal in (document if isinstance(document, str) else json.dumps(document)):
                return
    raise Refused(code, sentence)


def find_queue(arn: str) -> Any:
    region, name = arn.split(":")[3], arn.rpartition(":")[2]
    return sqs_backends[ACCOUNT][region].queues.get(name)


def _name_of(function: str) -> str:
    """``arn:aws:lambda:eu-west-1:123456789012:function:name:alias``, ``name:alias`` or ``name``."""
    return function.rpartition("function:")[2].split(":")[0]
