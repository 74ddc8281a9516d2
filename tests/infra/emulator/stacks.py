"""CloudFormation's states as AWS keeps them: what may be changed when, and what a failure leaves behind.

moto's stacks are made at once and never fail; here a resource that AWS would refuse ends in ROLLBACK_COMPLETE
(or ROLLBACK_FAILED, where a cluster that is protected does not go), a change in UPDATE_ROLLBACK_COMPLETE, a
deletion in DELETE_FAILED.
"""
# mypy: disable-error-code="no-any-return, misc, attr-defined, no-untyped-def, no-untyped-call"

import copy
import json
import re
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any

import yaml
from moto.cloudformation import cloudformation_backends, parsing
from moto.cloudformation.models import CloudFormationBackend, Event, Stack
from moto.cloudformation.utils import yaml_tag_constructor
from moto.s3.models import s3_backends
from moto.ssm.models import ssm_backends

from tests.infra.emulator.calls import Refused
from tests.infra.emulator.formation import ACCOUNT, MADE
from tests.infra.emulator.resources import check_resource

MAY_BE_UPDATED = {
    "CREATE_COMPLETE",
    "IMPORT_COMPLETE",
    "IMPORT_ROLLBACK_COMPLETE",
    "UPDATE_COMPLETE",
    "UPDATE_ROLLBACK_COMPLETE",
}
_REFERENCE = re.compile(r"\{\{resolve:(ssm|ssm-secure):([^:}]+)(?::\d+)?\}\}")

Judge = Callable[[str, dict[str, Any]], str]
"""Of a resource's type and properties, why the account does not let it be made; empty where it does."""
JUDGES: list[Judge] = []


class ResourceRefused(Exception):
    def __init__(self, name: str, kind: str, why: str) -> None:
        super().__init__(f"{name} ({kind}): {why}")
        self.name, self.kind, self.why = name, kind, why


def check_change(operation: str, asked: dict[str, Any], region: str) -> None:
    """Raises ``Refused`` for what CloudFormation does not do to a stack in its state."""
    stack = _find(asked.get("StackName", ""), region)
    if operation == "CreateStack" and stack is not None:
        raise Refused("AlreadyExistsException", f"Stack [{stack.name}] already exists")
    if operation == "UpdateStack" and stack is None:
        raise Refused("ValidationError", f"Stack [{asked['StackName']}] does not exist")
    if operation == "UpdateStack" and stack is not None and stack.status not in MAY_BE_UPDATED:
        raise Refused(
            "ValidationError", f"Stack:{stack.stack_id} is in {stack.status} state and can not be updated."
        )
    if operation == "DeleteStack" and stack is not None and stack.enable_termination_protection:
        raise Refused(
            "ValidationError",
            f"Stack [{stack.name}] cannot be deleted while TerminationProtection is enabled",
        )
    if operation == "UpdateTerminationProtection" and stack is None:
        raise Refused("ValidationError", f"Stack [{asked['StackName']}] does not exist")


def protect(asked: dict[str, Any], region: str) -> dict[str, Any]:
    stack = _find(asked["StackName"], region)
    stack.enable_termination_protection = str(asked["EnableTerminationProtection"]).lower() == "true"
    return {"StackId": stack.stack_id}


def _find(name: str, region: str) -> Any:
    stacks = cloudformation_backends[ACCOUNT][region].stacks.values()
    return next((stack for stack in stacks if name in {stack.name, stack.stack_id}), None)


def teach_moto() -> None:
    """Once a process: the same states, whoever asks."""
    create_resource, update_resource = parsing.parse_and_create_resource, parsing.parse_and_update_resource

    def parse_and_create_resource(name, resource, resources, account_id, region_name):
        condition = resource.get("Condition")
        if not condition or resources.lazy_condition_map[condition]:
            _check(name, resource, resources, region_name)
        return create_resource(name, resource, resources, account_id, region_name)

    def parse_and_update_resource(name, resource, resources, account_id, region_name):
        condition = resource.get("Condition")
        if not condition or resources.lazy_condition_map[condition]:
            _check(name, resource, resources, region_name)
            if condition and resources._parsed_resources.get(name) is None:  # it did not hold before
                return create_resource(name, resource, resources, account_id, region_name)
        return update_resource(name, resource, resources, account_id, region_name)

    diff = parsing.ResourceMap.build_resource_diff

    def build_resource_diff(self, other_template, parameters=None):
        """With those whose condition may hold now: moto looks at the parameters that they name alone."""
        found = diff(self, other_template, parameters)
        old = self._resource_json_map
        found["Modify"] += [
            name
            for name, resource in other_template["Resources"].items()
            if name in old
            and name not in found["Modify"]
            and "Condition" in resource
            and self._parsed_resources.get(name) is None
        ]
        return found

    parsing.ResourceMap.build_resource_diff = build_resource_diff
    parsing.parse_and_create_resource = parse_and_create_resource
    parsing.parse_and_update_resource = parse_and_update_resource
    create, update, delete = (
        CloudFormationBackend.create_stack,
        CloudFormationBackend.update_stack,
        CloudFormationBackend.delete_stack,
    )

    def create_stack(self, name, *args, **kwargs):
        try:
            return create(self, name, *args, **kwargs)
        except ResourceRefused as refused:
            stack = _find(name, self.region_name)
            _tell(stack, refused, "CREATE_FAILED")
            _roll_back(stack)
            return stack

    def update_stack(self, name, *args, **kwargs):
        stack = _find(name, self.region_name)
        before = stack.template, stack.parameters
        try:
            return update(self, name, *args, **kwargs)
        except ResourceRefused as refused:
            _tell(stack, refused, "UPDATE_FAILED")
            stack.template, stack.parameters = before
            stack._parse_template()
            stack.resource_map = stack._create_resource_map_of(stack.resource_map)
            stack.status = "UPDATE_ROLLBACK_COMPLETE"
            return stack

    def delete_stack(self, name_or_stack_id):
        stack = _find(name_or_stack_id, self.region_name)
        if stack is None:
            return None
        stuck = list(_find_stuck(stack))
        for refused in stuck:
            _tell(stack, refused, "DELETE_FAILED")
        if stuck:
            stack.status = "DELETE_FAILED"
            return None
        for resource in stack.resource_map._resource_json_map.values():  # moto knows of Retain only
            if resource.get("DeletionPolicy") == "RetainExceptOnCreate":
                resource["DeletionPolicy"] = "Retain"
        return delete(self, stack.stack_id)

    Stack.parse_template = staticmethod(lambda template: copy.deepcopy(_parse(template)))
    CloudFormationBackend.create_stack = create_stack
    CloudFormationBackend.update_stack = update_stack
    CloudFormationBackend.delete_stack = delete_stack
    Stack._create_resource_map_of = _with_old_resources


