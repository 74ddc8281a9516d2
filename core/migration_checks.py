"""Migrations run while the old code still serves. So they expand first, contract in a later release, and
never lock a large table. This check enforces the rule; a migration may give a written reason why it is safe
all the same."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from django.apps import AppConfig
from django.core import checks
from django.db.migrations import Migration, operations
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.state import ProjectState
from django.db.models import Field

BIG = {"monitors": {"result", "ping"}, "analytics": {"rollup", "latencyrollup"}}
"""Tables that take minutes to hours to rewrite. Nothing would be recorded meanwhile."""
OURS = ("accounts", "alerts", "analytics", "incidents", "monitors", "pipeline", "statuspages")
SHIPPED = {
    "accounts": "0001",
    "alerts": "0001",
    "analytics": "0003",
    "incidents": "0001",
    "monitors": "0004",
    "pipeline": "0001",
    "statuspages": "0001",
}
"""By app, the last migration from before there was anything to keep running. The rule holds for later
ones."""
REASON = "safe_because"
"""The attribute in which a migration says, in a sentence, why it is safe although the rule refuses it."""

_BREAKS = (
    operations.RemoveField,
    operations.RenameField,
    operations.RenameModel,
    operations.DeleteModel,
    operations.AlterModelTable,
)
_LOCKS = (
    operations.AddConstraint,
    operations.AddIndex,
    operations.AlterUniqueTogether,
    operations.AlterOrderWithRespectTo,
)


def find_unsafe(loader: MigrationLoader) -> Iterator[tuple[str, str]]:
    """Migrations of ours that the rule refuses, each with what is wrong with it."""
    for app, name in sorted(loader.disk_migrations):
        migration = loader.disk_migrations[app, name]
        if app not in OURS or name[:4] <= SHIPPED[app] or hasattr(migration, REASON):
            continue
        state = loader.project_state((app, name), at_end=False)
        for mistake in find_mistakes(migration, app, state):
            yield f"{app}.{name}", mistake


def find_mistakes(migration: Migration, app: str, state: ProjectState) -> Iterator[str]:
    """What is wrong with the migration; nothing when it is safe. ``state`` is the state before it."""
    made: set[str] = set()
    for operation in migration.operations:
        if isinstance(operation, operations.CreateModel):
            made.add(operation.name_lower)
        model: str = getattr(operation, "model_name", getattr(operation, "name", "")).lower()
        if model not in made:
            yield from _find_mistakes_of(operation, app, model, state)
        operation.state_forwards(app, state)


def _find_mistakes_of(operation: Any, app: str, model: str, state: ProjectState) -> Iterator[str]:
    big = model in BIG.get(app, ())
    if isinstance(operation, _BREAKS):
        yield f"{_name(operation)} on {model}: the code that still runs uses it. Do it a release later."
    elif isinstance(operation, operations.AddField):
        if (
            not operation.field.null
            and not operation.field.has_db_default()
            and not operation.field.many_to_many
        ):
            yield (
                f"AddField {model}.{operation.name}: running code does not write it. Give it db_default,"
                " or null=True and fill it later."
            )
    elif isinstance(operation, operations.AlterField):
        before = state.models[app, model].fields[operation.name]
        if big and _is_altered(before, operation.field):
            yield f"AlterField {model}.{operation.name}: rewrites a large table. Add a column and fill it."
    elif isinstance(operation, _LOCKS) and big:
        yield f"{_name(operation)} on {model}: builds an index, or checks every row, of a large table."
    elif isinstance(operation, operations.RunPython | operations.RunSQL) and app in BIG:
        yield f"{_name(operation)}: may go through a large table in one piece. Do it in slices, by a job."


def _is_altered(before: Field[Any, Any], after: Field[Any, Any]) -> bool:
    """Whether the column changes, and not only what Python knows of it (choices, help, validators)."""

    def column(field: Field[Any, Any]) -> tuple[str, Sequence[Any], dict[str, Any]]:
        _, path, given, options = field.deconstruct()
        return path, given, {key: value for key, value in options.items() if key not in field.non_db_attrs}

    return column(before) != column(after)


def _name(operation: Any) -> str:
    return type(operation).__name__


def check_migrations(app_configs: Iterable[AppConfig] | None, **kwargs: Any) -> list[checks.CheckMessage]:
    """Run by ``manage.py check --deploy``, and by a test."""
    return [
        checks.Error(
            f"{name}: {mistake}",
            hint=f"Where it is safe all the same, say why in the migration: {REASON} = '…' (docs/deploy.md).",
            id="sentrypulse.E001",
        )
        for name, mistake in find_unsafe(MigrationLoader(None))
    ]
