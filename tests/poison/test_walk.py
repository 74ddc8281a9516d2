"""A poison row harms only itself. Whatever one team's rows hold, no job fails, and all that the jobs do for
another team is what they do when nothing is poisoned.

The tables, their columns and the poison come from the models, the jobs from the timetable: a new one is in
the walk without anybody thinking of it. ``TEAMS`` ill teams are walked at once, each with poison in one
column of several tables; where something is wrong, they are halved until the poison stands alone.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test import override_settings
from django.test.utils import CaptureQueriesContext

from accounts.models import Team
from tests.poison.hunting import SHARE, Dose, deal, group, hunt, list_tables, undone
from tests.poison.lives import make_life, make_ours
from tests.poison.poisons import list_models, rows_of
from tests.poison.work import Run, make_results, tell_work

pytestmark = pytest.mark.django_db
TEAMS, PARTS = 12, 6 if SHARE == 1 else 1


class Proofs:
    """Every domain is proven."""

    def __contains__(self, token: object) -> bool:
        return True


@dataclass
class World:
    ill: list[Team]
    well: Team
    published: Path
    healthy: dict[str, Any] = field(default_factory=dict)
    said: str = ""

    def walk(self, doses: Sequence[Dose]) -> list[str]:
        """What is wrong after all jobs ran over these poisons. Afterwards all is as it was."""
        work, failures = self._run(doses)
        return failures + [
            f"{what} of the healthy team: {work[what]!r} and not {wanted!r}"[:1_000]
            for what, wanted in self.healthy.items()
            if work[what] != wanted
        ]

    def _run(self, doses: Sequence[Dose]) -> tuple[dict[str, Any], list[str]]:
        for file in self.published.glob("*/*"):
            if file.is_file():
                file.unlink()
        results = make_results(*self.ill[: len(doses)], self.well)
        with undone():
            for dose, team in zip(doses, self.ill, strict=False):
                for poison in dose:
                    poison.put(team)
            run = Run(results).go()
            return tell_work(self.well, run, self.published), list(dict.fromkeys(run.failures))

    def learn(self) -> None:
        """Walk once with nothing poisoned."""
        with CaptureQueriesContext(connection) as queries:
            self.healthy, failures = self._run([])
        assert failures == []
        self.said = "\n".join(query["sql"] for query in queries)


@pytest.fixture(scope="module")
def world(django_db_setup: None, django_db_blocker: Any, tmp_path_factory: Any) -> Iterator[World]:
    place = tmp_path_factory.mktemp("world")
    urls = {"PUBLISH_URL": f"file://{place / 'published'}", "ARCHIVE_URL": f"file://{place / 'archive'}"}
    with (
        django_db_blocker.unblock(),
        pytest.MonkeyPatch.context() as patch,
        override_settings(WATCHDOG_URL="https://watchdog.example.com/", **urls),
        undone(),
    ):
        patch.setattr("os.fsync", lambda file: None)
        patch.setattr("statuspages.services.read_proofs", lambda domain: Proofs())
        make_ours()
        ill = [make_life(f"ill-{number}") for number in range(TEAMS)]
        made = World(ill, make_life("well"), place / "published")
        made.learn()
        yield made


@pytest.mark.parametrize("part", range(PARTS))
def test_jobs(world: World, part: int) -> None:
    """Before: 1970 in a result held the purge for tens of minutes, a page's huge version ended publishing, a
    huge ``holds_s`` the SLOs, and a huge number of attempts spoiled a message of others."""
    groups = group(deal(list_tables(world.ill[0], world.said)), TEAMS)[part :: PARTS * SHARE]
    assert groups
    assert [wrong for some in groups for wrong in hunt(some, world.walk)] == []


# One row each for all teams: ours, written by nobody else. Health tells when they stand still.
OURS = {
    "analytics.Archiving",
    "analytics.Progress",
    "pipeline.Cursor",
    "pipeline.DataWatch",
    "pipeline.NetworkOutage",
    "pipeline.Sign",
}


def test_the_walk_has_a_row_of_every_table_that_the_jobs_read(world: World) -> None:
    read = {model for model in list_models() if connection.ops.quote_name(model._meta.db_table) in world.said}
    without = {model._meta.label for model in read if not rows_of(model, world.ill[0]).exists()}
    assert without == OURS & {model._meta.label for model in read}
    assert len(read) > 40
    assert all(world.healthy.values()), [what for what, made in world.healthy.items() if not made]
