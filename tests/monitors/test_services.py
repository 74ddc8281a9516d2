from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.test.utils import CaptureQueriesContext

from core.errors import RuleViolation
from core.field_encryption import unseal
from monitors import services
from monitors.models import Heartbeat, Monitor, RegionState, Result, Tag
from monitors.secrets import join
from monitors.slots import phase_of
from probes import registry
from tests.factories import NOW, make_monitor, make_team
from tests.monitors.factories import make_result

SHOP = "https://shop.example.com/"
pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(hours=1)
BEARER = {
    "auth": {"type": "bearer", "token": "s3cret-token"},
    "headers": {"X-Key": {"value": "k3y", "secret": True}},
}
NO_REGION = "There is no region mars; choose from: local."
TOO_LONG = "Must have at most 2000 characters, has 2018."
LONGER = "Must not be longer than the interval (20 s)."
KINDS = ", ".join(registry.KINDS)
HEADER_NAME = "A header's name has letters, digits and hyphens only, at most 100."
NO_VALUE = "Send the header's value; there is none stored for it."
NO_PASSWORD = "Send the password; there is none stored for it."
MOVED = "Send it again: the target moves to another host, and a stored secret goes to its own host only."


def refuse(call, *args, **kwargs):
    with pytest.raises(ValidationError) as caught:
        call(*args, **kwargs)
    return caught.value.message_dict


def state_of(monitor):
    return RegionState.objects.get(monitor=monitor)


def make_down(monitor):
    counted = {"failures": 3, "first_failed_at": NOW, "passes": 1, "first_passed_at": NOW}
    RegionState.objects.filter(monitor=monitor).update(state="down", **counted)


# Making


def test_a_new_monitor_has_a_slot_a_pending_state_and_its_complete_configuration(team):
    monitor = make_monitor(team, url="HTTPS://Shop.Example.com", interval_s=60, tags=["prod", "Prod ", "web"])

    stored = Monitor.objects.get()
    assert (stored.pk, stored.url, stored.revision) == (monitor.pk, "https://shop.example.com/", 1)
    assert stored.phase_ms == phase_of(stored.pk, 60)
    assert stored.config["expected_status"] == "200-299"
    state = state_of(stored)
    assert (state.region, state.state, state.counted_from) == ("local", "pending", NOW)
    assert sorted(tag.name for tag in stored.tags.all()) == ["prod", "web"]
    assert not Heartbeat.objects.exists()


def test_a_heartbeat_has_an_address_of_its_own_and_no_slots(team):
    monitor = make_monitor(team, kind="heartbeat", config={"period_s": 300})

    assert monitor.phase_ms is None
    assert monitor.heartbeat.deadline_at is None
    assert state_of(monitor).state == "pending"


def test_secrets_are_encrypted_at_rest_and_open_again(team):
    monitor = make_monitor(team, url=SHOP, config=BEARER)

    stored = Monitor.objects.filter(pk=monitor.pk).values().get()
    assert "s3cret-token" not in repr(stored)
    assert "k3y" not in repr(stored)
    assert stored["config"]["auth"] == {"type": "bearer"}
    assert unseal(stored["secrets"]) == {"auth.token": "s3cret-token", "headers.X-Key": "k3y"}


@pytest.mark.parametrize(
    ("fields", "errors"),
    [
        ({"kind": "carrier"}, {"kind": [f"There is no kind 'carrier'; choose one of {KINDS}."]}),
        ({"name": "  "}, {"name": ["Must have 1 to 100 characters, has 0."]}),
        ({"name": "n" * 101}, {"name": ["Must have 1 to 100 characters, has 101."]}),
        ({"url": "ftp://x.example"}, {"url": ["The URL must start with http:// or https://."]}),
        ({"url": "https://x.example/" + "a" * 2000}, {"url": [TOO_LONG]}),
        ({"interval_s": 9, "timeout_s": 5}, {"interval_s": ["Must be from 10 to 604800 seconds, not 9."]}),
        ({"interval_s": 604_801}, {"interval_s": ["Must be from 10 to 604800 seconds, not 604801."]}),
        ({"timeout_s": 0}, {"timeout_s": ["Must be from 1 to 60 seconds, not 0."]}),
        ({"timeout_s": 61}, {"timeout_s": ["Must be from 1 to 60 seconds, not 61."]}),
        ({"timeout_s": 30, "interval_s": 20}, {"timeout_s": [LONGER]}),
        ({"fail_after": 0}, {"fail_after": ["Must be from 1 to 20 results, not 0."]}),
        ({"recover_after": 21}, {"recover_after": ["Must be from 1 to 20 results, not 21."]}),
        ({"recheck_s": 3601}, {"recheck_s": ["Must be from 1 to 3600 seconds, not 3601."]}),
        ({"regions": ["mars"]}, {"regions": [NO_REGION]}),
        ({"tags": [f"t{n}" for n in range(21)]}, {"tags": ["A monitor has at most 20 tags, not 21."]}),
        ({"tags": [" "]}, {"tags": ["A tag has 1 to 50 characters; '' has 0."]}),
        ({"config": []}, {"config": ["Must be an object."]}),
        ({"config": {"methd": "GET"}}, {"config.methd": ["There is no field 'methd'. Did you mean method?"]}),
        ({"config": {"headers": {"X Y": "1"}}}, {"config.headers.X Y": [HEADER_NAME]}),
        ({"config": {"headers": {"X-Key": {"secret": True}}}}, {"config.headers.X-Key": [NO_VALUE]}),
        ({"config": {"auth": {"type": "basic", "username": "u"}}}, {"config.auth.password": [NO_PASSWORD]}),
    ],
)  # fmt: skip
def test_each_mistake_is_named_and_nothing_is_made(team, fields, errors):
    assert refuse(make_monitor, team, **fields) == errors
    assert not Monitor.objects.exists()
    assert not Tag.objects.exists()


