"""SLOs over the wire. The clock stands at T0."""

from decimal import Decimal

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from accounts.models import Role
from analytics.models import BurnAlert, Slo
from analytics.slos import services as slos
from analytics.slos.alerts import evaluate
from tests.analytics.factories import DAY, MINUTE, NOW, make_old, make_slo, make_tagged, store, store_hourly
from tests.factories import MembershipFactory, TeamFactory, UserFactory

pytestmark = pytest.mark.django_db
URL = "/api/v1/slos/"


@pytest.fixture(autouse=True)
def clock():
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def team(db):
    return TeamFactory()


def sign_in(team, role=Role.MEMBER, user=None):
    user = user or UserFactory()
    MembershipFactory(team=team, user=user, role=role)
    client = APIClient()
    client.force_authenticate(user)
    return client


@pytest.fixture
def api(team):
    """Of a member who has a personal team too."""
    return sign_in(team)


@pytest.fixture
def monitor(team):
    """Up for three days, down for the last two minutes."""
    monitor = make_old(team, interval_s=3600)
    store_hourly(monitor)
    store(monitor, (120, "D"))
    return monitor


@pytest.fixture
def asked(team, monitor):
    return {"team": team.pk, "name": "Shop stays up", "monitor": monitor.pk, "target": 0.999}


@pytest.fixture
def slo(monitor):
    return make_slo(monitor)


def ids(answer):
    return [row["id"] for row in answer.json()["results"]]


def rows():
    return list(Slo.objects.order_by("pk").values())


def test_an_slo_is_made_and_told_in_full(api, team, monitor, asked):
    answer = api.post(URL, asked)
    assert answer.status_code == 201
    slo = Slo.objects.get()
    assert (slo.target_ratio, slo.window_days) == (Decimal("0.999"), 30)
    assert answer.json() == {
        "id": slo.pk,
        "team": team.pk,
        "name": "Shop stays up",
        "monitor": monitor.pk,
        "tag": None,
        "target": 0.999,
        "window_days": 30,
        "created_at": answer.json()["created_at"],
        "uptime": 0.999537,
        "coverage": 0.1,
        "budget_s": 259,
        "budget_left_s": 139,
        "budget_left_ratio": 0.537037,
        "burn_rates": {"1h": 33.333333, "6h": 5.555555, "3d": 0.462962},
        "alerts": [],
    }
    assert api.get(f"{URL}{slo.pk}/").json() == answer.json()


def test_an_slo_of_a_tag_is_told_by_its_name(api, team, monitor, asked):
    make_tagged(monitor, make_old(team), name="Prod")
    answer = api.post(URL, asked | {"monitor": None, "tag": "prod", "window_days": 7})
    assert answer.status_code == 201
    said = answer.json()
    assert (said["monitor"], said["tag"], said["window_days"]) == (None, "Prod", 7)
    assert (said["uptime"], said["coverage"]) == (0.999537, 0.214285)


def test_where_nothing_was_measured_there_are_no_figures(api, team, asked):
    said = api.post(URL, asked | {"monitor": make_old(team).pk}).json()
    names = ("uptime", "coverage", "budget_s", "budget_left_s", "budget_left_ratio")
    assert [said[name] for name in names] == [None, 0.0, None, None, None]
    assert said["burn_rates"] == {"1h": None, "6h": None, "3d": None}


def test_a_missed_target_has_less_than_nothing_left(api, team):
    monitor = make_old(team, interval_s=3600)
    store(monitor, (3600, "D"))
    said = api.get(f"{URL}{make_slo(monitor).pk}/").json()
    assert (said["budget_s"], said["budget_left_s"], said["budget_left_ratio"]) == (3, -3597, -999.0)


def test_open_alerts_are_shown_with_the_slo_and_all_in_its_history(api, slo, monitor):
    evaluate(now=NOW)
    opened = {
        "speed": "fast",
        "burn_rate_long": 100 / 3,
        "burn_rate_short": 400.0,
        "opened_at": "2026-03-01T12:00:00Z",
        "closed_at": None,
    }
    assert api.get(f"{URL}{slo.pk}/").json()["alerts"] == [opened]
    assert api.get(URL).json()["results"][0]["alerts"] == [opened]
    store(monitor, (0, "U"))
    evaluate(now=NOW + 5 * MINUTE)
    assert api.get(f"{URL}{slo.pk}/").json()["alerts"] == []
    history = api.get(f"{URL}{slo.pk}/alerts")
    assert history.json() == {
        "next": None,
        "previous": None,
        "results": [opened | {"closed_at": "2026-03-01T12:05:00Z"}],
    }


