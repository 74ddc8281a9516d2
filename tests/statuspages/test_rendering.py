"""What a page shows, in each of its forms, and what that costs."""

import json
import re
from datetime import timedelta
from html.parser import HTMLParser

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from analytics.models import Progress, Rollup
from analytics.uptime import SUMS
from incidents.models import MaintenanceWindow
from incidents.services import open_manual
from monitors.models import RegionState
from monitors.transitions import State
from statuspages.posts import write_post
from statuspages.rendering import render_page
from statuspages.rendering.reading import read_snapshot
from statuspages.stylesheets import SCOPE
from tests.analytics.factories import DAY, HOUR, MINUTE, store_at
from tests.factories import TeamFactory, make_member
from tests.statuspages.factories import NOW, make_old, make_page

pytestmark = pytest.mark.django_db
ATOM = "{http://www.w3.org/2005/Atom}"


def make_rollup(monitor, start_at, *, period_h, down_ms=0):
    """A period of one monitor that was up, but for ``down_ms``."""
    sums = dict.fromkeys(SUMS, 0) | {"up_ms": period_h * 3_600_000 - down_ms, "down_ms": down_ms}
    return Rollup(monitor=monitor, start_at=start_at, period_h=period_h, holds_s=60, **sums)


def roll_day(monitor, *, ago, down_s=0):
    """A day of UTC that was rolled up: its first hour has all its downtime."""
    midnight = NOW.replace(hour=0, minute=0) - DAY * ago
    rows = [make_rollup(monitor, midnight, period_h=24, down_ms=down_s * 1000)]
    for hour in range(24):
        down_ms = 0 if hour else down_s * 1000
        rows.append(make_rollup(monitor, midnight + HOUR * hour, period_h=1, down_ms=down_ms))
    Rollup.objects.bulk_create(rows)


def roll_until(at):
    Progress.objects.create(name=Progress.UPTIME, rolled_until=at, lease_until=at)


def believe(monitor, state):
    given = {"state": state, "counted_from": NOW - DAY}
    RegionState.objects.update_or_create(monitor=monitor, region="local", defaults=given)


def html_of(page, now=NOW):
    return render_page(page, now=now)["index.html"].body.decode()


def json_of(page, now=NOW):
    return json.loads(render_page(page, now=now)["status.json"].body)


def count_queries(page):
    with CaptureQueriesContext(connection) as queries:
        read_snapshot(page, now=NOW)
    return len(queries)


def test_a_page_costs_the_same_queries_with_3_and_with_30_components():
    counts = []
    for number in (3, 30):
        team = TeamFactory()
        monitors = [make_old(team) for _ in range(number)]
        author = make_member(team)
        for monitor in monitors:
            believe(monitor, State.UP)
            roll_day(monitor, ago=1)
            store_at(monitor, (NOW - MINUTE, "U", 30))
        window = MaintenanceWindow.objects.create(
            team=team, title="Upgrade", starts_at=NOW + HOUR, ends_at=NOW + 2 * HOUR
        )
        window.monitors.set(monitors)
        page = make_page(team, *monitors)
        for component in page.components.all():
            incident = open_manual(team, title="Trouble", author=author, now=NOW)
            write_post(page, author=author, now=NOW, incident=incident, text="x", components=[component])
        if not Progress.objects.exists():
            roll_until(NOW - HOUR)
        counts.append(count_queries(page))
    assert counts[0] == counts[1]
    assert counts[0] <= 15


def test_a_page_of_20_components_with_90_bad_days_stays_under_60_kilobytes():
    team = TeamFactory()
    monitors = [make_old(team, age=timedelta(days=120)) for _ in range(20)]
    author = make_member(team)
    rows, midnight = [], NOW.replace(hour=0, minute=0)
    for number, monitor in enumerate(monitors):
        believe(monitor, State.UP)
        for ago in range(1, 90):  # nearly every day differs from the one before
            down_ms = 60_000 * ((ago * 7 + number) % 40)
            rows.append(make_rollup(monitor, midnight - DAY * ago, period_h=24, down_ms=down_ms))
    Rollup.objects.bulk_create(rows, batch_size=400)
    roll_until(NOW.replace(hour=0, minute=0))
    store = [(monitor, NOW - HOUR * n) for monitor in monitors for n in range(1, 12)]
    for monitor, at in store:
        store_at(monitor, (at, "U", 100 + at.hour))
    named = [
        {
            "group": f"Group {n // 5}",
            "name": f"Component number {n}",
            "description": "What it is.",
            "monitors": [m],
        }
        for n, m in enumerate(monitors)
    ]
    page = make_page(team, components=named)
    for number in range(6):
        write_post(
            page, author=author, now=NOW - DAY * number, title=f"Trouble {number}", text="We look. " * 20
        )

    html = html_of(page)

    assert html.count('class="bars"') == 20
    assert len(html.encode()) < 60_000