def test_all_mistakes_come_at_once(team):
    errors = refuse(make_monitor, team, name="", fail_after=0, url="nope", config={"method": "BREW"})
    assert sorted(errors) == ["config.method", "fail_after", "name", "url"]


@pytest.mark.parametrize(
    ("embedded", "permitted", "refused"), [(True, False, True), (True, True, False), (False, False, False)]
)
def test_a_ping_is_refused_only_where_this_machine_would_have_to_send_it_and_may_not(
    team, settings, monkeypatch, embedded, permitted, refused
):
    ping = pytest.importorskip("probes.kinds.ping")
    settings.EMBEDDED = embedded
    monkeypatch.setattr(ping, "ping_permitted", lambda: permitted)
    wanted = {"kind": "ping", "url": "example.com"}
    if refused:
        assert refuse(make_monitor, team, **wanted) == {"kind": [ping._REFUSED]}
    else:
        assert make_monitor(team, **wanted).kind == "ping"


# Editing


@pytest.mark.parametrize(
    ("changes", "revision", "counts_on"),
    [
        ({"name": "Other"}, 1, True),
        ({"recheck_s": 30}, 1, True),
        ({"url": "https://shop.example.com/"}, 1, True),
        ({"fail_after": 5}, 1, False),
        ({"recover_after": 5}, 1, False),
        ({"timeout_s": 20}, 2, False),
        ({"url": "https://shop.example.com/cart"}, 2, False),
        ({"config": {"keyword": "ok"}}, 2, False),
        ({"config": {"auth": {"type": "bearer", "token": "t"}}}, 2, False),
    ],
)
def test_answers_to_an_older_question_or_policy_count_no_more(team, changes, revision, counts_on):
    monitor = make_monitor(team, url=SHOP)
    make_down(monitor)

    updated = services.update_monitor(monitor, now=LATER, **changes)

    state = state_of(monitor)
    assert updated.revision == revision
    assert (state.state, state.failures, state.counted_from) == (
        "down",
        *((3, NOW) if counts_on else (0, LATER)),
    )
    assert (state.passes, state.first_failed_at) == ((1, NOW) if counts_on else (0, None))


def test_a_new_interval_brings_a_new_phase(team):
    monitor = make_monitor(team)
    updated = services.update_monitor(monitor, now=LATER, interval_s=300)
    assert (updated.phase_ms, updated.revision) == (phase_of(monitor.pk, 300), 1)
    assert Monitor.objects.get().phase_ms == phase_of(monitor.pk, 300)


def test_the_timeout_is_compared_with_the_stored_interval(team):
    monitor = make_monitor(team, interval_s=20)
    assert refuse(services.update_monitor, monitor, now=LATER, timeout_s=21) == {
        "timeout_s": ["Must not be longer than the interval (20 s)."]
    }
    assert Monitor.objects.get().timeout_s == 10


def test_the_kind_stays(team):
    monitor = make_monitor(team)
    assert refuse(services.update_monitor, monitor, now=LATER, kind="tcp") == {
        "kind": ["A monitor keeps its kind (http); make a new one instead."]
    }


def test_an_unknown_change_is_a_bug(team):
    with pytest.raises(TypeError, match="not editable: revision"):
        services.update_monitor(make_monitor(team), now=LATER, revision=9)


def test_the_form_that_was_read_may_be_sent_again_and_keeps_its_secrets(team):
    monitor = make_monitor(team, url=SHOP, config=BEARER)
    updated = services.update_monitor(monitor, now=LATER, config=Monitor.objects.get().config)
    assert (updated.revision, updated.secrets) == (1, monitor.secrets)