def test_the_history_is_paged_newest_first(api, slo, monitor):
    other = make_slo(monitor)
    for number in range(5):
        for one in (slo, other):
            BurnAlert.objects.create(
                slo=one,
                speed="slow",
                burn_rate_long=number,
                burn_rate_short=number,
                opened_at=NOW - number // 2 * DAY,
                closed_at=NOW,
            )
    found, url = [], f"{URL}{slo.pk}/alerts?page_size=2"
    while url:
        page = api.get(url).json()
        found += [row["burn_rate_long"] for row in page["results"]]
        url = page["next"]
    assert found == [1, 0, 3, 2, 4]


TOO_SMALL = "Ensure this value is greater than or equal to 1."


@pytest.mark.parametrize(
    ("change", "field", "said"),
    [
        ({"target": 99.9}, "target", slos.TARGET),
        ({"target": 1}, "target", slos.TARGET),
        ({"target": 0.499999}, "target", slos.TARGET),
        ({"target": "high"}, "target", slos.TARGET),
        ({"target": "NaN"}, "target", slos.TARGET),
        ({"target": True}, "target", slos.TARGET),
        ({"target": "0." + "9" * 2000}, "target", slos.TARGET),
        ({"target": 0.9999999}, "target", slos.DECIMALS),
        ({"target": None}, "target", "This field may not be null."),
        ({"window_days": 0}, "window_days", slos.WINDOW),
        ({"window_days": 91}, "window_days", slos.WINDOW),
        ({"window_days": "a month"}, "window_days", slos.WINDOW),
        ({"monitor": None}, "monitor", slos.NO_SUBJECT),
        ({"monitor": 0}, "monitor", TOO_SMALL),
        (
            {"monitor": 2**62},
            "monitor",
            f"There is no monitor {2**62} in this team.",
        ),
        (
            {"monitor": None, "tag": "qa"},
            "tag",
            "There is no tag 'qa' in this team; make it first.",
        ),
        ({"tag": "prod"}, "tag", slos.TWO_SUBJECTS),
        ({"name": ""}, "name", "This field may not be blank."),
        ({"name": "x" * 101}, "name", "Ensure this field has no more than 100 characters."),
        ({"name": "a\nb"}, "name", "Write this on one line, without control characters."),
        ({"goal": 1}, "goal", "There is no field 'goal'."),
    ],
)
def test_a_wrong_slo_is_refused_with_a_sentence(api, monitor, asked, change, field, said):
    make_tagged(monitor, name="prod")
    answer = api.post(URL, asked | change)
    assert (answer.status_code, answer.json()) == (400, {field: [said]})
    assert rows() == []


def test_every_mistake_is_told_at_once(api, asked):
    answer = api.post(URL, {"team": asked["team"], "target": 99.9, "window_days": 100})
    assert (answer.status_code, answer.json()) == (
        400,
        {"name": ["This field is required."], "target": [slos.TARGET], "window_days": [slos.WINDOW]},
    )


def test_the_monitors_and_tags_of_another_team_are_none(team, monitor, asked):
    user = UserFactory()
    api, other = sign_in(team, user=user), TeamFactory()
    MembershipFactory(team=other, user=user, role=Role.MEMBER)
    theirs = make_old(other)
    make_tagged(theirs, name="theirs")
    for change, field in (({"monitor": theirs.pk}, "monitor"), ({"monitor": None, "tag": "theirs"}, "tag")):
        answer = api.post(URL, asked | change)
        assert (answer.status_code, set(answer.json())) == (400, {field})
    assert rows() == []


def test_an_slo_is_edited_in_part_and_as_a_whole(api, slo, monitor):
    url = f"{URL}{slo.pk}/"
    part = api.patch(url, {"target": 0.99})
    assert (part.status_code, part.json()["target"], part.json()["name"]) == (200, 0.99, slo.name)
    read = api.get(url).json()
    assert api.put(url, read | {"name": "Renamed"}).json() == read | {"name": "Renamed"}
    make_tagged(monitor, name="prod")
    whole = api.put(url, {"name": "All of it", "tag": "prod", "target": 0.95})
    assert whole.status_code == 200
    assert (whole.json()["monitor"], whole.json()["tag"], whole.json()["window_days"]) == (None, "prod", 30)