def test_the_days_of_a_page_are_those_of_its_zone_and_todays_come_from_raw_results():
    monitor = make_old()
    roll_day(monitor, ago=2, down_s=600)
    roll_day(monitor, ago=1)
    roll_until(NOW.replace(hour=0, minute=0))
    store_at(monitor, (NOW - MINUTE * 2, "U"), (NOW - MINUTE, "D"))
    for zone, first_bad in (("UTC", 2), ("Asia/Tokyo", 2), ("America/New_York", 3)):
        page = make_page(None, monitor, timezone=zone)
        (line,) = read_snapshot(page, now=NOW).components
        assert len(line.days) == 90
        bad = [day for day in line.days if day.down_s >= 600]
        assert [(line.days[-1].on - day.on).days for day in bad] == [first_bad], zone
        assert line.days[-1].down_s == 60  # the last result holds until now
        assert line.days[0].uptime is None


def test_several_monitors_of_a_component_count_together():
    team = TeamFactory()
    good, bad = make_old(team), make_old(team)
    believe(good, State.UP)
    believe(bad, State.DOWN)
    store_at(good, (NOW - MINUTE, "U", 20))
    store_at(bad, (NOW - MINUTE, "D"))
    page = make_page(team, components=[{"name": "Both", "monitors": [good, bad]}])
    (line,) = read_snapshot(page, now=NOW).components
    assert (line.state, line.uptime[7], line.response_ms) == ("partial", 0.5, 20)


def test_response_times_are_the_means_of_the_hours_and_can_be_left_out():
    monitor = make_old()
    store_at(
        monitor, (NOW - HOUR * 2, "U", 100), (NOW - HOUR * 2 + MINUTE, "U", 300), (NOW - MINUTE, "U", 50)
    )
    page = make_page(None, monitor)
    (line,) = read_snapshot(page, now=NOW).components
    assert [ms for ms in line.hourly_ms if ms is not None] == [200, 50]
    assert line.response_ms == 150
    assert 'class="pace"' in html_of(page)
    page.show_response_times = False
    page.save()
    assert 'class="pace"' not in html_of(page)
    assert json_of(page)["components"][0]["response_ms"] is None


class Outline(HTMLParser):
    """The landmarks and headings of a page, its labels, and what it loads."""

    def __init__(self, html):
        super().__init__()
        self.landmarks, self.headings, self.loaded, self.unnamed, self.ids = [], [], [], [], []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        self.ids += [given["id"]] if "id" in given else []
        if tag in {"header", "main", "footer", "nav"}:
            self.landmarks.append(tag)
        if re.fullmatch("h[1-6]", tag):
            self.headings.append(int(tag[1]))
        if tag == "svg" and given.get("role") == "img" and not given.get("aria-label"):
            self.unnamed.append(tag)
        if tag == "svg" and given.get("role") != "img" and given.get("aria-hidden") != "true":
            self.unnamed.append(tag)
        for name in ("src", "action", "href"):
            if given.get(name):
                self.loaded.append((tag, given[name]))


def test_the_page_has_landmarks_headings_in_order_and_texts_for_pictures():
    monitor = make_old()
    believe(monitor, State.UP)
    store_at(monitor, (NOW - HOUR * 2, "U", 100), (NOW - MINUTE, "U", 50))
    page = make_page(None, monitor)
    author = make_member(page.team)
    write_post(page, author=author, now=NOW - HOUR, title="Slow", text="We look.")
    write_post(page, author=author, now=NOW - HOUR, title="Over", text="Done.", status="identified")
    outline = Outline(html_of(page))
    assert outline.landmarks.count("main") == 1
    assert {"header", "main", "footer", "nav"} <= set(outline.landmarks)
    assert outline.headings.count(1) == 1
    assert all(
        after <= before + 1 for before, after in zip(outline.headings, outline.headings[1:], strict=False)
    )
    assert outline.unnamed == []
    assert len(outline.ids) == len(set(outline.ids))
    assert '<html lang="en">' in html_of(page)


