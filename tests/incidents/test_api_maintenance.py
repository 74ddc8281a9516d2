"""Maintenance windows over the wire. The clock stands at T0, a Monday."""

from datetime import timedelta
from io import StringIO

import pytest
import time_machine
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from incidents.models import MaintenanceWindow
from tests.factories import TeamFactory, make_client, make_member
from tests.incidents.factories import T0, MonitorFactory, TagFactory, WindowFactory

pytestmark = [pytest.mark.django_db]

URL = "/api/v1/maintenance/"
DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def clock():
    with time_machine.travel(T0, tick=False):
        yield


@pytest.fixture
def client(api):
    return api


@pytest.fixture
def monitor(team):
    return MonitorFactory(team=team)


@pytest.fixture
def window(team, monitor):
    return WindowFactory(team=team, monitors=[monitor], starts_at=T0 - DAY / 24, ends_at=T0 + DAY / 24)


@pytest.fixture
def asked(monitor):
    return {
        "title": "New rack",
        "starts_at": "2026-03-03T02:00:00Z",
        "ends_at": "2026-03-03T04:00:00Z",
        "monitors": [monitor.pk],
    }


def ids(response):
    return [row["id"] for row in response.json()["results"]]


def test_a_window_is_made_and_told_in_full(client, team, monitor, asked):
    tag = TagFactory(team=team, name="rack-1")
    repeated = {"rrule": "FREQ=WEEKLY;BYDAY=TU", "timezone": "Europe/Berlin", "tags": ["rack-1"]}
    response = client.post(URL, asked | repeated)
    assert response.status_code == 201
    window = MaintenanceWindow.objects.get()
    assert response.json() == {
        "id": window.pk,
        "team": team.pk,
        "title": "New rack",
        "starts_at": "2026-03-03T02:00:00Z",
        "ends_at": "2026-03-03T04:00:00Z",
        "rrule": "FREQ=WEEKLY;BYDAY=TU",
        "timezone": "Europe/Berlin",
        "monitors": [monitor.pk],
        "tags": ["rack-1"],
        "running": False,
        "next_starts_at": "2026-03-03T02:00:00Z",
        "next_ends_at": "2026-03-03T04:00:00Z",
        "problem": "",
    }
    assert (list(window.monitors.all()), list(window.tags.all())) == ([monitor], [tag])
    assert client.get(f"{URL}{window.pk}/").json() == response.json()


def test_the_zone_is_the_teams_if_left_out(client, team, asked):
    team.timezone = "Asia/Kathmandu"
    team.save()
    assert client.post(URL, asked).json()["timezone"] == "Asia/Kathmandu"


def test_a_running_window_says_so(client, window):
    said = client.get(f"{URL}{window.pk}/").json()
    assert (said["running"], said["next_starts_at"], said["next_ends_at"]) == (
        True,
        "2026-03-02T11:00:00Z",
        "2026-03-02T13:00:00Z",
    )


def test_a_window_that_is_over_has_no_next(client, team):
    window = WindowFactory(team=team, starts_at=T0 - 2 * DAY, ends_at=T0 - DAY)
    said = client.get(f"{URL}{window.pk}/").json()
    assert (said["running"], said["next_starts_at"], said["next_ends_at"]) == (False, None, None)


BACKWARDS = "The window ends before it begins; choose an ends_at after starts_at."
OVER = "This window is over already; choose an ends_at in the future."
NO_ZONE = "There is no time zone 'Berlin'; use an IANA name such as Europe/Berlin."
NO_RULE = (
    "We cannot follow this rrule: it has a part 'WEEKLY' that means nothing here. "
    "Write one such as FREQ=WEEKLY;BYDAY=SU."
)
TOO_LONG = (
    "An occurrence lasts 120 minutes, but the next one begins 60 minutes after it; "
    "choose an earlier ends_at or a rarer rrule."
)
NOTHING = "A window covers at least one monitor or tag; name one of either."
LAST_YEAR = {"starts_at": "2025-03-01T02:00:00Z", "ends_at": "2025-03-01T03:00:00Z"}


@pytest.mark.parametrize(
    ("change", "field", "said"),
    [
        ({"ends_at": "2026-03-03T02:00:00Z"}, "ends_at", BACKWARDS),
        (LAST_YEAR, "ends_at", OVER),
        ({"timezone": "Berlin"}, "timezone", NO_ZONE),
        ({"rrule": "weekly"}, "rrule", NO_RULE),
        ({"rrule": "FREQ=HOURLY"}, "ends_at", TOO_LONG),
        ({"monitors": []}, "monitors", NOTHING),
        ({"monitors": [2**62]}, "monitors", f"There is no monitor {2**62} in this team."),
        ({"tags": ["rack-9"]}, "tags", "There is no tag 'rack-9' in this team; make it first."),
        ({"repeat": "daily"}, "repeat", "There is no field 'repeat'."),
    ],
)
def test_a_wrong_window_is_refused_with_a_sentence(client, asked, change, field, said):
    response = client.post(URL, asked | change)
    assert (response.status_code, response.json()) == (400, {field: [said]})
    assert not MaintenanceWindow.objects.exists()


