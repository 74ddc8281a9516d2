"""SLA reports as a table and as a page to print."""

import csv
import io
import re
from xml.etree import ElementTree

import pytest
import time_machine
from django.test import Client

from accounts.models import Role
from analytics.models import Rollup
from analytics.reports.charts import hatch
from tests.analytics.months import utc
from tests.factories import MembershipFactory, UserFactory

pytestmark = pytest.mark.django_db
NOW = utc("2026-11-25 12:00")
OCTOBER = "/api/v1/sla-reports/2026-10/"


@pytest.fixture(autouse=True)
def _clock():
    with time_machine.travel(NOW, tick=False):
        yield


# CSV


def test_csv_has_a_row_a_monitor_and_day_and_runs_no_formula(api, frozen, shop, job):
    answer = api.get(f"{OCTOBER}?format=csv")
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    assert answer["Content-Disposition"] == 'attachment; filename="sla-2026-10-team-v1.csv"'
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert list(rows[0]) == [
        *("month", "version", "subject", "monitor", "name", "kind", "interval_s", "on", "uptime"),
        *("coverage", "downtime_s", "maintenance_s", "incidents", "p50_ms", "p95_ms", "p99_ms"),
    ]
    assert len(rows) == 1 + 2 * (1 + 31)
    assert list(rows[0].values()) == [
        *("2026-10", "1", "team", "", "Acme", "", "", "", "0.999772", "0.966974", "600", "0", "0"),
        *("", "", ""),
    ]
    assert [row["name"] for row in rows[1:3]] == [shop.name, shop.name]
    assert list(rows[6].values())[3:13] == [
        *(str(shop.pk), shop.name, "http", "60", "2026-10-05", "0.993055", "1.0", "600", "0", "0"),
    ]
    assert {row["name"] for row in rows[33:]} == {"'=1+1"}
    assert (rows[15]["on"], rows[15]["uptime"], rows[15]["coverage"]) == ("2026-10-14", "", "0.0")


def test_csv_of_one_monitor_and_of_a_month_that_runs(api, frozen, shop):
    rows = list(
        csv.DictReader(io.StringIO(api.get(f"{OCTOBER}?monitor={shop.pk}&format=csv").content.decode()))
    )
    assert (len(rows), rows[0]["on"], rows[0]["subject"]) == (32, "", "monitor")
    answer = api.get("/api/v1/sla-reports/2026-11/?format=csv")
    assert answer["Content-Disposition"] == 'attachment; filename="sla-2026-11-team-provisional.csv"'
    assert next(csv.DictReader(io.StringIO(answer.content.decode())))["version"] == "provisional"


# The page


def page_of(answer):
    assert (answer.status_code, answer["Content-Type"]) == (200, "text/html; charset=utf-8")
    return answer.content.decode()


def test_the_page_says_everything_and_runs_nothing(api, frozen):
    answer = api.get(f"{OCTOBER}?format=html")
    page = page_of(answer)
    assert "default-src 'none'" in answer["Content-Security-Policy"]
    assert "<script" not in page
    assert "Shop &lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert re.findall(r"https?://|@import|url\((?!#)| on\w+=", page) == []
    text = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))
    for words in (
        "October 2026",
        "Team Acme · days of Europe/Berlin",
        "Version 1 frozen 25 November 2026, 13:00 CET",
        "99.977 % checked every 1 min to 5 min 96.697 % covered",
        "Degraded counts as up",
        "No data is neither up nor down",
        "left out of uptime, coverage and downtime",
        f"SHA-256 of the team's whole report {frozen.digest}",
        "5 October: 99.305 % up, 100 % covered",
        "14 October: no data",
        "5 October: 10 min down",
    ):
        assert words in text, words
    assert "Provisional" not in text


def test_each_uptime_has_its_coverage_beside_it(api, frozen):
    page = page_of(api.get(f"{OCTOBER}?format=html"))
    assert len(re.findall(r"<td class=\"n\"><b>[^<]+</b><small>every [^<]+ · [^<]+</small>", page)) == 2
    assert len(re.findall(r"<td class=\"n\"><b>[^<]+</b></td><td class=\"n\">[^<]+</td>", page)) == 31


def test_the_charts_are_well_formed_and_tell_without_colour(api, frozen):
    page = page_of(api.get(f"{OCTOBER}?format=html"))
    charts = re.findall(r"<svg viewBox=\"0 -.*?</svg>", page, re.S)
    assert len(charts) == 2
    uptime = ElementTree.fromstring(charts[0])  # noqa: S314  # our own
    looks = [
        rect.get("class")
        for rect in uptime.iter("rect")
        if rect.get("class") in {"full", "good", "bad", "none"}
    ]
    assert len(looks) == 31
    assert (looks[4], looks[13], looks[0]) == ("bad", "none", "full")
    values = [text.text for text in uptime.iter("text") if text.get("class") == "value"]
    assert [value.replace("\xa0", " ") for value in values] == ["99.305 %", "no data"]
    hatched = {path.get("class") for path in uptime.iter("path")}
    assert hatched == {"bad", "none"}


@pytest.mark.parametrize("height", [0, 1.5, 10, 16.8, 120])
@pytest.mark.parametrize("falling", [False, True])
def test_a_bars_pattern_stays_within_it(height, falling):
    path = hatch(100, 50, height, step=4.5, falling=falling)
    ends = [tuple(map(float, end.split())) for end in re.split("[ML]", path) if end]
    for (x1, y1), (x2, y2) in zip(ends[::2], ends[1::2], strict=True):
        assert abs(abs(x1 - x2) - abs(y1 - y2)) <= 0.21  # diagonal, but for the rounding
        assert {100 <= x <= 116.8 and 50 <= y <= 50 + height for x, y in ((x1, y1), (x2, y2))} == {True}
    assert len(ends) == 2 * int((16.8 + height) / 4.5)


def test_the_page_names_its_other_versions(api, frozen):
    Rollup.objects.filter(start_at=utc("2026-10-20 10:00")).update(up_ms=3_600_000)
    api.post("/api/v1/sla-reports/2026-10/correct", {"reason": "Late <b>results</b>"})
    assert "Version 2 corrects version 1.</b> Late &lt;b&gt;results" in page_of(
        api.get(f"{OCTOBER}?format=html")
    )
    assert "Version 2 is the newest of this month" in page_of(api.get(f"{OCTOBER}?format=html&version=1"))


def test_a_page_of_the_month_that_runs_is_marked(api, shop):
    page = page_of(api.get("/api/v1/sla-reports/2026-11/?format=html"))
    assert '<strong class="provisional">Provisional</strong>' in page
    assert "26 November: still to come" in page
    assert "The month is not over" in page
    assert "over but not frozen yet" in page_of(api.get(f"{OCTOBER}?format=html"))


def test_a_page_without_monitors_is_one_too(api):
    assert "No monitors in this month." in page_of(api.get(f"{OCTOBER}?format=html"))


def test_a_browser_with_a_session_gets_the_page(team, frozen):
    user = UserFactory()
    MembershipFactory(team=team, user=user, role=Role.VIEWER)
    browser = Client(headers={"Accept": "text/html"})
    assert browser.get(f"{OCTOBER}?format=html").status_code == 401
    browser.force_login(user)
    assert "October 2026" in page_of(browser.get(f"{OCTOBER}?format=html&team={team.pk}"))
    assert browser.get("/api/v1/sla-reports/").status_code == 200
