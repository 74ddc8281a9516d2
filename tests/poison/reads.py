"""Every address that is read, found by the API's document and the lists that it leads to."""

import re
import traceback
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import accumulate
from pathlib import Path
from typing import Any

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from rest_framework_simplejwt.tokens import AccessToken

from accounts.models import Team, User
from statuspages.models import StatusPage
from statuspages.rendering import render_page
from tests.poison.lives import NOW
from tests.walks.operations import Operation, list_operations

MANY = "page_size=200"
RUNNING = f"{NOW:%Y-%m}"
"""A month whose figures are computed as they are asked for."""


@dataclass
class Answer:
    status: int
    body: bytes
    json: Any = None
    fault: str = ""
    """The exception that nobody handled."""

    @property
    def rows(self) -> dict[Any, Any] | None:
        """Of a list, what it shows by key; None: it is no list."""
        shown = self.json.get("results", self.json.get("monitors")) if isinstance(self.json, dict) else None
        if isinstance(shown, dict):
            shown = _turn(dict(shown))
        if self.status != 200 or not isinstance(shown, list):
            return None
        return {row.get("id", row.get("key", row.get("team"))): row for row in shown}


def _turn(columns: dict[str, list[Any]]) -> list[dict[str, Any]]:
    """Columns as rows."""
    if "id_steps" in columns:
        columns = {"id": list(accumulate(columns.pop("id_steps"))), **columns}
    return [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]


@dataclass
class Reader:
    """Somebody who asks."""

    user: User | None = None
    client: Client = field(default_factory=Client)

    def __post_init__(self) -> None:
        if self.user is not None:
            token = AccessToken.for_user(self.user)
            self.client.defaults["HTTP_AUTHORIZATION"] = f"Bearer {token}"

    def ask(self, address: str) -> Answer:
        try:
            made = self.client.get(address)
        except Exception as fault:  # noqa: BLE001  # whatever it is, nobody handled it
            said = f"{type(fault).__name__} {str(fault)[:100]} at {_find_places(fault)}"
            return Answer(500, b"", fault=said)
        is_json = made.headers.get("Content-Type", "").startswith("application/json")
        return Answer(made.status_code, made.content, made.json() if is_json else None)

    def learn(self, address: str) -> tuple[Answer, str]:
        """The answer, and the statements that were made for it."""
        with CaptureQueriesContext(connection) as queries:
            answer = self.ask(address)
        return answer, "\n".join(query["sql"] for query in queries)


def _find_places(fault: BaseException) -> str:
    frames = reversed(traceback.extract_tb(fault.__traceback__))
    return " < ".join(
        f"{Path(frame.filename).name}:{frame.lineno}"
        for frame in frames
        if ".venv" not in frame.filename and "lib/python" not in frame.filename
    )


def list_reads() -> list[Operation]:
    return [operation for operation in list_operations() if operation.method == "get"]


@dataclass
class Places:
    """By path of the document, where it leads this reader: to the first and to the last of each list; and
    each way of spelling the answer, where there are several."""

    reader: Reader
    addresses: dict[str, list[str]] = field(default_factory=dict)
    keys: dict[str, list[Any]] = field(default_factory=dict)
    """Of each list, those of its rows."""

    def __post_init__(self) -> None:
        for operation in list_reads():
            plain = list(self._fill(operation.path))
            ways = [f"{one}?{way}" for one in plain for way in _list_ways(operation)]
            self.addresses[operation.path] = plain + ways

    @property
    def all(self) -> list[str]:
        return [address for some in self.addresses.values() for address in some]

    def _fill(self, path: str) -> Iterator[str]:
        parameter = re.search(r"{(\w+)}", path)
        if parameter is None:
            yield path
            return
        name, start, rest = parameter[1], path[: parameter.start()], path[parameter.end() :]
        if start not in self.keys:
            rows = self.reader.ask(f"{start}?{MANY}").json["results"]
            self.keys[start] = sorted({row[name] if name in row else row["id"] for row in rows})
        keys = self.keys[start]
        ends = [*dict.fromkeys(keys[:: len(keys) - 1 or 1]), *([RUNNING] if name == "month" else ())]
        for key in ends:
            yield from self._fill(f"{start}{key}{rest}")


def _list_ways(operation: Operation) -> Iterator[str]:
    for part in operation.document.get("parameters", ()):
        if part["name"] in {"as", "format"}:
            yield from (f"{part['name']}={way}" for way in part["schema"]["enum"] if way != "json")
    if "{" not in operation.path and "status" in operation.queries and "tag" in operation.queries:
        yield from ("status=down", "tag=prod")  # found by what is computed


def list_public(team: Team) -> list[str]:
    """What is read of a team without signing in."""
    page = StatusPage.objects.select_related("team", "publication").get(team=team)
    return [f"/status/{page.slug}/{name}" for name in ("", *render_page(page, now=NOW))]
