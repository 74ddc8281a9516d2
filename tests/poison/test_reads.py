"""A poison row harms only itself, also where people read. Whatever one team's rows hold, every answer to
another team is what it is when nothing is poisoned; lists show all other rows; and of what cannot be shown
its own team is told so in a sentence.

The addresses come from the API's document, the tables, columns and poison from the models: a new one is in
the walk without anybody thinking of it.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
import time_machine
from django.core.cache import cache
from django.db.models import Model
from django.urls import resolve

from accounts.models import Membership, Role, Team, User
from core import isolation
from tests.poison.hunting import SHARE, Dose, deal, group, hunt, list_tables, undone
from tests.poison.lives import NOW, make_life, make_ours
from tests.poison.poisons import Poison, rows_of
from tests.poison.reads import MANY, Answer, Places, Reader, list_public, list_reads

pytestmark = pytest.mark.django_db
TEAMS, PARTS = 12, 4 if SHARE == 1 else 1
EVERYWHERE, THIN = 2, 8
"""The first poisons of a column are tried at every address that reads it, and each of the others where its
own row is shown and at every eighth of the other addresses: they fail alike."""
PEOPLE = {"accounts.Membership", "accounts.Team", "accounts.User"}
"""Who cannot be known, or has no role any more, sees less."""
OURS = ("/api/v1/health", "/metrics")


@dataclass(frozen=True)
class Victim:
    """A row of an ill team with poison in it."""

    team: Team
    row: Any
    poison: Poison
    number: int
    """Of the poison among those of its column."""

    @property
    def label(self) -> str:
        return self.poison.model._meta.label

    def is_tried(self, own: bool, turn: int) -> bool:
        """At the address of that turn; ``own``: it shows the row itself."""
        return self.number < EVERYWHERE or own or (turn + self.number) % THIN == 0


@dataclass
class World:
    ill: list[Team]
    well: Team
    healthy: dict[str, Answer] = field(default_factory=dict)
    said: dict[str, str] = field(default_factory=dict)
    """By address, what the database is asked."""

    def __post_init__(self) -> None:
        teams = [*self.ill, self.well]
        watcher = User.objects.create(email="all@example.com", name="All", joined_at=NOW)
        self.places = {
            team.pk: Places(Reader(User.objects.get(memberships__team=team, name=team.name)))
            for team in teams
        }
        self.teams = teams
        self.watcher, self.stranger = Reader(watcher), Reader()
        self.own = self.places[self.well.pk]
        self.lists = [f"{path}?{MANY}" for path in self.own.keys if path.count("/") == 4]
        self.public = [*list_public(self.well), *OURS]

    def learn(self) -> None:
        """Ask once with nothing poisoned."""
        self._learn(self.own.reader, self.own.all)
        self._learn(self.stranger, self.public)
        with self.watched():
            self._learn(self.watcher, self.lists)
        self.watched_lists = {address for address in self.lists if self.healthy[address].rows}

    def _learn(self, reader: Reader, addresses: Sequence[str]) -> None:
        for address in addresses:
            answer, self.said[address] = reader.learn(address)
            assert answer.status == 200 or address in OURS, (address, answer)
            self.healthy[address] = answer

    @contextmanager
    def watched(self) -> Iterator[None]:
        """A block whose writes are taken back, in which somebody is a member of all teams."""
        isolation.forget_failures()
        cache.clear()
        with undone():
            Membership.objects.bulk_create(
                Membership(team=team, user=self.watcher.user, role=Role.ADMIN) for team in self.teams
            )
            yield

    def read_as_healthy(self, doses: Sequence[Dose]) -> list[str]:
        """What the healthy team and strangers are answered otherwise while the others are poisoned."""
        wrong = []
        isolation.forget_failures()
        cache.clear()
        with undone():
            for dose, team in zip(doses, self.ill, strict=False):
                for poison in dose:
                    poison.put(team)
            for reader, addresses in ((self.own.reader, self.own.all), (self.stranger, self.public)):
                for address in addresses:
                    answer, wanted = reader.ask(address), self.healthy[address]
                    if answer.status != wanted.status or (address not in OURS and answer.body != wanted.body):
                        wrong.append(f"{address}: {answer}"[:600])
        return wrong

    def read_as_ill(self, some: Sequence[tuple[int, Poison]]) -> list[str]:
        """What each ill team's owner is answered that nobody should be; and what a member of all teams does
        not see in lists."""
        with self.watched():
            victims = list(self._poison_rows(some))
            return [
                *(wrong for victim in victims for wrong in self._read_below(victim)),
                *self._read_lists(victims),
            ]

    def _poison_rows(self, some: Sequence[tuple[int, Poison]]) -> Iterator[Victim]:
        """One row of a team for each."""
        for (number, poison), team in zip(some, self.ill, strict=False):
            rows = rows_of(poison.model, team).order_by("pk")
            row = rows.last() if rows.count() > 50 else rows.first()
            if row is not None and poison.put_into(row):
                yield Victim(team, row, poison, number)

    def _read_below(self, victim: Victim) -> Iterator[str]:
        reader = self.places[victim.team.pk].reader
        for path, address in self._find_concerned(victim):
            answer = reader.ask(address)
            if answer.fault or not may_answer(victim, path, answer):
                yield f"{victim.poison}: {path}: {answer}"[:600]

    def _find_concerned(self, victim: Victim) -> Iterator[tuple[str, str]]:
        """The addresses that read the poisoned column; of each path that of the row, or the first."""
        places = self.places[victim.team.pk].addresses
        monitor = f"/monitors/{getattr(victim.row, 'monitor_id', None)}/"
        for turn, (path, addresses) in enumerate(places.items()):
            hits = [
                address
                for learned, address in zip(self.own.addresses[path], addresses, strict=True)
                if victim.poison.is_in(self.said[learned])
            ]
            nearest = [address for address in hits if monitor in address] or hits
            for number, address in enumerate(nearest if "?" in "".join(hits) else nearest[:1]):
                seen = number == 0 and f"{path}?{MANY}" in self.watched_lists
                own = number == 0 and path.endswith("/") and victim.poison.model is find_model(address)
                if victim.is_tried(own, turn + number) and (not seen or victim.label in PEOPLE):
                    yield path, address

    def _read_lists(self, victims: list[Victim]) -> Iterator[str]:
        for turn, address in enumerate(self.lists):
            if any(
                one.is_tried(one.poison.model is find_model(address), turn)
                and one.poison.is_in(self.said[address])
                for one in victims
            ):
                answer = self.watcher.ask(address)
                shown = answer.rows or {}
                spared = self._list_spared(address, victims)
                lost = [key for key, row in spared.items() if shown.get(key) != row]
                if lost:
                    names = [str(victim.poison) for victim in victims]
                    yield f"{address} without {lost[:10]} of {names}: {answer}"[:900]

    def _list_spared(self, address: str, victims: list[Victim]) -> dict[Any, Any]:
        """The rows that have to be there as they are: all of teams that are well, and of the poisoned table
        all but those with poison."""
        path = address.partition("?")[0]
        spared = dict(self.healthy[address].rows or {})
        for victim in victims:
            if any("id" not in row for row in spared.values()):
                concerned = [victim.team.pk]
            elif victim.poison.model is find_model(address):
                concerned = [victim.row.pk]
            else:
                concerned = self.places[victim.team.pk].keys[path]
            for key in concerned:
                spared.pop(key, None)
        return spared


def find_model(address: str) -> type[Model] | None:
    """The table whose rows the address shows, or stands below."""
    view: Any = getattr(resolve(address.partition("?")[0]).func, "cls", None)
    queryset = getattr(view, "queryset", None)
    return None if queryset is None else queryset.model


def list_above(path: str) -> list[str]:
    """The lists of the rows that a path names."""
    return [path[: part.start()].format(page_id=1, team_id=1) for part in re.finditer("{", path)]


def may_answer(victim: Victim, path: str, answer: Answer) -> bool:
    """May somebody be answered so who asks for this row, or for what stands below it?"""
    if answer.status == 200 or path in OURS:
        return True
    said = isinstance(answer.json, dict) and isinstance(answer.json.get("detail"), str)
    if victim.label in PEOPLE or path.endswith(("{id}/", "{team}/")):
        return said
    return said and victim.poison.model in map(find_model, list_above(path))


@pytest.fixture(scope="module")
def world(django_db_setup: None, django_db_blocker: Any) -> Iterator[World]:
    with django_db_blocker.unblock(), time_machine.travel(NOW, tick=False), undone():
        make_ours()
        made = World([make_life(f"ill-{number}") for number in range(TEAMS)], make_life("well"))
        made.learn()
        yield made


def number_by_column(some: Dose) -> list[tuple[int, Poison]]:
    columns: Counter[str] = Counter()
    return [(columns.update([one.column]) or columns[one.column] - 1, one) for one in some]


@pytest.mark.parametrize("part", range(PARTS))
def test_the_healthy_are_answered_as_ever(world: World, part: int) -> None:
    asked = "\n".join(world.said[address] for address in (*world.own.all, *world.public))
    groups = group(deal(list_tables(world.ill[0], asked)), TEAMS)[part :: PARTS * SHARE]
    assert groups
    assert [wrong for some in groups for wrong in hunt(some, world.read_as_healthy)] == []


@pytest.mark.parametrize("part", range(PARTS))
def test_the_ill_are_told_all_that_can_be_told(world: World, part: int) -> None:
    tables = list_tables(world.ill[0], "\n".join(world.said.values()))
    groups = [some for table in tables for some in group(number_by_column(table), TEAMS)]
    wrong = [wrong for some in groups[part :: PARTS * SHARE] for wrong in world.read_as_ill(some)]
    assert wrong == []


def test_every_address_of_the_document_is_in_the_walk(world: World) -> None:
    assert set(world.own.addresses) == {operation.path for operation in list_reads()}
    assert all(world.own.addresses.values())
    assert [address for address in world.lists if find_model(address) is None] == []
    assert len(world.watched_lists) > 10
