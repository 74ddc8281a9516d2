"""What each column of each table may hold that we would never write, derived from the models themselves."""

import contextlib
import copy
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from cryptography.fernet import Fernet
from django.apps import apps
from django.conf import settings
from django.db import DatabaseError, connection, models, transaction

from accounts.models import Membership, Team, User
from core.field_encryption import seal
from core.instants import InstantField

# Django's own, which none of our jobs reads but to delete what has expired.
NOT_OURS = {"admin", "auth", "contenttypes", "sessions", "token_blacklist"}
_SURROGATE = '"\\ud800"'
_SHAPES = ("null", "[]", "{}", "17", '"text"', '[["a"], {"a": []}]', '{"a": {"b": []}}', f"[{_SURROGATE}]")
_DEEP, _LONG = "[" * 900 + "]" * 900, "9" * 5_000
_WORDS = ("", "nonesuch", "\0{{ x | y <![CDATA[ \u202e", _LONG)
_INSTANTS = (-(2**62), 0, 253_402_300_799_999, 2**62)
_TIMES = ("0001-01-01 00:00:00", "1970-01-01 00:00:00", "9999-12-31 23:59:59.999999")


INSTEAD: tuple[Any, ...] = (None, {"a": []}, -(10**300), "\ud800")


@dataclass(frozen=True)
class Poison:
    """A value for a column of a table."""

    model: type[models.Model]
    column: str
    value: Any

    def __str__(self) -> str:
        return f"{self.model._meta.label}.{self.column}={str(self.value)[:70]!r}"

    def is_in(self, sql: str) -> bool:
        """Do these statements read the column, or write the row?"""
        table, column = map(connection.ops.quote_name, (self.model._meta.db_table, self.column))
        return f"{table}.{column}" in sql or (f"UPDATE {table}" in sql and column in sql)

    def put(self, team: Team) -> bool:
        """Write it by raw SQL into all rows of the team's, or into the first that takes it; False: the
        database refuses to store such a thing, or there is no row."""
        pks = list(rows_of(self.model, team).values_list("pk", flat=True))
        return bool(pks) and (_update(self, pks) or (len(pks) > 1 and any(_update(self, [pk]) for pk in pks)))

    def put_into(self, row: models.Model) -> bool:
        """Write it into this row alone; False: the database refuses to store such a thing."""
        return _update(self, [row.pk])


def list_models() -> list[type[models.Model]]:
    """Every table of ours, those that only tie two rows included."""
    found = apps.get_models(include_auto_created=True)
    ours = (model for model in found if model._meta.app_label not in NOT_OURS)
    return sorted(ours, key=lambda model: model._meta.label)


def rows_of(model: type[models.Model], team: Team) -> models.QuerySet[Any]:
    """The team's rows of a table, found by the shortest way from the model to a team; none where there is no
    way."""
    if model is Team:
        return Team.objects.filter(pk=team.pk)
    if model is User:
        return User.objects.filter(pk__in=Membership.objects.filter(team=team).values("user_id"))
    way = _find_way(model, Team) or _find_way(model, User)
    if not way:
        return model._base_manager.none()
    own, last = way
    return model._base_manager.filter(**{f"{own}__memberships__team" if last is User else own: team})


def _find_way(model: type[models.Model], wanted: type[models.Model]) -> tuple[str, type[models.Model]] | None:
    """The shortest, as a look-up."""
    ways: list[tuple[type[models.Model], str]] = [(model, "")]
    seen = {model}
    for at, way in ways:
        for field in at._meta.concrete_fields:
            goal: Any = field.related_model if isinstance(field, models.ForeignKey) else None
            if goal is wanted:
                return f"{way}{field.name}", wanted
            if goal is not None and goal not in seen:
                seen.add(goal)
                ways.append((goal, f"{way}{field.name}__"))
    return None


def list_poisons(model: type[models.Model], rows: models.QuerySet[Any]) -> Iterator[Poison]:
    """Values for each column, by the class of its field; JSON also in the shape of what ``rows`` hold."""
    fields: Any = model._meta.concrete_fields
    for field in fields:
        if not field.primary_key:
            yield from (Poison(model, field.column, value) for value in _list_values(field, rows))


