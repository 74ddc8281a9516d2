"""Reading values into msgspec's types. Everything that does so in a running process does it by this module.

msgspec works out what a type holds when the type is first read into, and keeps it. Two threads that do so at
the same moment end the whole process (a segmentation fault, seen with 0.22.0): the second one reads what the
first has not yet written. So each type is made ready once, by one thread.
"""

from threading import Lock
from typing import Any, TypeVar

import msgspec

Read = TypeVar("Read")

_ready: set[Any] = set()
_making_ready = Lock()


def make_ready(type_: Any) -> None:
    """Let msgspec work out what the type and all types in it hold. Costs nothing the second time."""
    if type_ in _ready:
        return
    with _making_ready:
        msgspec.json.Decoder(type_)
        _ready.add(type_)


def convert(value: Any, type_: type[Read]) -> Read:
    """Raises ``msgspec.ValidationError`` for a value that is not of the type."""
    make_ready(type_)
    return msgspec.convert(value, type_)  # noqa: TID251  # its one place


def read_struct(body: str | bytes, type_: type[Read]) -> Read:
    """Raises ``msgspec.DecodeError`` for what is no JSON, and its subclass ``msgspec.ValidationError`` for
    what is not of the type."""
    make_ready(type_)
    return msgspec.json.decode(body, type=type_)