def test_a_secret_that_is_sent_takes_the_place_of_the_stored_one(team):
    monitor = make_monitor(team, url=SHOP, config=BEARER)
    services.update_monitor(monitor, now=LATER, config_changes={"auth": {"type": "bearer", "token": "new"}})
    stored = Monitor.objects.get()
    assert unseal(stored.secrets) == {"auth.token": "new", "headers.X-Key": "k3y"}
    assert stored.revision == 2


@pytest.mark.parametrize(
    "url",
    ["https://evil.example/", "https://shop.example.com:8443/", "http://shop.example.com/", "https://shop.example.com.evil.example/"],
)  # fmt: skip
@pytest.mark.parametrize("how", [{}, {"config_changes": {"keyword": "x"}}, {"config": "as read"}])
def test_a_stored_secret_never_goes_to_another_server(team, url, how):
    monitor = make_monitor(team, url=SHOP, config=BEARER)
    before = Monitor.objects.values().get()
    how = {"config": before["config"]} if how == {"config": "as read"} else how

    errors = refuse(services.update_monitor, monitor, now=LATER, url=url, **how)

    assert errors == {"config.auth.token": [MOVED], "config.headers.X-Key": [MOVED]}
    assert Monitor.objects.values().get() == before


def test_a_monitor_moves_with_secrets_sent_again_or_without_them(team):
    monitor = make_monitor(team, url=SHOP, config=BEARER)
    services.update_monitor(monitor, now=LATER, url="https://new.example/", config=BEARER)
    assert unseal(Monitor.objects.get().secrets)["auth.token"] == "s3cret-token"
    services.update_monitor(monitor, now=LATER, url="https://newer.example/", config={})
    assert Monitor.objects.get().secrets == ""


def test_secrets_stay_for_another_path_and_for_the_step_up_to_tls(team):
    monitor = make_monitor(team, url="http://shop.example.com/", config=BEARER)
    services.update_monitor(monitor, now=LATER, url="http://shop.example.com/cart")
    updated = services.update_monitor(monitor, now=LATER, url="https://shop.example.com/")
    assert join(updated.config, unseal(updated.secrets))["auth"] == BEARER["auth"]


def test_secrets_that_no_key_opens_any_more_are_asked_for_again(team, settings):
    monitor = make_monitor(team, url=SHOP, config=BEARER)
    settings.FIELD_ENCRYPTION_KEY = "Zm9vYmFyZm9vYmFyZm9vYmFyZm9vYmFyZm9vYmFyMTI="
    assert services.update_monitor(monitor, now=LATER, name="Other").name == "Other"
    assert refuse(services.update_monitor, monitor, now=LATER, config_changes={"keyword": "x"}) == {
        "config.auth.token": ["Send the token; there is none stored for it."],
        "config.headers.X-Key": ["Send the header's value; there is none stored for it."],
    }


def test_regions_that_watch_anew_have_a_state_of_their_own(team, settings):
    settings.REGIONS = ["eu", "us"]
    monitor = make_monitor(team, regions=["us"])
    assert state_of(monitor).region == "us"
    services.update_monitor(monitor, now=LATER, regions=[])
    states = RegionState.objects.order_by("region").values_list("region", "counted_from")
    assert list(states) == [("eu", LATER), ("us", NOW)]


def test_a_new_cadence_moves_the_deadline(team):
    monitor = make_monitor(team, kind="heartbeat", config={"period_s": 300, "grace_s": 60})
    Heartbeat.objects.update(last_ping_at=NOW, deadline_at=NOW + timedelta(seconds=360))
    services.update_monitor(monitor, now=NOW, config_changes={"cron": "0 * * * *"})
    assert Heartbeat.objects.get().deadline_at == NOW + timedelta(hours=1, seconds=60)
    assert Monitor.objects.get().config["period_s"] is None


def test_editing_what_was_deleted_says_so(team):
    monitor = make_monitor(team)
    Monitor.objects.all().delete()
    with pytest.raises(RuleViolation, match=r"This monitor was deleted in the meantime\."):
        services.update_monitor(monitor, now=LATER, name="Other")


# Pausing, deleting, cloning


def test_pausing_tells_which_were_running_and_resuming_begins_anew(team):
    running, paused = make_monitor(team), make_monitor(team, enabled=False)
    make_down(running)

    assert services.pause_monitors([running, paused], now=LATER) == [running]
    assert state_of(running).state == "down"
    assert services.pause_monitors([running], now=LATER) == []

    assert services.resume_monitors([running], now=LATER) == [running]
    state = state_of(running)
    assert (state.state, state.failures, state.passes, state.counted_from) == ("pending", 0, 0, LATER)
    assert state.changed_at == LATER
    assert list(Monitor.objects.order_by("pk").values_list("enabled", flat=True)) == [True, False]


