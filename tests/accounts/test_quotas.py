"""What a team may not have more of is refused, by name, wherever more of it is made."""

import threading

import pytest
from django.db import connections
from rest_framework.test import APIClient

from accounts.models import Quota, Role
from accounts.quotas import KINDS, QuotaReached
from alerts.models import Channel, Rule
from analytics.models import Slo
from incidents.models import MaintenanceWindow
from monitors.models import Monitor, Tag
from monitors.quotas import count_checks_a_minute
from monitors.services import create_monitor, pause_monitors, resume_monitors, update_monitor
from statuspages.models import StatusPage
from tests.alerts.factories import make_channel
from tests.factories import MembershipFactory, TeamFactory, UserFactory, make_monitor
from tests.pipeline.factories import T0
from tests.statuspages.factories import make_page

pytestmark = pytest.mark.django_db
MONITORS = "/api/v1/monitors/"


@pytest.fixture(autouse=True)
def quotas(settings):
    settings.QUOTAS = {"monitors": 3, "checks_a_minute": 10, "channels": 3, "status_pages": 2}
    settings.QUOTAS |= {"maintenance_windows": 2, "rules": 2, "slos": 1, "tags": 2}
    return settings.QUOTAS


@pytest.fixture
def team():
    return TeamFactory()


@pytest.fixture
def client(team):
    made = APIClient()
    made.force_authenticate(MembershipFactory(team=team, role=Role.OWNER).user)
    return made


def asked(team, **fields):
    return {"team": team.pk, "name": "Shop", "kind": "http", "url": "http://shop.test/"} | fields


def seldom(team, number, **fields):
    return [make_monitor(team, name=f"M{n}", interval_s=600, **fields) for n in range(number)]


def refused(answer, name):
    """The sentence of a refusal that names the quota."""
    assert answer.status_code == 409, answer.content
    detail = answer.json()["detail"]
    assert f"quota {name} is" in detail
    assert "ask the operator" in detail
    return detail


def test_one_monitor_more_than_the_quota_is_refused_and_not_there(client, team):
    seldom(team, 2)
    assert client.post(MONITORS, asked(team, interval_s=600), format="json").status_code == 201
    detail = refused(client.post(MONITORS, asked(team, interval_s=600), format="json"), "monitors")
    assert detail.startswith("This would make 4 monitors, and the team's quota monitors is 3. Delete some")
    assert Monitor.objects.filter(team=team).count() == 3


def test_checks_a_minute_are_counted_by_interval_and_region(client, team, settings):
    assert client.post(MONITORS, asked(team, interval_s=10), format="json").status_code == 201
    answer = client.post(MONITORS, asked(team, interval_s=10, name="Other"), format="json")
    assert refused(answer, "checks_a_minute").startswith("This would make 12 checks a minute")
    assert client.post(MONITORS, asked(team, interval_s=60), format="json").status_code == 201
    settings.REGIONS = ["eu", "us"]
    assert count_checks_a_minute(team.pk) == 14.0


def test_a_heartbeat_is_a_monitor_and_asks_for_no_check(client, team):
    make_monitor(team, kind="heartbeat", url="", interval_s=10, config={"period_s": 10})
    assert count_checks_a_minute(team.pk) == 0


def test_a_clone_is_one_more(client, team):
    first, *_ = seldom(team, 3)
    refused(client.post(f"{MONITORS}{first.pk}/clone", {}, format="json"), "monitors")


def test_an_import_is_all_or_nothing_and_a_dry_run_says_so(client, team):
    seldom(team, 1)
    rows = [
        {"name": f"I{n}", "kind": "http", "url": f"http://i{n}.test/", "interval_s": 600} for n in range(3)
    ]
    body = {"team": team.pk, "monitors": rows}
    for path in (f"{MONITORS}import", f"{MONITORS}import?dry_run=1"):
        refused(client.post(path, body, format="json"), "monitors")
        assert Monitor.objects.filter(team=team).count() == 1
    body["monitors"] = rows[:2]
    assert client.post(f"{MONITORS}import", body, format="json").status_code == 201
    assert client.post(f"{MONITORS}import", body, format="json").status_code == 201  # all are there already


def test_a_shorter_interval_is_refused_where_it_asks_for_too_much(client, team):
    monitor, other, _ = seldom(team, 3)
    detail = client.patch(f"{MONITORS}{monitor.pk}/", {"interval_s": 10, "timeout_s": 5}, format="json")
    assert detail.status_code == 200
    answer = client.patch(f"{MONITORS}{other.pk}/", {"interval_s": 12}, format="json")
    refused(answer, "checks_a_minute")
    bulk = {"action": "edit", "ids": [other.pk], "interval_s": 12}
    refused(client.post(f"{MONITORS}bulk", bulk, format="json"), "checks_a_minute")
    other.refresh_from_db()
    assert other.interval_s == 600


def test_what_was_paused_is_resumed_only_within_the_quota(client, team):
    paused = make_monitor(team, interval_s=10, timeout_s=5)
    pause_monitors([paused], now=T0)
    make_monitor(team, interval_s=10, timeout_s=5, name="Runs")
    for answer in (
        client.post(f"{MONITORS}{paused.pk}/resume", {}, format="json"),
        client.post(f"{MONITORS}bulk", {"action": "resume", "ids": [paused.pk]}, format="json"),
        client.patch(f"{MONITORS}{paused.pk}/", {"enabled": True}, format="json"),
    ):
        refused(answer, "checks_a_minute")
    paused.refresh_from_db()
    assert not paused.enabled
    resume_monitors([paused], now=T0, within_quota=False)  # an operator gives the quotas


