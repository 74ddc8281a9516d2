"""The forms of all kinds: what an app needs to draw them, made from the same types that judge what is sent.

A field is described beside its type, in the kind's file, by ``config_fields.field``. That gives its label and
help, and as far as needed: ``section``, ``advanced``, ``unit``, ``example``, ``secret``, ``input`` (where the
type does not tell how to enter it), ``labels`` of its choices in their order, and ``when``. ``when`` is
(field, values): this field matters only while the other field has one of these values, or, for None, while
the other field is filled in.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import msgspec
from msgspec import inspect

from probes.kind import CheckKind


class FieldType(StrEnum):
    """How a field is shown."""

    TEXT = "text"
    TEXTAREA = "textarea"
    NUMBER = "number"
    SWITCH = "switch"
    CHOICE = "choice"
    CHOICES = "choices"
    LIST = "list"
    TAGS = "tags"
    MONITORS = "monitors"
    SECRET = "secret"  # noqa: S105  # no password
    HEADERS = "headers"
    JSON = "json"
    VARIANTS = "variants"


class Section(StrEnum):
    """Which part of the form a field belongs to."""

    TARGET = "target"
    EXPECT = "expect"
    REQUEST = "request"
    SCHEDULE = "schedule"


@dataclass(frozen=True, kw_only=True)
class FormField:
    """One field. ``must_be`` is the end of the sentence "Must be …". ``items`` is the type of a list's
    items."""

    name: str
    label: str
    type: FieldType
    section: Section = Section.EXPECT
    help: str = ""
    must_be: str = ""
    required: bool = False
    secret: bool = False
    advanced: bool = False
    default: Any = None
    choices: Sequence[dict[str, str]] | None = None
    example: Any = None
    min: float | None = None
    max: float | None = None
    max_chars: int | None = None
    unit: str = ""
    items: FieldType | None = None
    when: dict[str, Any] | None = None
    variants: "Sequence[Variant] | None" = None


@dataclass(frozen=True, kw_only=True)
class Variant:
    """One of several forms that a field can have. ``value`` is the ``type`` of the object that this form
    makes."""

    value: str
    label: str
    fields: Sequence[FormField]


_VARIANTS = {"basic": "User name and password", "bearer": "Token"}


def describe_config(kind: CheckKind) -> list[FormField]:
    """The fields of the kind's ``config``."""
    return list(_describe_struct(kind.config))


def _describe_struct(struct: type[msgspec.Struct]) -> Iterator[FormField]:
    described: Any = inspect.type_info(struct)
    for one in described.fields:
        yield _describe_field(one)


def _describe_field(one: inspect.Field) -> FormField:
    said: Any = one.type if isinstance(one.type, inspect.Metadata) else inspect.Metadata(one.type)
    extra, texts = dict(said.extra or {}), said.extra_json_schema or {}
    shape = _find_shape(said.type, extra)
    default = _default(one)
    when = extra.get("when")
    return FormField(
        name=one.name,
        label=texts["title"],
        must_be=texts["description"],
        section=Section(extra.get("section", "expect")),
        required=one.required,
        default=[default] if shape["type"] == FieldType.LIST and isinstance(default, int) else default,
        when={"field": when[0], "values": when[1]} if when else None,
        **{name: extra[name] for name in ("help", "secret", "advanced", "example", "unit") if name in extra},
        **shape,
    )


def _default(one: inspect.Field) -> Any:
    if one.default_factory is not msgspec.NODEFAULT:
        return one.default_factory()
    return None if one.default is msgspec.NODEFAULT else one.default


def _find_shape(type_: inspect.Type, extra: dict[str, Any]) -> dict[str, Any]:
    """The field's ``type``, and the properties that only fields of this type have."""
    options = [part for part in _parts(type_) if not isinstance(part, inspect.NoneType)]
    if structs := [part for part in options if isinstance(part, inspect.StructType)]:
        return {"type": FieldType.VARIANTS, "variants": [_describe_variant(part) for part in structs]}
    main = next((part for part in options if isinstance(part, inspect.ListType)), options[0])
    match main:
        case inspect.BoolType():
            return {"type": FieldType.SWITCH}
        case inspect.IntType() | inspect.FloatType():
            return {"type": FieldType.NUMBER, **_bounds(main)}
        case inspect.LiteralType():
            labels = extra.get("labels", {})
            choices = [{"value": value, "label": labels.get(value, value)} for value in _values(extra, main)]
            return {"type": FieldType.CHOICE, "choices": choices}
        case inspect.ListType():
            inner = _find_shape(main.item_type, {})
            return {**inner, "type": FieldType.LIST, "items": inner["type"]}
        case inspect.DictType():
            return {"type": FieldType.HEADERS}
        case inspect.StrType():
            shown = FieldType.SECRET if extra.get("secret") else FieldType(extra.get("input", "text"))
            return {"type": shown, "max_chars": main.max_length}
    return {"type": FieldType.JSON}


def _parts(type_: inspect.Type) -> Sequence[inspect.Type]:
    if isinstance(type_, inspect.Metadata):
        return _parts(type_.type)
    return type_.types if isinstance(type_, inspect.UnionType) else (type_,)


def _values(extra: dict[str, Any], literal: inspect.LiteralType) -> list[Any]:
    """The choices, in the order of their labels where there are labels. msgspec gives them sorted."""
    known = [*extra.get("labels", {})]
    return sorted(literal.values, key=lambda value: known.index(value) if value in known else len(known))


def _bounds(number: Any) -> dict[str, Any]:
    low = number.ge if number.ge is not None else number.gt
    high = number.le if number.le is not None else number.lt
    return {"min": low, "max": high}


def _describe_variant(struct: inspect.StructType) -> Variant:
    value = str(struct.tag)
    return Variant(value=value, label=_VARIANTS.get(value, value), fields=list(_describe_struct(struct.cls)))
