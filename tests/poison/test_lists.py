"""A stored row that cannot be read or shown is left out of its team's lists and files; the others stay."""

import csv
import io
from datetime import timedelta

import pytest
from django.db import DatabaseError, connection, transaction
from django.utils import timezone
from rest_framework.test import APIClient

from accounts.models import Role
from core import isolation
from monitors.models import Monitor
from tests.alerts.factories import drop_defaults, make_channel, make_rule
from tests.factories import MembershipFactory, TeamFactory, make_monitor

pytestmark = pytest.mark.django_db
RULES, MONITORS = "/api/v1/alert-rules/", "/api/v1/monitors/"


@pytest.fixture
def team():
    return TeamFactory()


@pytest.fixture
def api(team):
    isolation.forget_failures()
    client = APIClient(raise_request_exception=False)
    client.force_authenticate(MembershipFactory(team=team, role=Role.OWNER).user)
    yield client
    isolation.forget_failures()


def poison(table, pk, **columns):
    """What the database itself refuses to store can poison nobody."""
    places = ", ".join(f"{name} = %s" for name in columns)
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"UPDATE {table} SET {places} WHERE id = %s", [*columns.values(), pk])
    except DatabaseError as error:
        pytest.skip(f"{connection.display_name} does not store this: {error}")


@pytest.fixture(params=["x'fffe'", "CAST(x'fffe' AS TEXT)"], ids=["bytes", "text that is no UTF-8"])
def poison_name(request):
    if connection.vendor != "sqlite":
        pytest.skip("only SQLite stores bytes in a column of text")

    def do(monitor):
        with connection.cursor() as cursor:
            cursor.execute(f"UPDATE monitors_monitor SET name = {request.param} WHERE id = %s", [monitor.pk])

    return do


@pytest.mark.parametrize(
    "columns", [{"quiet_from": "99:99", "quiet_until": "08:00"}, {"events": "5"}, {"quiet_days": "7"}]
)
def test_a_rule_that_cannot_be_shown_leaves_the_others_on_the_list(api, team, columns):
    drop_defaults(team)
    channel = make_channel(team)
    first, bad, last = [make_rule(channel, name=name) for name in ("First", "Bad", "Last")]
    poison("alerts_rule", bad.pk, **columns)
    answer = api.get(RULES)
    assert (answer.status_code, [row["id"] for row in answer.json()["results"]]) == (200, [first.pk, last.pk])
    assert sum(isolation.left_out.values()) == 1
    seen, page = [], f"{RULES}?page_size=1"
    while page:  # no page stands still at it, nor shows a row twice
        answer = api.get(page).json()
        seen += [row["id"] for row in answer["results"]]
        page = answer["next"]
    assert seen == [first.pk, last.pk]


def test_a_monitor_whose_name_is_no_text_leaves_the_others_on_the_list_and_in_the_file(
    api, team, poison_name
):
    first, bad, last = [make_monitor(team, name=name) for name in ("First", "Bad", "Last")]
    poison_name(bad)
    listed = api.get(MONITORS)
    assert listed.status_code == 200
    assert {row["id"] for row in listed.json()["results"]} == {first.pk, last.pk}
    exported = api.get(f"{MONITORS}export")
    assert (exported.status_code, [row["name"] for row in exported.json()["monitors"]]) == (
        200,
        ["First", "Last"],
    )
    table = csv.DictReader(io.StringIO(api.get(f"{MONITORS}export?as=csv").content.decode("utf-8-sig")))
    assert [row["name"] for row in table] == ["First", "Last"]


@pytest.mark.parametrize("wanted", ["json", "csv", "html"])
def test_a_monitor_whose_name_is_no_text_leaves_the_others_in_the_report(api, team, wanted, poison_name):
    _, bad, _ = [make_monitor(team, name=name) for name in ("First", "Bad", "Last")]
    Monitor.objects.update(created_at=timezone.now() - timedelta(hours=1))
    poison_name(bad)
    answer = api.get(f"/api/v1/sla-reports/{timezone.now():%Y-%m}/?team={team.pk}&format={wanted}")
    assert answer.status_code == 200
    assert b"First" in answer.content
    assert b"Last" in answer.content


def test_the_first_rows_that_can_be_read_are_found(team, poison_name):
    monitors = [make_monitor(team, name=f"M{n}") for n in range(6)]
    for bad in monitors[:3]:
        poison_name(bad)
    rows = Monitor.objects.filter(team=team).order_by("pk")
    assert isolation.read_rows("test", rows, 2) == monitors[3:5]
    assert isolation.read_rows("test", rows) == monitors[3:]


def test_a_channel_that_cannot_be_shown_leaves_the_others_and_is_told_of_in_a_sentence(api, team):
    drop_defaults(team)
    first, bad, last = [make_channel(team, "email", name=name, to=["a@example.com"]) for name in "abc"]
    poison("alerts_channel", bad.pk, config='{"to": 5}')
    listed = api.get("/api/v1/channels/")
    assert (listed.status_code, [row["id"] for row in listed.json()["results"]]) == (200, [first.pk, last.pk])
    answer = api.get(f"/api/v1/channels/{bad.pk}/")
    assert (answer.status_code, answer.json()) == (
        500,
        {"detail": "What is stored of this cannot be shown. The fault is ours, and was logged."},
    )
    assert isolation.left_out == {"show in a list": 1, "show": 1}


def test_a_monitor_whose_regions_are_none_leaves_the_others_in_the_file(api, team):
    _, bad, odd = [make_monitor(team, name=name) for name in ("First", "Bad", "Odd")]
    poison("monitors_monitor", bad.pk, regions="[[1]]")
    poison("monitors_monitor", odd.pk, regions='["\\ud800"]')
    answer = api.get(f"{MONITORS}export?as=csv")
    table = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert [(row["name"], row["regions"]) for row in table] == [("First", ""), ("Odd", "\\ud800")]


def test_a_team_whose_time_zone_is_no_more_sees_its_statistics_in_utc(api, team):
    monitor = make_monitor(team)
    poison("accounts_team", team.pk, timezone="Mars/Olympus")
    assert api.get(f"{MONITORS}{monitor.pk}/stats").status_code == 200
    assert api.get(f"{MONITORS}{monitor.pk}/stats?timezone=Mars/Olympus").status_code == 400