def test_the_monitors_and_tags_of_another_team_are_none(client, asked):
    other = TeamFactory()
    theirs = MonitorFactory(team=other)
    foreign = client.post(URL, asked | {"monitors": [*asked["monitors"], theirs.pk]})
    refusal = {"monitors": [f"There is no monitor {theirs.pk} in this team."]}
    assert (foreign.status_code, foreign.json()) == (400, refusal)
    tag = TagFactory(team=other, name="theirs")
    foreign = client.post(URL, asked | {"tags": [tag.name]})
    refusal = {"tags": ["There is no tag 'theirs' in this team; make it first."]}
    assert (foreign.status_code, foreign.json()) == (400, refusal)
    assert not MaintenanceWindow.objects.exists()


def test_even_the_monitor_of_the_users_other_team_is_none(team, asked):
    user = make_member(team)
    second = make_member(TeamFactory()).memberships.get().team
    second.memberships.create(user=user)
    response = make_client(user).post(URL, asked | {"team": second.pk})
    refusal = {"monitors": [f"There is no monitor {asked['monitors'][0]} in this team."]}
    assert (response.status_code, response.json()) == (400, refusal)


def test_a_window_is_edited_in_part_and_as_a_whole(client, window, asked):
    url = f"{URL}{window.pk}/"
    part = client.patch(url, {"ends_at": "2026-03-02T15:00:00Z"})
    assert (part.status_code, part.json()["next_ends_at"]) == (200, "2026-03-02T15:00:00Z")
    assert part.json()["monitors"] == asked["monitors"]
    read = client.get(url).json()
    assert client.put(url, read | {"title": "Moved"}).json() == read | {"title": "Moved"}


def test_the_last_thing_covered_cannot_be_taken_away(client, window, monitor):
    response = client.patch(f"{URL}{window.pk}/", {"monitors": []})
    assert response.status_code == 400
    assert list(window.monitors.all()) == [monitor]


def test_a_window_that_is_over_keeps_its_times_and_may_change_its_title(client, team, monitor):
    past = WindowFactory(team=team, monitors=[monitor], starts_at=T0 - 2 * DAY, ends_at=T0 - DAY)
    url = f"{URL}{past.pk}/"
    assert client.patch(url, {"title": "Old rack"}).status_code == 200
    moved = client.patch(url, {"starts_at": "2026-02-01T00:00:00Z"})
    assert (moved.status_code, moved.json()) == (
        400,
        {"ends_at": ["This window is over already; choose an ends_at in the future."]},
    )
    assert client.delete(url).status_code == 204


def test_a_window_does_not_move_between_teams(client, window):
    response = client.patch(f"{URL}{window.pk}/", {"team": TeamFactory().pk})
    assert response.status_code == 400
    assert MaintenanceWindow.objects.get().team == window.team


def test_to_a_stranger_a_window_does_not_exist(window):
    stranger = make_client(make_member(TeamFactory()))
    url = f"{URL}{window.pk}/"
    answers = [stranger.get(url), stranger.patch(url, {"title": "x"}), stranger.delete(url)]
    assert [answer.status_code for answer in answers] == [404] * 3
    assert ids(stranger.get(URL)) == []
    assert MaintenanceWindow.objects.get().title == window.title


def test_a_viewer_reads_and_changes_nothing(team, window, asked):
    viewer = make_client(make_member(team, "viewer"))
    url = f"{URL}{window.pk}/"
    answers = [viewer.post(URL, asked), viewer.patch(url, {"title": "x"}), viewer.delete(url)]
    assert [answer.status_code for answer in answers] == [403] * 3
    assert ids(viewer.get(URL)) == [window.pk]
    assert MaintenanceWindow.objects.get().title == window.title


def test_the_running_ones_are_found(client, team, window):
    weekly = WindowFactory(
        team=team, starts_at=T0 - 7 * DAY, ends_at=T0 - 7 * DAY + DAY / 24, rrule="FREQ=WEEKLY"
    )
    later = WindowFactory(team=team, starts_at=T0 + DAY, ends_at=T0 + 2 * DAY)
    assert ids(client.get(f"{URL}?running=true")) == [window.pk, weekly.pk]
    assert ids(client.get(f"{URL}?running=false")) == [later.pk]
    assert ids(client.get(f"{URL}?ordering=starts_at")) == [weekly.pk, window.pk, later.pk]


