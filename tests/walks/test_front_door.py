"""What a newcomer meets first: the files at the top, `make help`, the version, a quiet set-up."""

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import django
import pytest
import yaml
from django.test import Client

from sentrypulse import __version__
from tests.e2e.harness import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
RECIPES = (ROOT / "Makefile").read_text()
PAPERS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])


def run(*command, cwd=ROOT, **environment):
    # Without what another make above us says to its children.
    environment = {name: text for name, text in os.environ.items() if "MAKE" not in name} | environment
    return subprocess.run(command, cwd=cwd, env=environment, check=False, capture_output=True, text=True)


def test_the_licence_is_the_one_that_the_project_names():
    licence = (ROOT / "LICENSE").read_text()
    assert PROJECT["project"]["license"] == "Apache-2.0"
    assert licence.split()[:4] == ["Apache", "License", "Version", "2.0,"]
    assert "END OF TERMS AND CONDITIONS" in licence
    assert re.search(r"^ +Copyright 2026 SentryPulse authors$", licence, re.MULTILINE)


def test_the_changelog_has_the_version_that_runs():
    headings = re.findall(r"^## (.+)$", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert headings[0].startswith("[Unreleased]")
    assert any(__version__ in heading for heading in headings)
    assert PROJECT["project"]["dynamic"] == ["version"]


@pytest.mark.parametrize("paper", PAPERS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_what_a_paper_links_to_is_there(paper):
    links = re.findall(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)", paper.read_text())
    assert [link for link in links if not (paper.parent / link).exists()] == []


def test_the_recipes_name_files_that_are_there():
    named = re.findall(r"`([\w./-]+/[\w.-]*)`", (ROOT / "CONTRIBUTING.md").read_text())
    made_by_recipes = [path for path in named if re.search(r"parrot|ftp", path)]
    assert len(named) > 30
    assert [path for path in named if path not in made_by_recipes and not (ROOT / path).exists()] == []
    assert [path for path in made_by_recipes if not (ROOT / path).parent.is_dir()] == []


def test_a_commit_is_held_to_what_make_check_runs():
    hooks = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"]
    assert [repository["repo"] for repository in hooks] == ["local"]
    recipe = re.search(r"^check:.*\n((?:\t.+\n)+)", RECIPES, re.MULTILINE)
    assert recipe is not None
    checks = recipe[1].replace("$(BIN)", ".venv/bin").replace("@", "").strip().split("\n\t")
    assert [hook["entry"] for hook in hooks[0]["hooks"]] == checks


def test_editors_keep_the_lines_that_ruff_keeps():
    settings = (ROOT / ".editorconfig").read_text()
    assert f"max_line_length = {PROJECT['tool']['ruff']['line-length']}\n" in settings


@pytest.mark.parametrize("goal", ["help", ""])
def test_make_tells_of_every_task(goal):
    told = run("make", "--no-print-directory", *goal.split()).stdout.splitlines()
    phony = re.search(r"^\.PHONY: (.+)$", RECIPES, re.MULTILINE)
    assert phony is not None
    assert sorted(line.split()[1] for line in told) == sorted(phony[1].split())
    assert [line for line in told if len(line.split()) < 4] == []
    assert (
        "make test              The suite on SQLite, all that needs no real clock; no service needed" in told
    )


def test_pip_says_what_failed_and_nothing_of_what_it_passed_over(tmp_path):
    """As a mirror that is gone makes it warn: once for each package and place."""
    (tmp_path / "Makefile").write_text(RECIPES)
    (tmp_path / "requirements.txt").write_text("no-such-package-of-sentrypulse==1\n")
    (tmp_path / ".venv").mkdir()
    (tmp_path / ".venv/bin").symlink_to(Path(sys.executable).parent)
    places = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(tmp_path / "gone"), "PIP_CONFIG_FILE": os.devnull}
    told = run("make", ".venv/run.stamp", cwd=tmp_path, **places)
    loud = run(sys.executable, "-m", "pip", "install", "-r", "requirements.txt", cwd=tmp_path, **places)
    assert told.returncode != 0
    assert "ERROR: No matching distribution found for no-such-package-of-sentrypulse==1" in told.stderr
    assert "is ignored" in loud.stderr
    assert "is ignored" not in told.stdout + told.stderr
    assert not (tmp_path / ".venv/run.stamp").exists()


def test_the_command_line_tells_our_version_and_djangos_behind_it():
    told = run(sys.executable, "manage.py", "--version")
    assert (told.returncode, told.stdout) == (
        0,
        f"SentryPulse {__version__} (Django {django.get_version()})\n",
    )


@pytest.mark.django_db
def test_health_and_the_apis_document_tell_the_version():
    client = Client()
    assert client.get("/api/v1/health").json()["version"] == __version__
    document = client.get("/api/schema/", headers={"Accept": "application/json"}).json()
    assert document["info"]["version"] == __version__


@pytest.mark.parametrize("paper", PAPERS, ids=lambda path: path.name)
def test_the_commands_of_the_papers_send_json_as_the_api_takes_nothing_else(paper):
    commands = re.findall(r"^(?:\w+=\$\()?curl .*(?:\\\n.*)*", paper.read_text(), re.MULTILINE)
    sending = [one for one in commands if re.search(r" (-d|--data\S*) ", one) and " … " not in one]
    assert [
        one for one in sending if "Content-Type: application/json" not in one and " --json " not in one
    ] == []