def test_the_page_loads_nothing_from_anywhere_and_its_policy_lets_in_its_own_texts_alone():
    page = make_page(custom_css="h2{color:red}")
    file = render_page(page, now=NOW)["index.html"]
    html = file.body.decode()
    assert f'content="{file.policy}"'.replace("'", "&#x27;") in html
    assert "default-src 'none'" in file.policy
    assert "unsafe" not in file.policy
    for tag, target in Outline(html).loaded:
        if tag in {"img", "script", "link"}:
            assert not target.startswith(("http:", "//")) or "canonical" in html, target
    assert len(re.findall(r"<style>(.*?)</style>", html, re.S)) == 1
    assert " style=" not in html


def test_the_hashes_of_the_policy_are_those_of_the_texts():
    import base64
    import hashlib

    file = render_page(make_page(), now=NOW)["index.html"]
    html = file.body.decode()
    for tag in ("style", "script"):
        (text,) = re.findall(rf"<{tag}>(.*?)</{tag}>", html, re.S)
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in file.policy


def test_the_warning_of_stale_data_lies_outside_of_what_a_page_may_style():
    html = html_of(make_page())
    assert html.index('id="stale"') < html.index(f'class="{SCOPE[1:]}"')
    assert "animation:reveal 0s 600s forwards" in html


@pytest.mark.parametrize(
    ("language", "headline", "uptime"),
    [
        ("en", "All systems operational", "99.86%"),
        ("de", "Alle Systeme in Betrieb", "99,86\u00a0%"),
        ("es", "Todos los sistemas operativos", "99,86\u00a0%"),
        ("fr", "Tous les systèmes sont opérationnels", "99,86\u00a0%"),
        ("zh-hans", "所有系统运行正常", "99.86%"),
    ],
)
def test_a_page_speaks_its_language_in_words_and_numbers(language, headline, uptime):
    monitor = make_old()
    believe(monitor, State.UP)
    roll_day(monitor, ago=1, down_s=120)
    roll_until(NOW.replace(hour=0, minute=0))
    html = html_of(make_page(None, monitor, language=language))
    assert headline in html
    assert f"<b>{uptime}</b>" in html
    assert f'<html lang="{language}">' in html


NO_DATA_WORDS = {
    "en": ("No data", "Some systems have no data"),
    "de": ("Keine Daten", "Von einigen Systemen fehlen Daten"),
    "es": ("Sin datos", "Algunos sistemas no tienen datos"),
    "fr": ("Aucune donnée", "Certains systèmes n’ont pas de données"),
    "zh-hans": ("无数据", "部分系统无数据"),
}


@pytest.mark.parametrize("language", NO_DATA_WORDS)
def test_a_system_without_data_is_told_so_in_every_form_and_language(language):
    word, headline = NO_DATA_WORDS[language]
    well = make_old()
    lost = make_old(well.team)
    believe(well, State.UP)
    believe(lost, State.UP)
    RegionState.objects.filter(monitor=lost).update(no_data_since=NOW - HOUR)
    for monitors, name in (((well, lost), "some"), ((lost,), "all")):
        page = make_page(well.team, *monitors, language=language, slug=name)
        files = render_page(page, now=NOW)
        html, told = files["index.html"].body.decode(), json.loads(files["status.json"].body)
        assert f"<h2>{headline}</h2>" in html
        assert f'<use href="#i-no_data"/></svg>{word}</span>' in html
        assert told["status"] == {"state": "no_data", "text": headline}
        assert told["components"][-1]["state"] == "no_data"
        assert word in files["badge.svg"].body.decode()
        assert headline in files["embed.html"].body.decode()


def test_what_was_down_when_its_data_stopped_is_still_out_on_the_page():
    monitor = make_old()
    believe(monitor, State.DOWN)
    RegionState.objects.update(no_data_since=NOW - HOUR)
    assert read_snapshot(make_page(None, monitor), now=NOW).state == "outage"


