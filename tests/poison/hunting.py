"""Finding the poison that does harm among many: doses are halved until it stands alone."""

import os
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from django.db import transaction

from tests.poison.poisons import Poison, list_models, list_poisons, rows_of

Dose = list[Poison]
"""What one team gets: one column of some of its tables."""
SHARE = int(os.environ.get("POISON_SHARE", "6"))
"""One of so many groups of doses is tried. `make test-stories` tries all of them (1)."""


class undone:  # reads as a word
    """A block whose writes are taken back."""

    def __enter__(self) -> None:
        self._atomic = transaction.atomic()
        self._atomic.__enter__()

    def __exit__(self, *fault: Any) -> None:
        transaction.set_rollback(True)
        self._atomic.__exit__(None, None, None)


def list_tables(team: Any, said: str) -> list[Dose]:
    """By table, all poison of the columns that these statements read."""
    tables = (
        [one for one in list_poisons(model, rows_of(model, team)) if one.is_in(said)]
        for model in list_models()
    )
    return [some for some in tables if some]


def deal(tables: list[Dose]) -> list[Dose]:
    """The first of each table meets the first of the others."""
    doses: list[Dose] = [[] for _ in range(max(map(len, tables)))]
    for some in tables:
        for number, poison in enumerate(some):
            doses[number * len(doses) // len(some)].append(poison)
    return [dose for dose in doses if dose]


def group(some: list[Any], teams: int) -> list[list[Any]]:
    """For as many teams at once as there are."""
    return [some[first : first + teams] for first in range(0, len(some), teams)]


def hunt(doses: list[Dose], find: Callable[[Sequence[Dose]], list[str]]) -> Iterator[str]:
    """The poisons that ``find`` finds something wrong with, each with that."""
    wrong = find(doses)
    if not wrong:
        return
    if len(doses) == 1 and len(doses[0]) == 1:
        yield f"{doses[0][0]}: {'; '.join(wrong)}"
        return
    dose = doses[0]
    halves = (doses[: len(doses) // 2], doses[len(doses) // 2 :])
    if len(doses) == 1:
        halves = ([dose[: len(dose) // 2]], [dose[len(dose) // 2 :]])
    found = [one for half in halves for one in hunt(half, find)]
    yield from found or [f"together {[str(one) for dose in doses for one in dose]}: {'; '.join(wrong)}"]