def test_who_has_more_than_a_lowered_quota_keeps_it_and_may_have_less(client, team, quotas):
    monitors = seldom(team, 3)
    quotas["monitors"] = quotas["checks_a_minute"] = 1
    path = f"{MONITORS}{monitors[0].pk}/"
    assert client.patch(path, {"name": "Renamed"}, format="json").status_code == 200
    assert client.patch(path, {"interval_s": 900}, format="json").status_code == 200
    assert client.post(f"{path}pause", {}, format="json").status_code == 200
    assert client.delete(path).status_code == 204
    refused(client.post(MONITORS, asked(team, interval_s=600), format="json"), "monitors")


def test_channels_and_pages_have_quotas_as_well(client, team):
    make_channel(team)
    body = {"team": team.pk, "name": "Hook", "kind": "webhook", "config": {"url": "https://hooks.test/x"}}
    assert client.post("/api/v1/channels/", body, format="json").status_code == 201  # with the owners': three
    refused(client.post("/api/v1/channels/", body, format="json"), "channels")
    assert Channel.objects.filter(team=team).count() == 3
    for slug in ("one", "two"):
        make_page(team, slug=slug)
    page = {"team": team.pk, "title": "Three", "slug": "three"}
    refused(client.post("/api/v1/status-pages/", page, format="json"), "status_pages")
    assert StatusPage.objects.filter(team=team).count() == 2


def test_maintenance_windows_have_a_quota(client, team):
    body = {"team": team.pk, "title": "Rack", "monitors": [make_monitor(team).pk]}
    body |= {"starts_at": "2199-01-01T00:00:00Z", "ends_at": "2199-01-01T01:00:00Z"}
    made = [client.post("/api/v1/maintenance/", body, format="json") for _ in range(3)]
    assert [answer.status_code for answer in made] == [201, 201, 409]
    refused(made[2], "maintenance_windows")
    assert MaintenanceWindow.objects.filter(team=team).count() == 2
    path = f"/api/v1/maintenance/{made[0].json()['id']}/"
    assert client.patch(path, {"title": "Moved"}, format="json").status_code == 200


def test_rules_objectives_and_tags_have_quotas(client, team):
    monitor, channel = make_monitor(team), make_channel(team)
    rule = {"team": team.pk, "name": "R", "steps": [{"after_min": 0, "channels": [channel.pk]}]}
    assert client.post("/api/v1/alert-rules/", rule, format="json").status_code == 201  # with the first: two
    refused(client.post("/api/v1/alert-rules/", rule, format="json"), "rules")
    slo = {"team": team.pk, "name": "S", "monitor": monitor.pk, "target": 0.99, "window_days": 30}
    assert client.post("/api/v1/slos/", slo, format="json").status_code == 201
    refused(client.post("/api/v1/slos/", slo | {"name": "T"}, format="json"), "slos")
    path = f"{MONITORS}{monitor.pk}/"
    assert client.patch(path, {"tags": ["a", "b"]}, format="json").status_code == 200
    assert client.patch(path, {"tags": ["b"]}, format="json").status_code == 200
    refused(client.patch(path, {"tags": ["b", "c"]}, format="json"), "tags")
    refused(client.post("/api/v1/tags/", {"team": team.pk, "name": "d"}, format="json"), "tags")
    bulk = {"action": "edit", "ids": [monitor.pk], "add_tags": ["e"]}
    refused(client.post(f"{MONITORS}bulk", bulk, format="json"), "tags")
    assert Tag.objects.filter(team=team).count() == 2
    assert Rule.objects.filter(team=team).count() == 2
    assert Slo.objects.filter(team=team).count() == 1


@pytest.mark.parametrize(("own", "makes"), [(1, 1), (5, 5), (0, 6)])
def test_an_operator_gives_a_team_a_quota_of_its_own(team, own, makes):
    Quota.objects.create(team=team, name="monitors", most=own)
    seldom(team, makes)
    if own:
        with pytest.raises(QuotaReached):
            seldom(team, 1)
    assert Monitor.objects.filter(team=team).count() == makes
    seldom(TeamFactory(), 3)  # another team has what the settings say


def test_the_admin_has_a_teams_quotas(team, quotas):
    operator = UserFactory(is_staff=True, is_superuser=True)
    browser = APIClient()
    browser.force_login(operator)
    page = browser.get(f"/admin/accounts/team/{team.pk}/change/").content.decode()
    assert all(f'<option value="{name}">' in page for name in quotas)


def test_every_kind_of_quota_has_a_setting():
    from sentrypulse import settings as shipped

    assert set(shipped.QUOTAS) == set(KINDS)


@pytest.mark.usefixtures("shared_database")
def test_of_many_who_make_one_more_at_once_only_as_many_may_as_there_is_room(team):
    seldom(team, 1)
    go, outcomes = threading.Barrier(6), []

    def come(number):
        go.wait(10)
        try:
            create_monitor(team, now=T0, kind="http", name=f"N{number}", url="http://n.test/", interval_s=600)
            outcomes.append("made")
        except QuotaReached:
            outcomes.append("refused")
        finally:
            connections.close_all()

    threads = [threading.Thread(target=come, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(outcomes) == ["made"] * 2 + ["refused"] * 4


def test_an_edit_that_asks_for_no_more_counts_nothing(team, monkeypatch):
    monitor, *_ = seldom(team, 1)
    monkeypatch.setattr("monitors.services.require_room", lambda team_id: pytest.fail("counted"))
    update_monitor(monitor, now=T0, name="Other", interval_s=900)