def test_the_subject_is_exchanged_and_never_doubled(api, slo, monitor):
    make_tagged(monitor, name="prod")
    url, before = f"{URL}{slo.pk}/", rows()
    both = api.patch(url, {"tag": "prod"})
    assert (both.status_code, both.json()) == (400, {"tag": [slos.TWO_SUBJECTS]})
    neither = api.patch(url, {"monitor": None})
    assert (neither.status_code, neither.json()) == (400, {"monitor": [slos.NO_SUBJECT]})
    assert rows() == before
    assert api.patch(url, {"tag": "prod", "monitor": None}).status_code == 200


@pytest.mark.parametrize(
    ("change", "open_ones"),
    [
        ({"name": "Renamed"}, 1),
        ({"target": 0.999, "window_days": 30}, 1),  # as they were
        ({"target": 0.99}, 0),
        ({"window_days": 7}, 0),
        ({"monitor": None, "tag": "prod"}, 0),
    ],
)
def test_another_rule_closes_the_open_alerts(api, slo, monitor, change, open_ones):
    make_tagged(monitor, name="prod")
    evaluate(now=NOW)
    said = api.patch(f"{URL}{slo.pk}/", change).json()
    assert len(said["alerts"]) == open_ones
    assert BurnAlert.objects.filter(slo=slo, closed_at=None).count() == open_ones
    assert BurnAlert.objects.count() == 1


def test_an_slo_does_not_move_between_teams(api, slo):
    answer = api.patch(f"{URL}{slo.pk}/", {"team": TeamFactory().pk})
    assert (answer.status_code, set(answer.json())) == (400, {"team"})
    assert Slo.objects.get().team == slo.team


def test_deleting_an_slo_leaves_its_monitor(api, slo, monitor):
    evaluate(now=NOW)
    assert api.delete(f"{URL}{slo.pk}/").status_code == 204
    assert not BurnAlert.objects.exists()
    monitor.refresh_from_db()


def test_a_viewer_reads_and_changes_nothing(team, slo, asked):
    viewer, before, url = sign_in(team, Role.VIEWER), rows(), f"{URL}{slo.pk}/"
    answers = [viewer.post(URL, asked), viewer.patch(url, {"name": "x"}), viewer.delete(url)]
    assert [answer.status_code for answer in answers] == [403] * 3
    assert (ids(viewer.get(URL)), viewer.get(f"{url}alerts").status_code) == ([slo.pk], 200)
    assert rows() == before


def test_to_a_stranger_an_slo_does_not_exist(slo):
    stranger, before, url = sign_in(TeamFactory()), rows(), f"{URL}{slo.pk}/"
    answers = [stranger.get(url), stranger.get(f"{url}alerts"), stranger.patch(url, {}), stranger.delete(url)]
    assert [answer.status_code for answer in answers] == [404] * 4
    assert ids(stranger.get(URL)) == []
    assert rows() == before


def test_slos_are_found_by_monitor_tag_team_and_name(api, team, slo, monitor):
    tagged = make_slo(make_tagged(monitor, name="Prod"), name="Everything")
    other = make_slo(make_old(team))
    assert ids(api.get(URL)) == [other.pk, tagged.pk, slo.pk]
    assert ids(api.get(f"{URL}?monitor={monitor.pk}")) == [slo.pk]
    assert ids(api.get(f"{URL}?tag=prod")) == [tagged.pk]
    assert ids(api.get(f"{URL}?search=every")) == [tagged.pk]
    assert ids(api.get(f"{URL}?team={team.pk}&ordering=name")) == [tagged.pk, slo.pk, other.pk]
    assert ids(api.get(f"{URL}?team={team.pk + 1}")) == []
    assert api.get(f"{URL}?monitor=x").status_code == 400


def test_thirty_slos_cost_as_many_queries_as_three(api, team):
    counts = []
    for more in (1, 9):
        for _ in range(more):
            one, other = make_old(team, interval_s=3600), make_old(team)
            store(one, (3600, "D"))
            make_slo(one)
            make_slo(make_tagged(one, other, name=f"tag {one.pk}"), window_days=7)
            make_slo(other, window_days=90)
        evaluate(now=NOW)
        with CaptureQueriesContext(connection) as queries:
            assert len(ids(api.get(URL))) in {3, 30}
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_what_did_not_change_is_not_sent_again(api, slo):
    for url in (URL, f"{URL}{slo.pk}/"):
        tag = api.get(url)["ETag"]
        assert api.get(url, headers={"If-None-Match": tag}).status_code == 304
