"""``docs/checks.md`` has each field of each kind's configuration as the classes have it."""

import json
import re
from pathlib import Path

import msgspec
import pytest

from probes.registry import KINDS, load_kind

TEXT = (Path(__file__).resolve().parents[2] / "docs" / "checks.md").read_text(encoding="utf-8")


def read_table(kind):
    """(field, default, what it takes) of each row below the kind's name."""
    table = re.search(rf"\*\*`{kind}`\*\*\n\n(?:\|.*\n)+", TEXT)
    assert table, f"docs/checks.md has no table of the fields of {kind}, below the line **`{kind}`**."
    rows = table[0].splitlines()[4:]
    cells = [[cell.strip() for cell in row.strip("|").split(" | ")] for row in rows]
    return [
        (name.strip("`"), json.loads(default.strip("`")), takes)
        for name, default, takes, does in cells
        if does
    ]


def describe(field):
    metadata = getattr(field.type, "__metadata__", ())
    return next((meta.description for meta in metadata if meta.description), "any JSON value")


@pytest.mark.parametrize("kind", KINDS)
def test_every_field_is_documented_with_its_default_and_what_it_takes(kind):
    fields = msgspec.structs.fields(load_kind(kind).config)
    defaults = [f.default_factory() if f.default is msgspec.NODEFAULT else f.default for f in fields]
    assert read_table(kind) == [
        (field.name, default, describe(field)) for field, default in zip(fields, defaults, strict=True)
    ]
