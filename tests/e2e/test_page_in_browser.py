"""Status pages as people see them: looked at in a browser, light and dark, wide and on a phone.

With ``SCREENSHOTS=1`` the pictures under docs/images are taken anew.
"""

import os
import random
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone

from analytics.models import LatencyRollup, Progress, Rollup
from analytics.uptime import SUMS
from analytics.windows import floor_hour
from incidents.models import MaintenanceWindow
from incidents.services import open_manual
from monitors.models import RegionState
from statuspages.models import StatusPage
from statuspages.posts import write_post
from statuspages.rendering import render_page
from tests.analytics.factories import DAY, HOUR, MINUTE, make_old, store_at
from tests.e2e.browser import needs_browser, open_browser
from tests.e2e.test_status_page import serve_directory
from tests.factories import TeamFactory, make_member
from tests.statuspages.factories import make_page

pytestmark = [pytest.mark.django_db, needs_browser]
IMAGES = Path(__file__).resolve().parents[2] / "docs" / "images"
WIDE, PHONE = (900, 1180), (390, 844)
SHOP = ("Website", "Checkout", "Search", "Customer accounts")
PLATFORM = ("Public API", "Webhooks", "Sign-in")
BAD_DAYS = {
    "Checkout": {61: 7, 12: 96},
    "Search": {34: 21},
    "Public API": {71: 4, 70: 52, 12: 40},
    "Webhooks": {5: 9},
}
"""Minutes of downtime, by days ago."""

READ_CONTRASTS = """
const parse = text => (text.match(/[\\d.]+/g) || []).map(Number);
const linear = value => value <= .04045 ? value / 12.92 : ((value + .055) / 1.055) ** 2.4;
const weigh = c => .2126 * linear(c[0] / 255) + .7152 * linear(c[1] / 255) + .0722 * linear(c[2] / 255);
const behind = element => {
  for (let e = element; e; e = e.parentElement) {
    const c = parse(getComputedStyle(e).backgroundColor);
    if (c.length === 3 || c[3] > 0) return c;
  }
  return [255, 255, 255];
};
const found = [];
const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
while (walker.nextNode()) {
  const text = walker.currentNode.textContent.trim(), e = walker.currentNode.parentElement;
  if (!text || ["SCRIPT", "STYLE", "TITLE"].includes(e.localName.toUpperCase())) continue;
  if (!e.checkVisibility({ visibilityProperty: true })) continue;
  const a = weigh(parse(getComputedStyle(e).color)), b = weigh(behind(e));
  found.push([text.slice(0, 40), (Math.max(a, b) + .05) / (Math.min(a, b) + .05)]);
}
return found;
"""
READ_OUTLINE = """
return {
  landmarks: ["header", "main", "footer", "nav"].map(name => document.querySelectorAll(name).length),
  headings: [...document.querySelectorAll("h1,h2,h3,h4")].map(e => Number(e.tagName[1])),
  wide: document.documentElement.scrollWidth, inner: innerWidth,
  stale: getComputedStyle(document.getElementById("stale")).visibility,
  made: document.getElementById("made").textContent,
  loaded: performance.getEntriesByType("resource").map(entry => new URL(entry.name).host),
  here: location.host, headline: document.querySelector(".hero h2").textContent,
};
"""


@pytest.fixture(scope="module")
def browser():
    with open_browser() as running:
        yield running