def test_days_with_trouble_are_told_in_words():
    monitor = make_old()
    roll_day(monitor, ago=2, down_s=720)
    roll_until(NOW.replace(hour=0, minute=0))
    html = html_of(make_page(None, monitor))
    told = f"{NOW - DAY * 2:%b} {(NOW - DAY * 2).day}: 99.16%, 12 min down"
    assert f"<title>{told}</title>" in html
    assert f"Uptime over 90 days: 99.16%. One day with trouble: {told}" in html


def test_running_and_coming_maintenance_is_shown_with_its_repeats():
    monitor = make_old()
    believe(monitor, State.DOWN)
    window = MaintenanceWindow.objects.create(
        team=monitor.team, title="Weekly work", rrule="FREQ=WEEKLY", timezone="Europe/Berlin",
        starts_at=NOW - DAY * 7 - MINUTE, ends_at=NOW - DAY * 7 + HOUR,
    )  # fmt: skip
    window.monitors.add(monitor)
    page = make_page(None, monitor)
    data = json_of(page)
    assert data["status"]["state"] == "maintenance"
    (work,) = data["maintenance"]
    assert (work["title"], work["running"], work["components"]) == ("Weekly work", True, ["A"])
    assert "In progress" in html_of(page)
    later = json_of(page, now=NOW + DAY)
    assert later["status"]["state"] == "outage"
    assert later["maintenance"][0]["running"] is False


def test_open_incidents_stand_above_and_past_ones_by_month_with_their_posts():
    page = make_page()
    author = make_member(page.team)
    old, _ = write_post(page, author=author, now=NOW - DAY * 40, title="Lost mails", text="We look.")
    write_post(
        page, author=author, now=NOW - DAY * 40 + HOUR, incident=old.incident, text="Sent.", status="resolved"
    )
    write_post(page, author=author, now=NOW - HOUR, title="Slow shop", text="We **look**.", severity="minor")
    write_post(
        page, author=author, now=NOW, title="Secret", text="the database is on fire", visibility="internal"
    )
    html = html_of(page)
    assert html.index("Slow shop") < html.index("Past incidents") < html.index("Lost mails")
    assert "<strong>look</strong>" in html
    assert f"{NOW - DAY * 40:%B %Y}" in html
    assert "Secret" not in html
    assert "on fire" not in html
    data = json_of(page)
    assert [story["title"] for story in data["incidents"]] == ["Slow shop", "Lost mails"]
    assert [post["status"] for post in data["incidents"][1]["posts"]] == ["resolved", "investigating"]
    assert data["status"]["state"] == "degraded"


def test_what_is_older_than_the_pages_history_is_left_out_unless_it_is_open():
    page = make_page(history_days=30)
    author = make_member(page.team)
    old, _ = write_post(page, author=author, now=NOW - DAY * 40, title="Long ago", text="We look.")
    write_post(page, author=author, now=NOW - DAY * 39, title="Still open", text="We look.")
    write_post(
        page, author=author, now=NOW - DAY * 39, incident=old.incident, text="Done.", status="resolved"
    )
    assert [story["title"] for story in json_of(page)["incidents"]] == ["Still open"]


def test_many_open_incidents_are_cut_and_counted():
    page = make_page()
    author = make_member(page.team)
    for number in range(13):
        write_post(page, author=author, now=NOW, title=f"Trouble {number}", text="x")
    assert "3 more incidents are open." in html_of(page)
    assert len(json_of(page)["incidents"]) == 13


def test_past_incidents_that_the_page_leaves_out_are_in_the_json_that_it_names():
    page = make_page()
    author = make_member(page.team)
    for number in range(17):
        at = NOW - DAY * (number + 1)
        post, _ = write_post(page, author=author, now=at, title=f"Trouble {number}", text="x")
        write_post(page, author=author, now=at, incident=post.incident, text="Done.", status="resolved")
    assert '2 more are in the <a href="status.json">JSON</a>.' in html_of(page)
    assert len(json_of(page)["incidents"]) == 17


def test_an_unlisted_page_asks_search_engines_to_stay_away():
    assert "noindex" not in html_of(make_page())
    assert '<meta name="robots" content="noindex,nofollow">' in html_of(make_page(visibility="unlisted"))


def test_a_page_without_components_says_so():
    html = html_of(make_page())
    assert "Nothing is shown here yet." in html
    assert "No data yet" in html
