"""Are the sentences that the app tells in German still those of the server?"""

import re

import pytest

from tests.e2e.harness import ROOT

FOLDERS = ("accounts", "alerts", "delivery", "incidents", "monitors", "probes", "simulation")
WORDS = ROOT / "frontend/src/words/de/server.ts"
_TEMPLATE = re.compile(r'^  "([^"]+)":', re.M)
_JOINT = re.compile(r" until (?=\{)|\{\*?\}|[.;] |^Expected ")
_ADDRESS = re.compile(r"a [\w-]+ address")  # made of a word of guard.py's table
_BROKEN = re.compile(r'"\s*\n\s*[fr]*"')


def read_templates(table):
    text = WORDS.read_text().partition(f"export const {table}")[2].partition("\n};")[0]
    return _TEMPLATE.findall(text)


@pytest.fixture(scope="module")
def source():
    """What the server says, with the sentences whole that its lines break."""
    files = (file for folder in FOLDERS for file in sorted((ROOT / folder).rglob("*.py")))
    return "\n".join(_BROKEN.sub("", file.read_text()) for file in files)


@pytest.mark.parametrize("table", ["FINDINGS", "EVENTS"])
def test_the_app_translates_what_the_server_says(source, table):
    templates = read_templates(table)
    assert len(templates) > 5
    pieces = {piece.strip(" .,;:”“") for template in templates for piece in _JOINT.split(template)}
    told = {piece for piece in pieces if len(piece) > 12 and not _ADDRESS.fullmatch(piece)}
    assert sorted(piece for piece in told if piece not in source) == []
