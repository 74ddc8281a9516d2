"""Every list, in every order, followed page by page: no row twice, none left out, and an end.

The lists are found by walking the router: a new one fails here until its rows are made below.
"""

from datetime import datetime, timedelta

import pytest
from django.urls import URLResolver, get_resolver
from rest_framework.test import APIClient

from accounts.models import ApiKey, Invitation, Membership, Team
from alerts.models import AlertSettings, Channel, Delivery, MessageTemplate, Rule
from analytics.models import BurnAlert, SlaReport, Slo
from core.folding import make_name_key
from core.instants import InstantField
from core.pagination import CursorPaging
from incidents.models import Incident, MaintenanceWindow
from monitors.models import Monitor, Ping, Result, Tag
from monitors.tags import create_tag
from statuspages.models import Post, StatusPage, Subscriber
from statuspages.subscriptions import ask_to_confirm
from tests.factories import (
    NOW,
    ApiKeyFactory,
    InvitationFactory,
    MembershipFactory,
    TeamFactory,
    UserFactory,
    make_monitor,
)
from tests.statuspages.factories import make_page
from tests.walks.test_strangers import spell

pytestmark = pytest.mark.django_db
ROWS = 4
NAMES = ["ä", "A", "a", "a"]  # equal and not, by database
MICROSECONDS = [123_000, 0, 123_000, 123_001]
MILLISECONDS = [5, 0, 5, 6]


class World:
    def __init__(self):
        self.owner = UserFactory.create()
        self.team = self.owner.personal_team
        self.monitor = make_monitor(self.team, name="Shop")
        self.job = make_monitor(self.team, kind="heartbeat", name="Job", config={"period_s": 3600})
        self.page = make_page(self.team, self.monitor, slug="paged")
        self.slo = Slo.objects.create(team=self.team, name="Slo", monitor=self.monitor, target_ratio="0.99")
        AlertSettings.objects.get_or_create(team=self.team)  # else its defaults are made by the first request
        self.made = 0

    def incident(self, **fields):
        return Incident.objects.create(team=self.team, title="Trouble", started_at=NOW, **fields)


def make_subscriber(world, number):
    return ask_to_confirm(world.page, kind="email", address=f"s{number}@example.com", now=NOW)


def make_team(world, number):
    team = TeamFactory.create(owner=world.owner, name=NAMES[number])
    AlertSettings.objects.create(team=team)
    return team


def make_report(world, number):
    month, version = f"2026-0{number % 3 + 1}-01", number // 3 + 1  # three months, one of them corrected
    first = SlaReport.objects.filter(month=month).first()
    return SlaReport.objects.create(
        team=world.team, month=month, version=version, supersedes=first, frozen_at=NOW, digest="0" * 64
    )