@lru_cache(maxsize=100)
def _parse(template: str) -> Any:
    """A template, by libyaml: moto's own way takes a fifth of a second for each."""
    try:
        return yaml.load(template, Loader=_Loader)  # noqa: S506  # a template of ours
    except (yaml.parser.ParserError, yaml.scanner.ScannerError):
        return json.loads(template)


class _Loader(yaml.CLoader):
    pass


_Loader.add_multi_constructor("", yaml_tag_constructor)


def _with_old_resources(self, old):
    """The stack's map of resources as its template and parameters are now, over what was made before."""
    new = self._create_resource_map()
    new._resource_json_map = self.template_dict["Resources"]
    made = {name: old._parsed_resources[name] for name in new.resources if name in old._parsed_resources}
    new._parsed_resources.update(made)
    return new


def _check(name: str, resource: dict[str, Any], resources: Any, region: str) -> None:
    kind = resource["Type"]
    parsed = parsing.parse_resource(resource, resources)
    if not parsed:
        return
    properties = _resolve(parsed[1].get("Properties", {}), region)
    wrong = check_resource(kind, properties) + [why for judge in JUDGES if (why := judge(kind, properties))]
    if wrong:
        raise ResourceRefused(name, kind, "; ".join(wrong))


def _resolve(value: Any, region: str) -> Any:
    """With parameters of the store in place of dynamic references to them."""
    if isinstance(value, dict):
        return {key: _resolve(one, region) for key, one in value.items()}
    if isinstance(value, list):
        return [_resolve(one, region) for one in value]
    if isinstance(value, str) and (found := _REFERENCE.fullmatch(value)):
        parameter = ssm_backends[ACCOUNT][region].get_parameter(found[2])
        if parameter is None:
            raise ResourceRefused("", "", f"Parameter {found[2]} not found")
        return parameter.response_object(decrypt=True, region=region)["Value"]
    plain = value is None or isinstance(value, str | int | float)
    return value if plain else str(getattr(value, "name", type(value).__name__))  # a part of moto's own


def _tell(stack: Any, refused: ResourceRefused, status: str) -> None:
    stack.events.append(
        Event(stack.stack_id, stack.name, refused.name, refused.name, refused.kind, status, refused.why, None)
    )


class _NoOutputs(dict[str, Any]):
    exports: tuple[Any, ...] = ()


def _roll_back(stack: Any) -> None:
    """What was made goes again, except what is to be retained or does not go."""
    stuck = list(_find_stuck(stack))
    for refused in stuck:
        _tell(stack, refused, "DELETE_FAILED")
    if not stuck:
        stack.resource_map.delete()
    stack.output_map = _NoOutputs()
    stack.status = "ROLLBACK_FAILED" if stuck else "ROLLBACK_COMPLETE"
    stack._add_stack_event(stack.status)


def _find_stuck(stack: Any) -> Iterator[ResourceRefused]:
    """Resources that AWS would not delete now."""
    made = stack.resource_map._parsed_resources
    for name, resource in stack.resource_map._resource_json_map.items():
        if name not in made or made[name] is None:
            continue
        kind, physical_id = resource["Type"], getattr(made[name], "physical_resource_id", "")
        if kind == "AWS::RDS::DBCluster" and str(MADE[physical_id]["DeletionProtection"]).lower() == "true":
            why = "Cannot delete protected Cluster, please disable deletion protection and try again."
            yield ResourceRefused(name, kind, why)
        kept = resource.get("DeletionPolicy") in {"Retain", "RetainExceptOnCreate"}
        if kind == "AWS::S3::Bucket" and not kept and _holds_something(physical_id):
            yield ResourceRefused(name, kind, "The bucket you tried to delete is not empty")


def _holds_something(bucket: str) -> bool:
    buckets = s3_backends[ACCOUNT]["aws"].buckets
    return bucket in buckets and any(buckets[bucket].keys.values())