def make_history(monitor, name, *, now, chance):
    """Rollups of 90 days, and how long the checks of the last 24 hours took."""
    midnight, hour = now.replace(hour=0, minute=0, second=0, microsecond=0), floor_hour(now)
    watched_for = 84 if name == "Webhooks" else 90
    down_min = BAD_DAYS.get(name, {})
    periods = [(24, midnight - DAY * ago, down_min.get(ago, 0)) for ago in range(1, watched_for)]
    periods += [(1, midnight + HOUR * number, 0) for number in range((hour - midnight) // HOUR)]
    for period_h, start_at, minutes in periods:
        down_ms = 60_000 * minutes
        sums = dict.fromkeys(SUMS, 0) | {"up_ms": 3_600_000 * period_h - down_ms, "down_ms": down_ms}
        yield Rollup(monitor=monitor, start_at=start_at, period_h=period_h, holds_s=60, **sums)
    usual_ms = chance.randint(60, 320)
    for ago in range(1, 25):
        sum_ms = 60 * round(usual_ms * chance.uniform(0.85, 1.25))
        found = {"count": 60, "sum_ms": sum_ms, "min_ms": usual_ms, "max_ms": usual_ms, "histogram": ""}
        yield LatencyRollup(monitor=monitor, start_at=hour - HOUR * ago, period_h=1, **found)


@pytest.fixture
def shop():
    """A page with 90 days behind it; the same chances give the same days."""
    now, chance, team = timezone.now(), random.Random(7), TeamFactory(name="Acme")
    components, rows = [], []
    for name in SHOP + PLATFORM:
        monitor = make_old(team, now=now, age=timedelta(days=200))
        group = "Shop" if name in SHOP else "Platform"
        components.append({"group": group, "name": name, "monitors": [monitor]})
        believed = {"state": "up", "counted_from": now - DAY}
        RegionState.objects.update_or_create(monitor=monitor, region="local", defaults=believed)
        rows += make_history(monitor, name, now=now, chance=chance)
        store_at(monitor, (now - MINUTE, "U"))
    Rollup.objects.bulk_create([row for row in rows if isinstance(row, Rollup)], batch_size=300)
    LatencyRollup.objects.bulk_create([row for row in rows if isinstance(row, LatencyRollup)], batch_size=300)
    Progress.objects.create(name=Progress.UPTIME, rolled_until=floor_hour(now), lease_until=now)
    text = "How our shop and our platform are doing, checked from outside every minute."
    page = make_page(
        team, now=now, title="Acme Commerce", description=text, accent="#4c51bf", components=components
    )
    tell_past(page, now=now)
    return page


def tell_past(page, *, now):
    author, checkout = make_member(page.team), page.components.get(name="Checkout")
    for ago, title, text in (
        (12, "Orders could not be paid", "A change at our payment provider was at fault. It is undone."),
        (34, "Search returned old results", "The index is complete again."),
    ):
        at = now - DAY * ago
        incident = open_manual(page.team, title=title, author=author, now=at)
        write_post(
            page,
            author=author,
            now=at,
            incident=incident,
            text="We are looking into it.",
            components=[checkout],
        )
        write_post(page, author=author, now=at + 96 * MINUTE, incident=incident, text=text, status="resolved")


def break_it(page, *, now):
    """Checkout is down, and people say what they know."""
    author, component = make_member(page.team), page.components.get(name="Checkout")
    RegionState.objects.filter(monitor__in=component.monitors.all()).update(state="down")
    first = "Some customers cannot pay at the moment. We are looking into it."
    incident = open_manual(page.team, title="Payments fail", author=author, now=now - 34 * MINUTE)
    write_post(
        page, author=author, now=now - 34 * MINUTE, incident=incident, text=first, components=[component]
    )
    write_post(
        page, author=author, now=now - 11 * MINUTE, incident=incident, status="identified",
        text="Our **payment provider** refuses our certificate. A new one is on its way; orders are kept.",
    )  # fmt: skip


def service_it(page, *, now):
    for title, start, names in (
        ("Database upgrade", now - 20 * MINUTE, ["Customer accounts", "Sign-in"]),
        ("Move of the search cluster", now + DAY * 3, ["Search"]),
    ):
        window = MaintenanceWindow.objects.create(
            team=page.team, title=title, starts_at=start, ends_at=start + HOUR
        )
        window.monitors.set([m for c in page.components.filter(name__in=names) for m in c.monitors.all()])


CASES = {
    "up": (lambda page, *, now: None, "All systems operational"),
    "incident": (break_it, "Some systems are down"),
    "maintenance": (service_it, "Maintenance in progress"),
}


def publish(page, folder, *, now):
    for name, file in render_page(StatusPage.objects.get(pk=page.pk), now=now).items():
        (folder / name).write_bytes(file.body)


@pytest.mark.parametrize("case", CASES)
def test_a_page_can_be_read_by_everybody_on_every_screen(case, browser, shop, tmp_path):
    change, headline = CASES[case]
    change(shop, now=timezone.now())
    publish(shop, tmp_path, now=timezone.now())
    with serve_directory(tmp_path) as site:
        for size, width, height, dark in (
            ("light", *WIDE, False),
            ("dark", *WIDE, True),
            ("phone", *PHONE, False),
            ("phone-dark", *PHONE, True),
        ):
            browser.look(width=width, height=height, dark=dark)
            browser.open(f"{site}/index.html")
            contrasts = browser.run(READ_CONTRASTS)
            assert len(contrasts) > 40
            assert [(text, ratio) for text, ratio in contrasts if ratio < 4.5] == []
            seen = browser.run(READ_OUTLINE)
            assert seen["headline"] == headline
            assert all(seen["landmarks"])
            assert seen["headings"].count(1) == 1
            steps = zip(seen["headings"], seen["headings"][1:], strict=False)
            assert all(after <= before + 1 for before, after in steps)
            assert seen["wide"] <= seen["inner"]  # nothing to scroll sideways
            assert set(seen["loaded"]) <= {seen["here"]}
            assert seen["stale"] == "hidden"
            assert seen["made"] in {"now", "1 minute ago"}
            if os.environ.get("SCREENSHOTS") and size != "phone-dark":
                (IMAGES / f"status-{case}-{size}.png").write_bytes(browser.photograph())


AGE = ("age", "visibility", "told")


@pytest.mark.parametrize(AGE, [(1, "hidden", "1 minute ago"), (11, "visible", "11 minutes ago")])
def test_a_page_says_how_old_it_is_and_past_ten_minutes_that_it_may_be_wrong(
    age, visibility, told, browser, shop, tmp_path
):
    publish(shop, tmp_path, now=timezone.now() - age * MINUTE)
    with serve_directory(tmp_path) as site:
        browser.look(width=900, height=900, dark=False)
        browser.open(f"{site}/index.html")
        seen = browser.run(READ_OUTLINE)
    assert (seen["stale"], seen["made"]) == (visibility, told)


def test_without_script_the_page_says_when_it_was_made_and_warns_after_ten_minutes_open(
    browser, shop, tmp_path
):
    publish(shop, tmp_path, now=timezone.now())
    browser.command("Emulation.setScriptExecutionDisabled", value=True)
    try:
        with serve_directory(tmp_path) as site:
            browser.look(width=900, height=900, dark=False)
            browser.open(f"{site}/index.html")
            seen = browser.run(READ_OUTLINE)
            assert seen["stale"] == "hidden"
            assert ":" in seen["made"]  # a time of day
            browser.run("document.getAnimations().forEach(animation => { animation.currentTime = 600001; });")
            assert browser.run(READ_OUTLINE)["stale"] == "visible"
    finally:
        browser.command("Emulation.setScriptExecutionDisabled", value=False)


def test_the_embedded_panel_fits_into_a_small_frame(browser, shop, tmp_path):
    publish(shop, tmp_path, now=timezone.now())
    (tmp_path / "host.html").write_text('<iframe src="embed.html" width="360" height="130"></iframe>')
    with serve_directory(tmp_path) as site:
        browser.look(width=900, height=900, dark=False)
        browser.open(f"{site}/host.html")
        text = browser.run("return document.querySelector('iframe').contentDocument.body.innerText;")
    assert "All systems operational" in text
    assert "Acme Commerce" in text
