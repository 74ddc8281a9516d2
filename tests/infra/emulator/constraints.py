"""What of a call's parameters AWS would refuse, by AWS's own service models: required members, lengths,
ranges, patterns, enumerations, and the lengths and characters that stand in their documentation alone.

botocore checks types and a few lower bounds before it sends anything; the rest is the service's to refuse,
and moto takes nearly all of it.
"""

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import regex

from tests.infra.emulator import rules
from tests.infra.emulator.calls import Call, Refused

_INVALID = {"rds": "InvalidParameterValue", "sqs": "InvalidParameterValue"}
_CHARACTERS = re.compile(
    r"[Mm]ust (?:contain|be)(?: from| between)? (\d+)(?: to| and|-) ?(\d+) "
    r"(?:\w+ )?(?:letters|characters|alphanumeric)"
)
_VALUES = re.compile(r"[Mm]ust be a value from (\d+) to (\d+)")
_NOT_THESE = re.compile(r"[Cc]an (?:contain|include) any printable ASCII character except (.*?)\.\s*<")
_TAGS = re.compile(r"<[^>]+>")


def check_call(call: Call) -> None:
    """Raises ``Refused`` for a call that AWS would refuse whatever there is: by its models, or by a rule that
    stands in none."""
    shape = call.model.input_shape
    if wrong := list(find_violations(call.asked, shape)) if shape else []:
        raise Refused(_INVALID.get(call.service, "ValidationException"), "; ".join(wrong))
    rules.check(call)


def find_violations(value: Any, shape: Any, path: str = "") -> Iterator[str]:
    """A sentence for each part of ``value`` that the ``shape`` of botocore's model does not allow."""
    kind = shape.type_name
    if kind == "structure":
        yield from _check_structure(value, shape, path)
    elif kind == "list":
        yield from _check_size(len(value), shape, path, "items")
        for index, item in enumerate(value):
            yield from find_violations(item, shape.member, f"{path}.{index + 1}")
    elif kind == "map":
        yield from _check_size(len(value), shape, path, "entries")
        for key, item in value.items():
            yield from find_violations(key, shape.key, f"{path}.{key}")
            yield from find_violations(item, shape.value, f"{path}.{key}")
    elif kind == "string":
        yield from _check_text(str(value), shape, path)
    elif kind in {"integer", "long", "float", "double"}:
        yield from _check_number(float(value), shape, path)
    elif kind == "blob":
        yield from _check_size(len(value), shape, path, "bytes")


def _check_structure(value: Any, shape: Any, path: str) -> Iterator[str]:
    for name in shape.required_members:
        if value.get(name) is None:
            yield f"{path}.{name}".lstrip(".") + " is required"
    for name, item in value.items():
        if name in shape.members and item is not None:
            yield from find_violations(item, shape.members[name], f"{path}.{name}".lstrip("."))


def _check_text(value: str, shape: Any, path: str) -> Iterator[str]:
    hidden = "••••" if shape.metadata.get("sensitive") else repr(value)
    yield from _check_size(len(value), shape, f"{path} {hidden}", "characters")
    pattern = shape.metadata.get("pattern")
    if pattern and not _compile(pattern).fullmatch(value):
        yield f"{path} {hidden} must match {pattern}"
    if getattr(shape, "enum", None) and value not in shape.enum:
        yield f"{path} {hidden} must be one of {', '.join(shape.enum)}"
    said = shape.documentation or ""
    if found := _CHARACTERS.search(said):
        least, most = int(found[1]), int(found[2])
        if not least <= len(value) <= most:
            yield f"{path} {hidden} must have {least} to {most} characters, not {len(value)}"
    if found := _NOT_THESE.search(said):
        refused = set(re.sub(r'"(.)"', r"\1", _TAGS.sub("", found[1]).replace(", ", "").replace("or ", "")))
        if wrong := sorted(refused & set(value)):
            yield f"{path} {hidden} must not contain {' '.join(wrong)}"


def _check_number(value: float, shape: Any, path: str) -> Iterator[str]:
    least, most = shape.metadata.get("min"), shape.metadata.get("max")
    if found := _VALUES.search(shape.documentation or ""):
        least, most = int(found[1]), int(found[2])
    if (least is not None and value < least) or (most is not None and value > most):
        yield f"{path} {value:g} must be from {least} to {most}"


def _check_size(size: int, shape: Any, path: str, what: str) -> Iterator[str]:
    least, most = shape.metadata.get("min"), shape.metadata.get("max")
    if (least is not None and size < least) or (most is not None and size > most):
        yield f"{path} must have {least or 0} to {most} {what}, not {size}"


@lru_cache(maxsize=1_000)
def _compile(pattern: str) -> Any:
    return regex.compile(pattern)
