"""docs/monitors.md, from the same forms as the app's: every kind, every field, an example each.

python scripts/monitors_page.py > docs/monitors.md      (make docs)
"""

import json
import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from monitors.forms import KindForm
    from probes.forms import FormField

INTRODUCTION = """# Kinds of monitors

`make docs` makes this page from the forms that the app has, too (`GET /api/v1/monitors/kinds`). What exactly
a check reads and what decides is in [checks.md](checks.md).

Send an example as it is to `POST /api/v1/monitors/`, or to `POST /api/v1/monitors/test` to try it without
storing it. A field that is left out has its default. Fields of `config` belong to the kind; a field that the
kind does not have is refused by its name. A check that is slower than `degraded_ms`, or finds an end within
the days of a warning, is `degraded`: the monitor stays up.

## Fields of a monitor

"""

EXAMPLES: dict[str, dict[str, Any]] = {
    "http": {"name": "Shop", "tags": ["shop"], "config": {"keyword": "Add to cart", "degraded_ms": 800}},
    "tcp": {"name": "Database"},
    "dns": {"name": "Shop's address", "config": {"expected": ["203.0.113.20"], "match": "exact"}},
    "tls": {"name": "Shop's certificate", "config": {"tls_expiry_days": [30, 14, 7, 1]}},
    "ping": {"name": "Gateway", "config": {"count": 5, "max_loss_ratio": 0.2}},
    "domain": {"name": "Our domain", "config": {"expiry_days": [60, 30, 7]}},
    "websocket": {"name": "Live prices", "config": {"send": "ping", "expect": "pong"}},
    "smtp": {"name": "Mail", "config": {"security": "starttls"}},
    "heartbeat": {"name": "Nightly backup", "config": {"cron": "0 3 * * *", "timezone": "Europe/Berlin"}},
}
"""A monitor of each kind, but for the address: that is the form's own example."""


def write_page(forms: "Sequence[KindForm]") -> str:
    """The page as Markdown. What the first kind has stands once; the others tell where they differ."""
    usual = [field for field in forms[0].settings if field.name != "url"]
    lines = [INTRODUCTION, *_table(usual)]
    for form in forms:
        lines += _describe_kind(form, usual)
    return "".join(lines)


def _describe_kind(form: "KindForm", usual: "Sequence[FormField]") -> Iterator[str]:
    yield f"\n## {form.label} (`{form.kind}`)\n\n{form.help}"
    has = {field.name for field in form.settings}
    if missing := [f"`{field.name}`" for field in usual if field.name not in has]:
        yield f" It has no {', '.join(missing[:-1])} and no {missing[-1]}."
    yield f"\n\n```json\n{json.dumps(make_example(form), ensure_ascii=False)}\n```\n\n"
    if own := [field for field in form.settings if field not in usual]:
        yield from _table(own)
    if form.fields:
        yield "\nIn `config`:\n\n"
        yield from _table(form.fields)


def make_example(form: "KindForm") -> dict[str, Any]:
    """A monitor of this kind, as the API takes it."""
    address = {field.name: field.example for field in form.settings if field.name == "url"}
    return {"kind": form.kind, **address, **EXAMPLES.get(form.kind, {"name": form.label})}


def _table(fields: "Sequence[FormField]", *, before: str = "") -> Iterator[str]:
    if not before:
        yield "| field | what it is | must be | default |\n|---|---|---|---|\n"
    for field in fields:
        said = (f"{field.label}.", field.help, _tell_choices(field), _tell_when(field))
        told = " ".join(part for part in said if part)
        default = "required" if field.required else f"`{json.dumps(field.default, ensure_ascii=False)}`"
        cells = (f"`{before}{field.name}`", told, _tell_bounds(field), default)
        yield f"| {' | '.join(_escape(cell) for cell in cells)} |\n"
        for variant in field.variants or ():
            yield from _table(variant.fields, before=f"{field.name}.")


def _tell_when(field: "FormField") -> str:
    if not field.when:
        return ""
    values = field.when["values"]
    if values is None:
        return f"Only with `{field.when['field']}`."
    spelled = ", ".join(f"`{json.dumps(value)}`" for value in values)
    return f"Only where `{field.when['field']}` is {spelled}."


def _tell_choices(field: "FormField") -> str:
    """What each choice means, where its label says more than its value."""
    choices = [one for one in field.choices or () if one["label"] != one["value"]]
    told = "; ".join(f"`{one['value']}`: {one['label']}" for one in choices)
    return f"{told}." if told else ""


def _tell_bounds(field: "FormField") -> str:
    unit = f" ({field.unit})" if field.unit and field.unit not in field.must_be else ""
    if field.must_be:
        return f"{field.must_be}{unit}"
    each = "each " if isinstance(field.default, list) else ""
    return f"{each}at most {field.max_chars} characters" if field.max_chars else ""


def _escape(cell: str) -> str:
    return cell.replace("|", "\\|")


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "sentrypulse.settings")
    import django

    django.setup()
    from monitors.forms import describe_kinds

    sys.stdout.write(write_page(describe_kinds()))