MAKERS = {
    "teams/": (Team, make_team),
    "teams/{team}/members/": (Membership, lambda w, n: MembershipFactory.create(team=w.team)),
    "teams/{team}/invitations/": (Invitation, lambda w, n: InvitationFactory.create(team=w.team)),
    "api-keys/": (ApiKey, lambda w, n: ApiKeyFactory.create(team=w.team, user=w.owner, name=NAMES[n])),
    "monitors/": (Monitor, lambda w, n: make_monitor(w.team, name=NAMES[n])),
    "monitors/{monitor}/pings": (
        Ping,
        lambda w, n: Ping.objects.create(monitor=w.job, received_at=NOW, kind="success", method="GET"),
    ),
    "monitors/{monitor}/results": (
        Result,
        lambda w, n: Result.objects.create(
            monitor=w.job,
            scheduled_at=NOW + timedelta(milliseconds=n // 3),
            region=str(n % 3),
            checked_at=NOW,
            status="up",
        ),
    ),
    "tags/": (Tag, lambda w, n: create_tag(w.team, name=f"{NAMES[n]}{n}")),
    "incidents/": (Incident, lambda w, n: w.incident(severity=["minor", "major", "minor"][n % 3])),
    "maintenance/": (
        MaintenanceWindow,
        lambda w, n: MaintenanceWindow.objects.create(
            team=w.team, title="Upgrade", starts_at=NOW, ends_at=NOW + timedelta(hours=1)
        ),
    ),
    "channels/": (Channel, lambda w, n: Channel.objects.create(team=w.team, name=NAMES[n], kind="webhook")),
    "alert-rules/": (Rule, lambda w, n: Rule.objects.create(team=w.team, name=NAMES[n])),
    "deliveries/": (
        Delivery,
        lambda w, n: Delivery.objects.create(
            team=w.team, key=f"k{n}", event="down", planned_at=NOW, due_at=NOW
        ),
    ),
    "alert-templates/": (
        MessageTemplate,
        lambda w, n: MessageTemplate.objects.create(
            team=w.team, event=["down", "recovered", "degraded", "flapping"][n]
        ),
    ),
    "alert-settings/": (AlertSettings, lambda w, n: make_team(w, n).alert_settings),
    "slos/": (
        Slo,
        lambda w, n: Slo.objects.create(team=w.team, name=NAMES[n], monitor=w.monitor, target_ratio="0.99"),
    ),
    "slos/{slo}/alerts": (
        BurnAlert,
        lambda w, n: BurnAlert.objects.create(
            slo=w.slo, speed="fast", burn_rate_long=1, burn_rate_short=1, opened_at=NOW, closed_at=NOW
        ),
    ),
    "sla-reports/": (SlaReport, make_report),
    "status-pages/": (StatusPage, lambda w, n: make_page(w.team, slug=f"page-{n}", title=NAMES[n])),
    "status-pages/{page}/posts/": (
        Post,
        lambda w, n: Post.objects.create(
            page=w.page, incident=w.incident(), status="investigating", text="x", at=NOW
        ),
    ),
    "status-pages/{page}/subscribers/": (Subscriber, make_subscriber),
}


def walk(patterns, prefix=""):
    for pattern in patterns:
        route = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from walk(pattern.url_patterns, route)
        elif route.startswith("api/v1/"):
            yield spell(route).removeprefix("api/v1/"), pattern.callback


def paged_views():
    """Route and view of whatever answers page by page, by what the view class says."""
    for route, callback in walk(get_resolver().url_patterns):
        action = getattr(callback, "actions", {}).get("get")
        view = callback.cls(**callback.initkwargs) if action else None
        if view and action not in NOT_PAGED and issubclass(view.pagination_class or object, CursorPaging):
            yield route, view


NOT_PAGED = {"retrieve", "stats", "preview", "post_templates"}
"""Actions of paged views that answer one thing."""
VIEWS = dict(paged_views())


def orderings():
    for route, view in VIEWS.items():
        yield route, None
        for name in getattr(view, "ordering_fields", ()):
            yield from ((route, name), (route, f"-{name}"))


def test_the_rows_of_every_paged_list_are_made_here():
    assert set(VIEWS) == set(MAKERS)


COMPUTED = {"status", "uptime", "response"}
"""What a list of monitors makes of other rows to be ordered by; never null there."""


@pytest.mark.parametrize("route", VIEWS)
def test_no_list_is_ordered_by_what_may_be_null(route):
    model, view = MAKERS[route][0], VIEWS[route]
    for name in getattr(view, "ordering_fields", None) or ():
        if name != "id":
            assert name in COMPUTED or not model._meta.get_field(name).null


def spread_instants(model):
    """Instants that are equal, and a microsecond apart: what databases and clocks round alike or not."""
    rows = list(model.objects.order_by("pk"))[:ROWS]
    for field in model._meta.local_fields:
        unit, steps = (
            ("milliseconds", MILLISECONDS)
            if isinstance(field, InstantField)
            else ("microseconds", MICROSECONDS)
        )
        if field.name in {"created_at", "started_at", "starts_at", "opened_at", "frozen_at", "at"}:
            for row, step in zip(rows, steps, strict=False):
                model.objects.filter(pk=row.pk).update(**{field.name: NOW + timedelta(**{unit: step})})


def follow(client, url, direction, most=40):
    """The rows of each page from ``url`` on, and the last page's address."""
    pages = []
    while url:
        assert len(pages) < most, "it does not end"
        answer = client.get(url)
        assert answer.status_code == 200, answer.content
        pages.append(answer.json()["results"])
        last, url = url, answer.json()[direction]
    return pages, last


@pytest.mark.parametrize(("route", "ordering"), list(orderings()))
def test_following_next_and_previous_meets_every_row_once(route, ordering):
    world, (model, make) = World(), MAKERS[route]
    for number in range(ROWS):
        make(world, number)
    spread_instants(model)
    client = APIClient()
    client.force_authenticate(world.owner)
    names = {"team": world.team.pk, "page": world.page.pk, "slo": world.slo.pk, "monitor": world.job.pk}
    url = f"/api/v1/{route.format(**names)}?" + (f"ordering={ordering}&" if ordering else "")

    (whole,), _ = follow(client, f"{url}page_size=200", "next")
    assert len(whole) >= ROWS
    if ordering and ordering.endswith("_at"):
        values = [datetime.fromisoformat(row[ordering.lstrip("-")]) for row in whole]
        assert values == sorted(values, reverse=ordering.startswith("-"))

    for size in (1, 3):
        forth, last = follow(client, f"{url}page_size={size}", "next")
        assert [row for page in forth for row in page] == whole, size
        back, first = follow(client, last, "previous")
        # From the end on pages are cut from the other side: the first may be short.
        assert [row for page in reversed(back) for row in page] == whole, size
        assert {len(page) for page in forth[:-1]} <= {size}
        assert client.get(first).json()["previous"] is None
        (whole_again,), _ = follow(client, first.replace(f"page_size={size}", "page_size=200"), "previous")
        assert whole_again == back[-1]


@pytest.fixture
def reader():
    """Of a team with three monitors; the newest comes first."""
    owner = UserFactory.create()
    for name in "abc":
        make_monitor(owner.personal_team, name=name)
    client = APIClient()
    client.force_authenticate(owner)
    return client


def names_of(answer):
    return "".join(row["name"] for row in answer.json()["results"])


def test_more_equal_rows_than_a_thousand_are_all_met(reader):
    team = Team.objects.get()
    Tag.objects.bulk_create(
        Tag(team=team, name=str(number), key=make_name_key(str(number))) for number in range(1_300)
    )
    Incident.objects.bulk_create(Incident(team=team, title="x", started_at=NOW) for _ in range(1_300))
    for url in ("/api/v1/incidents/?ordering=severity", "/api/v1/tags/?ordering=name"):
        pages, _ = follow(reader, f"{url}&page_size=200", "next")
        assert len({row["id"] for page in pages for row in page}) == 1_300
        assert [len(page) for page in pages] == [200] * 6 + [100]


def test_rows_that_come_and_go_meanwhile_neither_repeat_nor_hide_others(reader):
    url = "/api/v1/monitors/?ordering=name&page_size=1"
    first = reader.get(url)
    Monitor.objects.get(name="a").delete()
    make_monitor(Team.objects.get(), name="0")
    second = reader.get(first.json()["next"])
    assert (names_of(first), names_of(second)) == ("a", "b")
    third = reader.get(second.json()["next"])
    assert (names_of(third), third.json()["next"]) == ("c", None)
    assert names_of(reader.get(second.json()["previous"])) == "0"


def test_a_page_that_emptied_meanwhile_leads_back(reader):
    first = reader.get("/api/v1/monitors/?ordering=name&page_size=2")
    Monitor.objects.get(name="c").delete()
    empty = reader.get(first.json()["next"])
    assert (names_of(empty), empty.json()["next"]) == ("", None)
    back = reader.get(empty.json()["previous"])
    assert (names_of(back), back.json()["previous"], back.json()["next"]) == ("ab", None, None)

    make_monitor(Team.objects.get(), name="d")
    later = reader.get(reader.get("/api/v1/monitors/?ordering=name&page_size=2").json()["next"])
    Monitor.objects.exclude(name="d").delete()
    empty = reader.get(later.json()["previous"])
    assert (names_of(empty), empty.json()["previous"]) == ("", None)
    assert names_of(reader.get(empty.json()["next"])) == "d"


def test_a_cursor_that_we_did_not_make_or_of_another_order_is_refused(reader):
    cursor = (
        reader.get("/api/v1/monitors/?page_size=1").json()["next"].partition("cursor=")[2].partition("&")[0]
    )
    assert reader.get(f"/api/v1/monitors/?page_size=1&cursor={cursor}").status_code == 200
    foreign = ["x", "cD0yMDI2", "%F0%9F%98%80", ":", f"{cursor}x", f"x{cursor}", "1" * 5_000]
    for url in [f"?cursor={text}" for text in foreign] + [f"?ordering=name&cursor={cursor}"]:
        answer = reader.get(f"/api/v1/monitors/{url}")
        assert answer.status_code == 400, url
        assert answer.json() == {"cursor": [CursorPaging.invalid_cursor_message]}