@pytest.mark.parametrize("query", ["", "?running=true"])
def test_thirty_windows_cost_as_many_queries_as_three(client, team, window, query):
    counts = []
    for number in (2, 27):
        for _ in range(number):
            monitors, tags = MonitorFactory.create_batch(2, team=team), [TagFactory(team=team)]
            WindowFactory(team=team, monitors=monitors, tags=tags)
        with CaptureQueriesContext(connection) as queries:
            assert len(ids(client.get(URL + query))) in {3, 30}
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_what_did_not_change_is_not_sent_again(client, window):
    tag = client.get(URL)["ETag"]
    assert client.get(URL, headers={"If-None-Match": tag}).status_code == 304


def test_the_schema_describes_both_without_a_warning():
    written = StringIO()
    call_command("spectacular", "--fail-on-warn", "--validate", stdout=written)
    assert "/api/v1/incidents/{id}/acknowledge:" in written.getvalue()
    assert "/api/v1/maintenance/{id}/:" in written.getvalue()


def test_case_does_not_tell_tags_apart(client, team, asked):
    tag = TagFactory(team=team, name="rack-1")
    response = client.post(URL, asked | {"tags": ["Rack-1", "RACK-1"]})
    assert (response.status_code, response.json()["tags"]) == (201, ["rack-1"])
    assert list(MaintenanceWindow.objects.get().tags.all()) == [tag]


@pytest.mark.parametrize("rule", ["FREQ=MONTHLY;BYDAY=8SU", "FREQ=DAILY;BYHOUR=25", "FREQ=YEARLY;BYDAY=99MO"])
def test_a_stored_rule_that_cannot_be_computed_is_shown_as_broken_and_mutes_nothing(
    client, window, asked, rule
):
    """Nor does it keep the others of the list from being shown."""
    assert client.post(URL, asked | {"rrule": rule}).status_code == 400
    MaintenanceWindow.objects.filter(pk=window.pk).update(rrule=rule)
    good = WindowFactory(team=window.team, monitors=[window.monitors.get()], title="Good")
    shown = {row["id"]: row for row in client.get(URL).json()["results"]}
    assert shown[good.pk]["problem"] == ""
    assert shown[window.pk]["problem"].startswith("We cannot follow this rrule: ")
    assert (shown[window.pk]["running"], shown[window.pk]["next_starts_at"]) == (False, None)
    assert ids(client.get(URL, {"running": "true"})) == [good.pk]
    with time_machine.travel(T0 + 300 * DAY, tick=False):
        assert client.get(f"{URL}{window.pk}/").json()["running"] is False
    mended = client.patch(f"{URL}{window.pk}/", {"rrule": "FREQ=WEEKLY"})
    assert (mended.status_code, mended.json()["problem"]) == (200, "")


BERLIN = {"starts_at": "2026-12-06 02:00", "ends_at": "2026-12-06T04:00:00", "timezone": "Europe/Berlin"}


def test_a_time_without_an_offset_is_one_in_the_windows_zone(client, asked):
    """Before: 02:00 UTC, an hour late."""
    said = client.post(URL, asked | BERLIN).json()
    assert (said["starts_at"], said["ends_at"]) == ("2026-12-06T01:00:00Z", "2026-12-06T03:00:00Z")
    mended = client.patch(f"{URL}{said['id']}/", {"ends_at": "2026-12-06 05:00"}).json()
    assert mended["ends_at"] == "2026-12-06T04:00:00Z"
    moved = client.patch(f"{URL}{said['id']}/", {"starts_at": "2026-12-06T02:00", "timezone": "UTC"}).json()
    assert moved["starts_at"] == "2026-12-06T02:00:00Z"


def test_it_is_one_in_the_teams_zone_where_the_window_names_none(client, team, asked):
    team.timezone = "Asia/Kathmandu"
    team.save()
    said = client.post(URL, asked | BERLIN | {"timezone": "Asia/Kathmandu"}).json()["starts_at"]
    del asked["starts_at"], asked["ends_at"]
    times = {name: BERLIN[name] for name in ("starts_at", "ends_at")}
    assert client.post(URL, asked | times).json()["starts_at"] == said == "2026-12-05T20:15:00Z"


def test_a_time_that_the_spring_skips_is_taken_an_hour_later(client, asked):
    times = {"starts_at": "2027-03-28 02:30", "ends_at": "2027-03-28 04:00", "timezone": "Europe/Berlin"}
    assert client.post(URL, asked | times).json()["starts_at"] == "2027-03-28T01:30:00Z"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"timezone": "Berlin"}, "timezone"),
        ({"starts_at": "0001-01-01 00:00", "timezone": "Asia/Tokyo"}, "starts_at"),
    ],
)
def test_a_time_in_no_zone_is_refused_by_name(client, asked, body, field):
    response = client.post(URL, asked | BERLIN | body)
    assert (response.status_code, list(response.json())) == (400, [field])
