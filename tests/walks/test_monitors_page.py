"""docs/monitors.md: made from the forms, and every example of it can be sent as it stands."""

import json
import re

import pytest

from monitors.forms import describe_kinds
from monitors.models import Monitor
from probes.registry import KINDS
from scripts.monitors_page import write_page
from tests.e2e.harness import ROOT

PAGE = (ROOT / "docs/monitors.md").read_text()
EXAMPLES = re.findall(r"```json\n(.+?)\n```", PAGE, re.S)


def test_the_page_is_that_of_the_forms(settings):
    settings.MIN_INTERVAL_S = 10
    settings.REGIONS = ["local"]
    assert write_page(describe_kinds()) == PAGE, "run: make docs"


def test_each_kind_has_an_example():
    assert [json.loads(example)["kind"] for example in EXAMPLES] == list(KINDS)


@pytest.mark.django_db
@pytest.mark.parametrize("example", EXAMPLES)
def test_each_example_makes_a_monitor(api, team, example):
    body = json.loads(example)
    answer = api.post("/api/v1/monitors/", {"team": team.pk, **body})
    assert answer.status_code == 201, answer.json()
    stored = Monitor.objects.get()
    assert {name: stored.config[name] for name in body.get("config", {})} == body.get("config", {})