def test_editing_enabled_is_pausing_and_resuming(team):
    monitor = make_monitor(team)
    make_down(monitor)
    assert services.update_monitor(monitor, now=LATER, enabled=False).enabled is False
    assert services.update_monitor(monitor, now=LATER, enabled=True).enabled is True
    assert state_of(monitor).state == "pending"


def test_a_resumed_heartbeat_waits_for_its_first_ping(team):
    monitor = make_monitor(team, kind="heartbeat", config={"period_s": 300}, enabled=False)
    Heartbeat.objects.update(deadline_at=NOW, started_at=NOW, run_id="r")
    services.resume_monitors([monitor], now=LATER)
    assert Heartbeat.objects.values_list("deadline_at", "started_at", "run_id").get() == (None, None, "")


def test_deleting_takes_all_that_was_found_in_one_statement_and_nothing_else(team):
    gone, stays = make_monitor(team, tags=["prod"]), make_monitor(team)
    for minute in range(30):
        make_result(gone, at=NOW + timedelta(minutes=minute))
    kept = make_result(stays)

    with CaptureQueriesContext(connection) as queries:
        assert services.delete_monitors([gone]) == [gone.pk]

    statements = [q["sql"].translate({ord('"'): None, ord("`"): None}) for q in queries]
    deletes = [sql for sql in statements if sql.startswith("DELETE FROM monitors_result")]
    assert deletes[0].endswith(f"WHERE monitors_result.monitor_id IN ({gone.pk})")
    assert list(Monitor.objects.all()) == [stays]
    assert Result.objects.get().pk == kept.pk
    assert RegionState.objects.get().monitor == stays
    assert Tag.objects.get().name == "prod"


def test_a_clone_has_the_same_configuration_and_a_life_of_its_own(team):
    source = make_monitor(team, url=SHOP, config=BEARER, tags=["prod"], interval_s=300)
    make_down(source)
    make_result(source)

    clone = services.clone_monitor(source, now=LATER)

    assert (clone.name, clone.team_id, clone.url) == ("Shop (copy)", team.pk, source.url)
    assert unseal(clone.secrets) == unseal(source.secrets)
    assert clone.phase_ms == phase_of(clone.pk, 300) != source.phase_ms
    assert [tag.name for tag in clone.tags.all()] == ["prod"]
    assert (state_of(clone).state, state_of(clone).counted_from) == ("pending", LATER)
    assert not clone.results.exists()


def test_a_cloned_heartbeat_has_another_address(team):
    source = make_monitor(team, kind="heartbeat", name="n" * 100)
    clone = services.clone_monitor(source, now=LATER)
    assert clone.heartbeat.uuid != source.heartbeat.uuid
    assert clone.name == "n" * 93 + " (copy)"


# Domains


def make_domain(team, **fields):
    return make_monitor(team, **{"kind": "domain", "url": "Shop.Example"} | fields)


def test_a_domain_is_asked_for_once_a_day_unless_said(team):
    monitor = make_domain(team)
    assert (monitor.url, monitor.interval_s, monitor.holds_s) == ("shop.example", 86_400, 86_400)
    assert make_monitor(team).interval_s == 60
    assert make_domain(team, interval_s=3_600).holds_s == 3_600


def test_a_domain_is_not_asked_for_more_often_than_once_an_hour(team):
    sentence = "A domain is asked for once an hour at most: from 3600 to 604800 seconds, not 3599."
    monitor, other = make_domain(team), make_monitor(team)
    assert refuse(make_domain, team, interval_s=3_599) == {"interval_s": [sentence]}
    assert refuse(services.update_monitor, monitor, now=LATER, interval_s=3_599) == {"interval_s": [sentence]}
    both = [monitor, other]
    assert refuse(services.edit_monitors, both, now=LATER, interval_s=3_599) == {"interval_s": [sentence]}
    assert [m.interval_s for m in Monitor.objects.order_by("pk")] == [86_400, 60]
    assert services.edit_monitors(both, now=LATER, interval_s=3_600) == both


@pytest.mark.parametrize("host", ["evil.example", {"value": "evil.example", "secret": True}])
def test_another_host_header_is_another_target_and_needs_the_secrets_again(host):
    monitor = make_monitor(
        make_team(), config={**BEARER, "headers": {**BEARER["headers"], "Host": "shop.example"}}
    )
    kept = {"auth": monitor.config["auth"], "headers": {**monitor.config["headers"], "Host": host}}
    with pytest.raises(ValidationError) as refused:
        services.update_monitor(monitor, config=kept, now=LATER)
    assert refused.value.message_dict == {"config.auth.token": [MOVED], "config.headers.X-Key": [MOVED]}
    same = {**kept, "headers": {**monitor.config["headers"], "host": "Shop.example"}}
    same["headers"].pop("Host")
    monitor = services.update_monitor(monitor, config=same, now=LATER)
    assert join(monitor.config, unseal(monitor.secrets))["auth"]["token"] == "s3cret-token"
