"""`manage.py import`: what it prints, and when it fails."""

import io
import sys
from types import SimpleNamespace

import pytest
from django.core.management import CommandError, call_command

from monitors.models import Monitor
from tests.factories import make_team

pytestmark = pytest.mark.django_db
GATUS = """
endpoints:
  - {name: Shop, group: web, url: "https://shop.example/", interval: 5s, conditions: ["[STATUS] == 200"]}
  - {name: Voice, url: "udp://sip.example:5060", conditions: ["[CONNECTED] == true"]}
"""


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "config.yaml"
    path.write_text(GATUS)
    return path


def run(capsys, *args, **options):
    call_command("import", *map(str, args), **options)
    return capsys.readouterr().out.splitlines()


def test_it_lists_what_would_become_and_then_does_it(file, capsys):
    team = make_team("Operations")
    told = [
        "1 monitors, read as gatus.",
        "New (1):",
        "  Shop (http https://shop.example/)",
        "    The interval of 5 s became 10 s, the least there is here.",
        "Not carried over (1):",
        "  Voice (udp): SentryPulse has no kind for such an address.",
    ]
    assert run(capsys, file, team="Operations", dry_run=True) == [*told, "A dry run: nothing was changed."]
    assert not Monitor.objects.exists()
    assert run(capsys, file, team=str(team.pk)) == [*told, "1 made, 0 changed, 0 as they were."]
    assert run(capsys, file, team="Operations")[-1] == "0 made, 0 changed, 1 as they were."
    file.write_text(GATUS.replace("5s", "30s"))
    changed = run(capsys, file, team="Operations", update=True)
    assert "    interval_s: 10 becomes 30" in changed
    assert changed[-1] == "0 made, 1 changed, 0 as they were."


def test_a_row_that_is_refused_ends_it_and_nothing_is_imported(tmp_path, capsys):
    make_team("Operations")
    path = tmp_path / "table.csv"
    path.write_bytes("name;kind;url\nShop;http;https://shop.example/\nBad;http;nope\n".encode("utf-16"))
    with pytest.raises(CommandError, match="Nothing was imported: 1 rows are refused"):
        run(capsys, path, team="Operations")
    assert "    url: The URL must start with http:// or https://." in capsys.readouterr().out.splitlines()
    assert not Monitor.objects.exists()


def test_a_dash_reads_the_standard_input(capsys, monkeypatch):
    make_team("Operations")
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(GATUS.encode())))
    assert run(capsys, "-", team="Operations")[-1] == "1 made, 0 changed, 0 as they were."


def test_what_cannot_be_done_is_one_sentence(file, capsys, tmp_path):
    with pytest.raises(CommandError, match="There is no team 'Nobody'; give its name or id"):
        run(capsys, file, team="Nobody")
    twins = [make_team("Twins").pk for _ in range(2)]
    with pytest.raises(CommandError, match=f"give the id of one: {twins[0]}, {twins[1]}"):
        run(capsys, file, team="Twins")
    with pytest.raises(CommandError, match="cannot be read: No such file"):
        run(capsys, tmp_path / "none", team=str(twins[0]))
    with pytest.raises(CommandError, match="This is not an Uptime Kuma backup"):
        run(capsys, file, team=str(twins[0]), source="uptime_kuma")
