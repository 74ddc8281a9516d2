"""Files as the other tools write them: the rows, the sentences, and the monitors that they become."""

import json
from pathlib import Path

import pytest

from core.field_encryption import unseal
from monitors.importing import SOURCES, decode_text, read_monitors
from monitors.models import Monitor
from monitors.secrets import join

pytestmark = pytest.mark.django_db
HERE = Path(__file__).parent
FILES = sorted(path.name for path in (HERE / "files").iterdir())
IMPORT = "/api/v1/monitors/import"
SECRETS = (
    "pa55",
    "k3y-of",
    "t0ken-of",
    "0auth-of",
    "pu5h-of",
    "s3cret",
    "prox1",
    "h3a",
    "0ther-of",
    "777-secret",
)


def read_file(name):
    return decode_text((HERE / "files" / name).read_bytes())


def read_expected(name):
    return json.loads((HERE / "expected" / f"{name}.json").read_text())


def test_each_source_has_a_file():
    assert {read_expected(name)["source"] for name in FILES} == set(SOURCES)


@pytest.mark.parametrize("name", FILES)
def test_a_file_is_recognised_and_read_entry_by_entry(name):
    expected = read_expected(name)
    reading = read_monitors(read_file(name))
    assert reading.source == expected["source"]
    assert reading.rows == [each["row"] for each in expected["monitors"]]
    assert reading.left_out == [each["left_out"] for each in expected["monitors"]]
    assert [[one.name, one.kind, one.reason] for one in reading.skipped] == expected["skipped"]
    told = json.dumps([reading.left_out, [[one.name, one.reason] for one in reading.skipped]])
    assert [secret for secret in SECRETS if secret in told] == []


@pytest.mark.parametrize("name", FILES)
def test_its_monitors_are_made_and_a_repeat_changes_nothing(api, team, name):
    expected, body = read_expected(name), {"text": read_file(name)}
    preview = api.post(f"{IMPORT}/preview", body)
    assert [(row["action"], row["errors"]) for row in preview.json()["rows"]] == [("new", {})] * len(
        expected["monitors"]
    )
    assert [row["left_out"] for row in preview.json()["rows"]] == [
        each["left_out"] for each in expected["monitors"]
    ]
    assert [secret for secret in SECRETS if secret in preview.content.decode()] == []

    answer = api.post(IMPORT, body)

    assert (answer.status_code, answer.json()["imported"]) == (201, len(expected["monitors"]))
    made = list(Monitor.objects.filter(team=team).order_by("pk").prefetch_related("tags", "depends_on"))
    for monitor, each in zip(made, expected["monitors"], strict=True):
        check_stored(monitor, each["row"])
    before = list(Monitor.objects.order_by("pk").values())
    for query in ("", "?update=true"):
        again = api.post(f"{IMPORT}{query}", body).json()
        assert (again["imported"], again["changed"], again["unchanged"]) == (0, 0, len(made))
    assert list(Monitor.objects.order_by("pk").values()) == before


def check_stored(monitor, row):
    """The monitor has what the row says; values are compared in their normal form."""
    assert (monitor.kind, monitor.name) == (row["kind"], row["name"].strip())
    assert monitor.url.rstrip("/") == row.get("url", "").rstrip("/")
    for field in ("interval_s", "timeout_s", "fail_after", "recover_after", "recheck_s", "enabled"):
        assert getattr(monitor, field) == row.get(field, getattr(monitor, field))
    assert sorted(tag.name for tag in monitor.tags.all()) == sorted(row.get("tags", []))
    assert sorted(needed.name for needed in monitor.depends_on.all()) == sorted(row.get("depends_on", []))
    whole = join(monitor.config, unseal(monitor.secrets))
    for field, value in row.get("config", {}).items():
        assert whole[field] == {"json_path": f"$.{value}"}.get(field, value) or whole[field] == value, field
    assert [secret for secret in SECRETS if secret in json.dumps(monitor.config)] == []
