"""A team whose report cannot be frozen keeps no other team's from being frozen."""

import pytest
import time_machine

from analytics.models import SlaLine
from analytics.reports import freezing
from core.isolation import forget_failures, left_out
from tests.analytics.months import utc

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _nothing_was_left_out():
    forget_failures()


def test_a_month_that_cannot_be_frozen_is_left_out_and_the_others_are_frozen(monkeypatch):
    class Team:
        def __init__(self, pk):
            self.pk = pk

    teams = [Team(1), Team(2), Team(3)]
    monkeypatch.setattr(freezing, "read_rolled_until", lambda: object())
    monkeypatch.setattr(freezing, "_find_due", lambda now, until: [(team, "2026-10") for team in teams])
    monkeypatch.setattr(freezing, "_freeze", lambda team, month, now: True if team.pk != 2 else 1 / 0)
    assert freezing.freeze_due(now=None) == 2


@pytest.mark.parametrize("figures", [{}, [], None, "x", {"days": {}, "total": {}}, {"total": 7}])
@pytest.mark.parametrize("format", ["json", "csv", "html"])
def test_a_line_without_figures_is_left_out_and_the_others_are_told(api, frozen, shop, job, figures, format):
    """Before: 500 for the whole report."""
    if figures is None:
        SlaLine.objects.filter(monitor_id=job.pk).update(tags={"no": "list"})
    else:
        SlaLine.objects.filter(monitor_id=job.pk).update(figures=figures)
    with time_machine.travel(utc("2026-11-25 12:00"), tick=False):
        answer = api.get(f"/api/v1/sla-reports/2026-10/?format={format}")
    assert answer.status_code == 200
    assert ("Shop" in answer.content.decode(), "=1+1" in answer.content.decode()) == (True, False)
    assert left_out["tell report"] == 1


@pytest.mark.parametrize("poison", [{"days": {"up_ms": [1]}}, {"latency_ms": {"p50": "x"}}, {"mttr_s": []}])
def test_a_line_with_one_wrong_figure_is_left_out(api, frozen, shop, job, poison):
    line = SlaLine.objects.get(monitor_id=job.pk)
    line.figures = line.figures | poison
    line.save()
    with time_machine.travel(utc("2026-11-25 12:00"), tick=False):
        answer = api.get("/api/v1/sla-reports/2026-10/")
    assert [told["monitor"] for told in answer.json()["monitors"]] == [shop.pk]
