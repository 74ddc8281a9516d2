"""Brings one stack to the state that its template asks for, whatever state it is in. Only CloudFormation
knows the state; nothing is stored here, so a run that was interrupted is resumed by running it again."""

import re
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient

Report = Callable[[str], None]

_GONE = {"DELETE_COMPLETE"}
_NEVER_WAS = {"ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "CREATE_FAILED", "REVIEW_IN_PROGRESS"}
_STUCK = {
    "UPDATE_ROLLBACK_FAILED": "{name} is in UPDATE_ROLLBACK_FAILED: only a person can tell what to skip."
    " See its events in the console, then: aws cloudformation continue-update-rollback --stack-name {name}",
    "DELETE_FAILED": "{name} is in DELETE_FAILED: something in it is in use, often network interfaces,"
    " which Lambda gives back after up to 20 minutes. Run manage.py aws destroy again, then provision.",
}
_GOOD = {"CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE", "IMPORT_COMPLETE"}


class StackFailed(Exception):
    """CloudFormation could not do it; the text says which resources, and what AWS said of them."""


@dataclass(frozen=True, slots=True)
class Found:
    """A stack as it stands."""

    name: str
    status: str
    outputs: dict[str, str]
    parameters: dict[str, str]

    @property
    def busy(self) -> bool:
        return self.status.endswith("_IN_PROGRESS") and self.status != "REVIEW_IN_PROGRESS"

    @property
    def never_was(self) -> bool:
        """Its creation failed: there is a record, and nothing that could be changed."""
        return self.status in _NEVER_WAS


class Stacks:
    """CloudFormation, asked and waited for. ``poll_s`` is the pause between two looks."""

    def __init__(self, client: "CloudFormationClient", *, report: Report, poll_s: float = 5.0) -> None:
        self._client = client
        self._report = report
        self._poll_s = poll_s

    def find(self, name: str) -> Found | None:
        try:
            stacks = self._client.describe_stacks(StackName=name)["Stacks"]
        except ClientError as error:
            if "does not exist" in str(error):
                return None
            raise
        stack: Any = stacks[0] if stacks else None
        if stack is None or stack["StackStatus"] in _GONE:
            return None
        return Found(
            name,
            stack["StackStatus"],
            {one["OutputKey"]: one["OutputValue"] for one in stack.get("Outputs", [])},
            {one["ParameterKey"]: one.get("ParameterValue", "") for one in stack.get("Parameters", [])},
        )

    def apply(
        self,
        name: str,
        template: str,
        parameters: Mapping[str, str | None],
        *,
        tags: Mapping[str, str],
        iam: bool = False,
        protected: bool = False,
        hidden: frozenset[str] = frozenset(),
    ) -> str:
        """Make or change the stack and wait; ``created``, ``updated`` or ``unchanged``.

        A parameter whose value is None stays as it is, and so does one of ``hidden`` on a stack that exists:
        its value cannot be compared. Raises ``StackFailed``.
        """
        before = self.find(name)
        found = self._await_idle(name)
        given = {key: value for key, value in parameters.items() if value is not None}
        capabilities: list[Any] = ["CAPABILITY_NAMED_IAM"] if iam else []
        shared: dict[str, Any] = {
            "StackName": name,
            "TemplateBody": template,
            "Capabilities": capabilities,
            "Tags": [{"Key": key, "Value": value} for key, value in tags.items()],
        }
        if found is None:
            if before is not None:  # its creation failed: what was chosen for it is chosen still
                left = parameter_names(template) & set(before.parameters) - set(given) - hidden
                given |= {key: before.parameters[key] for key in left}
            self._client.create_stack(
                **shared, Parameters=_spell(given), EnableTerminationProtection=protected
            )
            self._wait(name, "creating")
            return "created"
        if self._is_as_asked(found, template, parameters, hidden):
            return "unchanged"
        kept = parameter_names(template) & set(found.parameters) - (set(given) - hidden)
        return self._update(found, shared, given=given, kept=kept, hidden=hidden)

    def _update(
        self,
        found: Found,
        shared: Mapping[str, Any],
        *,
        given: Mapping[str, str],
        kept: set[str],
        hidden: frozenset[str],
    ) -> str:
        """Change the stack and wait; ``updated`` or ``unchanged``. The parameters of ``kept`` stay as they
        are."""
        changed = {key: value for key, value in given.items() if key not in kept}
        old = {key: found.parameters[key] for key in kept - hidden}
        try:
            self._client.update_stack(**shared, Parameters=_spell(old | changed, kept & hidden))
        except ClientError as error:
            if "No updates are to be performed" in str(error):
                return "unchanged"
            raise
        self._wait(found.name, "updating")
        return "updated"

    def change(self, name: str, **parameters: str) -> None:
        """Change these parameters of a stack and nothing else, and wait. Raises ``StackFailed``."""
        found = self._await_idle(name)
        given = {**found.parameters, **parameters} if found else parameters
        self._client.update_stack(StackName=name, UsePreviousTemplate=True, Parameters=_spell(given))
        self._wait(name, "updating")

    def delete(self, name: str) -> bool:
        """Delete the stack and wait. False when there is none. Raises ``StackFailed``."""
        found = self.find(name)
        if found is None:
            return False
        if not found.status.startswith("DELETE"):
            self._client.update_termination_protection(StackName=name, EnableTerminationProtection=False)
        if found.status != "DELETE_IN_PROGRESS":
            self._client.delete_stack(StackName=name)
        self._wait(name, "deleting")
        return True

    def _await_idle(self, name: str) -> Found | None:
        """The stack, once nobody works on it; what never came to be is cleared away first."""
        found = self.find(name)
        if found is not None and found.busy:
            self._report(f"  {name}: {found.status}, begun by an earlier run; waiting for it")
            found = self._wait(name, "waiting", final=False)
        if found is not None and found.status in _NEVER_WAS:
            self._report(f"  {name}: {found.status}, from an earlier run that failed; starting anew")
            self.delete(name)
            return None
        if found is not None and found.status in _STUCK:
            raise StackFailed(_STUCK[found.status].format(name=name))
        return found

    def _is_as_asked(
        self, found: Found, template: str, parameters: Mapping[str, str | None], hidden: frozenset[str]
    ) -> bool:
        if found.status not in _GOOD:
            return False
        for key, value in parameters.items():
            if value is not None and key not in hidden and found.parameters.get(key) != value:
                return False
        stored: Any = self._client.get_template(StackName=found.name)["TemplateBody"]
        return isinstance(stored, str) and stored.strip() == template.strip()

    def _wait(self, name: str, doing: str, *, final: bool = True) -> Found | None:
        """Until nothing is in progress; each resource that is done is reported. Raises ``StackFailed``."""
        seen = {event["EventId"] for event in self._events(name)} if doing == "waiting" else set()
        started = time.monotonic()
        while True:
            found = self.find(name)
            for event in self._events(name):
                if event["EventId"] not in seen:
                    seen.add(event["EventId"])
                    self._report_event(event)
            if found is None or not found.busy:
                break
            time.sleep(self._poll_s)
        wanted = {"creating": "CREATE_COMPLETE", "updating": "UPDATE_COMPLETE"}.get(doing)
        if final and (
            (wanted and (found is None or found.status != wanted)) or (doing == "deleting" and found)
        ):
            raise StackFailed(self._explain(name, found, doing))
        if final:
            self._report(f"  {name}: done in {time.monotonic() - started:.0f} s")
        return found

    def _events(self, name: str) -> Iterator[Any]:
        """Oldest first; those of the last page are enough to follow one operation."""
        try:
            events = self._client.describe_stack_events(StackName=name)["StackEvents"]
        except ClientError:
            return iter(())  # the stack is gone
        return reversed(events)

    def _report_event(self, event: Any) -> None:
        status = event.get("ResourceStatus", "")
        if status.endswith(("_COMPLETE", "_FAILED")) and event.get("LogicalResourceId") != event.get(
            "StackName"
        ):
            why = f": {event['ResourceStatusReason']}" if status.endswith("_FAILED") else ""
            self._report(f"    {event['LogicalResourceId']} ({event.get('ResourceType')}) {status}{why}")

    def _explain(self, name: str, found: Found | None, doing: str) -> str:
        failed = [
            f"{event['LogicalResourceId']}: {event.get('ResourceStatusReason', 'no reason given')}"
            for event in self._events(name)
            if event.get("ResourceStatus", "").endswith("_FAILED")
        ]
        state = found.status if found else "gone"
        return f"{doing.capitalize()} {name} ended in {state}. " + (" ".join(failed) or "AWS gave no reason.")


def _spell(given: Mapping[str, str], kept: set[str] | None = None) -> list[Any]:
    values: list[Any] = [{"ParameterKey": key, "ParameterValue": value} for key, value in given.items()]
    return values + [{"ParameterKey": key, "UsePreviousValue": True} for key in sorted(kept or set())]


def parameter_names(template: str) -> set[str]:
    """The parameters that a template of ours declares: the keys of its block ``Parameters``."""
    block = re.search(r"^Parameters:\n((?:[ #].*\n|\n)*)", template, re.MULTILINE)
    return set(re.findall(r"^  (\w+):", block[1], re.MULTILINE)) if block else set()