def _list_values(field: Any, rows: models.QuerySet[Any]) -> Iterator[Any]:
    if field.null:
        yield None
    if isinstance(field, models.ForeignKey):
        yield from () if getattr(field, "db_constraint", True) else (2**40,)
    elif field.choices:
        yield from ("", "nonesuch") if isinstance(field, models.CharField) else (77,)
    elif isinstance(field, models.JSONField):
        yield from ('{"a": ', *_SHAPES, _DEEP, _LONG, *_list_mutants(field, rows))
    elif field.name == "secrets":
        yield from _list_secrets()
    else:
        yield from _list_plain(field)


def _list_secrets() -> Iterator[str]:
    """What no key opens, and what opens but is not what it should be."""
    yield from ("garbage", seal({"nothing": "x"}))
    cipher = Fernet(settings.FIELD_ENCRYPTION_KEY.split(",")[0])
    yield from (
        cipher.encrypt(text).decode() for text in (b"[]", b"{", b'{"a": "\\ud800", "unsubscribe": []}')
    )


def _list_plain(field: Any) -> Iterator[Any]:
    if isinstance(field, models.CharField | models.TextField | models.GenericIPAddressField):
        yield from _WORDS
    elif isinstance(field, InstantField):
        yield from _INSTANTS
    elif isinstance(field, models.DateTimeField):
        yield from _TIMES
    elif isinstance(field, models.DateField):
        yield from (text[:10] for text in _TIMES)
    elif isinstance(field, models.TimeField):
        yield "23:59:59.999999"
    elif isinstance(field, models.IntegerField):
        _, most = connection.ops.integer_field_range(field.get_internal_type())
        yield from (-1, 0, *sorted({most or 2**31, 2**63 - 1}))
    elif isinstance(field, models.FloatField):
        yield from (-1.0, 1e308)
    elif isinstance(field, models.DecimalField):
        yield from ("0.5", "0.999999")
    elif isinstance(field, models.BinaryField):
        yield from (b"", b"\xff\xfe")
    elif isinstance(field, models.UUIDField):
        yield "0" * 32
    elif isinstance(field, models.BooleanField):
        yield from (0, 1)
    else:
        raise TypeError(f"Say what poison is in a {type(field).__name__} ({field}).")


def _list_mutants(field: Any, rows: models.QuerySet[Any]) -> list[str]:
    """What the column holds now, with one of its values in another shape."""
    mutants: dict[str, None] = {}
    for whole in _read_values(field, rows):
        for path in _list_paths(whole):
            for value in INSTEAD:
                mutant = copy.deepcopy(whole)
                at = mutant
                for step in path[:-1]:
                    at = at[step]
                at[path[-1]] = value
                mutants[json.dumps(mutant)] = None
    return list(mutants)


def _read_values(field: Any, rows: models.QuerySet[Any]) -> Iterator[Any]:
    """What each row holds; not of those that can no longer be read or copied, for they have had such poison
    already."""
    for key in rows.values_list("pk", flat=True):
        with contextlib.suppress(ValueError, RecursionError):
            whole = rows.values_list(field.attname, flat=True).get(pk=key)
            copy.deepcopy(whole)
            yield whole


def _list_paths(value: Any, depth: int = 2) -> Iterator[tuple[Any, ...]]:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield (key,)
        if depth > 1:
            yield from ((key, *rest) for rest in _list_paths(item, depth - 1))


def _update(poison: Poison, pks: list[Any]) -> bool:
    key = poison.model._meta.pk_fields
    columns = " AND ".join(f"{connection.ops.quote_name(str(field.column))} = %s" for field in key)
    where = " OR ".join(f"({columns})" for _ in pks)
    values = [value for pk in pks for value in _prepare(key, pk)]
    table, column = map(connection.ops.quote_name, (poison.model._meta.db_table, poison.column))
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"UPDATE {table} SET {column} = %s WHERE {where}", [poison.value, *values])
    except (DatabaseError, UnicodeEncodeError, OverflowError):
        return False
    return True


def _prepare(key: Any, pk: Any) -> list[Any]:
    parts = pk if isinstance(pk, tuple) else (pk,)
    return [field.get_db_prep_value(part, connection) for field, part in zip(key, parts, strict=True)]
