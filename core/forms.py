"""Forms that people fill in as JSON. A form is a struct; each field says what its value must be, so that
mistakes are explained in sentences.

The description of a field is the end of the sentence "Must be <description>.".
"""

import difflib
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from core.structs import make_ready


def read_fields(
    form: type[msgspec.Struct],
    given: Mapping[str, Any],
    errors: dict[str, str],
    *,
    clean: Callable[[Any], Any] = lambda value: value,
) -> dict[str, Any]:
    """The values that could be read, by field. Each other value, and each unknown field, is an error in
    ``errors``."""
    make_ready(form)  # with all types of its fields
    fields = {field.name: field for field in msgspec.structs.fields(form)}
    values: dict[str, Any] = {}
    for name, value in given.items():
        if name not in fields:
            errors[str(name)] = _name_unknown(str(name), list(fields))
            continue
        try:
            values[name] = msgspec.convert(clean(value), fields[name].type)  # noqa: TID251  # ready with the form
        except msgspec.ValidationError:
            errors[name] = f"Must be {describe_type(fields[name].type)}."
    return values


def read_meta(type_: Any) -> msgspec.Meta:
    """The annotation of the field itself, not those of the types inside of it."""
    found: msgspec.Meta = next(meta for meta in reversed(type_.__metadata__) if meta.description)
    return found


def describe_type(type_: Any) -> str:
    return str(read_meta(type_).description)


def _name_unknown(name: str, known: list[str]) -> str:
    close = difflib.get_close_matches(name, known, n=1)
    hint = f" Did you mean {close[0]}?" if close else f" Known: {', '.join(known)}."
    return f"There is no field {name[:60]!r}.{hint}"
