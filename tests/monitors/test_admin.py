import pytest

from accounts.models import User
from actions import monitors as actions
from monitors.models import Heartbeat, Monitor, Ping, RegionState, Tag
from monitors.slots import phase_of
from sentrypulse.admin.monitors import EDITED
from tests.factories import NOW, make_monitor
from tests.monitors.factories import make_result

SHOP = "https://shop.example.com/"
pytestmark = [pytest.mark.django_db]
LIST = "/admin/monitors/monitor/"
SECRET = {"auth": {"type": "bearer", "token": "s3cret"}}


@pytest.fixture
def operator(client):
    client.force_login(User.objects.create_superuser("root@example.com", "pw"))
    return client


def page(monitor):
    return f"{LIST}{monitor.pk}/change/"


def form_of(monitor, **changes):
    states = {"region_states-TOTAL_FORMS": 0, "region_states-INITIAL_FORMS": 0}
    return {**{name: getattr(monitor, name) for name in EDITED}, **states, **changes}


@pytest.mark.parametrize("model", ["monitor", "tag", "heartbeat", "ping"])
def test_every_list_opens_and_can_be_searched(operator, team, model):
    make_monitor(team, tags=["prod"])
    job = make_monitor(team, kind="heartbeat")
    Ping.objects.create(monitor=job, received_at=NOW, kind="success", method="GET")
    assert operator.get(f"/admin/monitors/{model}/").status_code == 200
    assert operator.get(f"/admin/monitors/{model}/?q=shop").status_code == 200


def test_a_monitor_shows_its_newest_results_and_no_secret(operator, team):
    monitor = make_monitor(team, url=SHOP, config=SECRET)
    for second in range(25):
        make_result(monitor, at=NOW.replace(second=second), error=f"<b>{second}</b>" if second else "")
    text = operator.get(page(monitor)).content.decode()
    assert "12:00:24" in text
    assert "12:00:05" in text
    assert "12:00:04" not in text
    assert "&lt;b&gt;24&lt;/b&gt;" in text
    assert "s3cret" not in text
    assert Monitor.objects.get().secrets not in text


def test_an_edit_goes_through_the_service(operator, team):
    monitor = make_monitor(team)
    answer = operator.post(
        page(monitor), form_of(monitor, interval_s=300, url="https://shop.example.com/cart")
    )
    assert answer.status_code == 302
    stored = Monitor.objects.get()
    assert (stored.interval_s, stored.url, stored.revision) == (300, "https://shop.example.com/cart", 2)
    assert stored.phase_ms == phase_of(monitor.pk, 300)


def test_the_api_s_rules_hold_here_too(operator, team):
    monitor = make_monitor(team, url=SHOP, config=SECRET)
    answer = operator.post(page(monitor), form_of(monitor, interval_s=5, url="https://evil.example/"))
    assert answer.status_code == 200
    assert b"config.auth.token: Send it again" in answer.content
    answer = operator.post(page(monitor), form_of(monitor, interval_s=5))
    assert b"Must be from 10 to 604800 seconds, not 5." in answer.content
    assert Monitor.objects.values_list("interval_s", "url").get() == (60, "https://shop.example.com/")


def test_monitors_are_paused_resumed_and_deleted_by_the_actions(operator, team, monkeypatch):
    heard = []
    monkeypatch.setattr(actions, "check_after_commit", lambda monitors, *, now: heard.append("check"))
    monkeypatch.setattr(actions, "_resolve_open", lambda monitors, *, ended_by, now: heard.append(ended_by))
    monitor = make_monitor(team)
    make_result(monitor)
    RegionState.objects.update(state="up")
    chosen = {"_selected_action": [monitor.pk]}
    operator.post(LIST, {"action": "pause", **chosen})
    assert Monitor.objects.get().enabled is False
    operator.post(LIST, {"action": "resume", **chosen})
    assert (Monitor.objects.get().enabled, RegionState.objects.get().state) == (True, "pending")
    listed = operator.post(LIST, {"action": "delete_selected", **chosen})
    assert b"Shop, with all its results and pings" in listed.content
    operator.post(LIST, {"action": "delete_selected", "post": "yes", **chosen})
    assert not Monitor.objects.exists()
    assert heard == ["paused", "check", "deleted"]


def test_one_monitor_is_deleted_from_its_page(operator, team):
    monitor = make_monitor(team)
    assert operator.post(f"{LIST}{monitor.pk}/delete/", {"post": "yes"}).status_code == 302
    assert not Monitor.objects.exists()


def test_the_pipeline_s_rows_are_not_made_or_changed_by_hand(operator, team):
    job = make_monitor(team, kind="heartbeat")
    assert operator.get(f"{LIST}add/").status_code == 403
    assert (
        operator.post(f"/admin/monitors/heartbeat/{job.pk}/change/", {"deadline_at": ""}).status_code == 403
    )
    assert operator.post(f"/admin/monitors/heartbeat/{job.pk}/delete/", {"post": "yes"}).status_code == 403
    assert Heartbeat.objects.get().monitor == job


def test_tags_are_made_by_hand(operator, team):
    assert operator.post("/admin/monitors/tag/add/", {"team": team.pk, "name": "prod"}).status_code == 302
    assert Tag.objects.get().name == "prod"
    for again in ("prod", "PROD"):
        answer = operator.post("/admin/monitors/tag/add/", {"team": team.pk, "name": again})
        assert f"There is a tag &#x27;{again}&#x27; already." in answer.content.decode()
    assert Tag.objects.count() == 1
