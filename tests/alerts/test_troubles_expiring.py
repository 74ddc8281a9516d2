"""What expires is told once, whatever happens between, until it is renewed; and then anew."""

import json
from datetime import UTC, datetime, timedelta
from importlib import import_module

import msgspec
import pytest
from django.apps import apps

from accounts.models import Role
from alerts.burning_budgets import Burn, update_budget_troubles
from alerts.models import Delivery, Rule, Trouble
from pipeline.specs import build_spec
from pipeline.stages.record import record
from probes.result import Status
from probes.run import Prober
from tests.alerts.factories import T0, drop_defaults, make_channel, make_rule
from tests.alerts.telling import Telling
from tests.factories import make_member, make_monitor, make_team
from tests.hostile.servers import answer, serve
from tests.pipeline.factories import make_result

pytestmark = pytest.mark.django_db
DAY_S = 86_400


@pytest.fixture
def team():
    return make_team(name="Ours")


@pytest.fixture
def hook(team):
    drop_defaults(team)
    channel = make_channel(team)
    make_rule(channel)
    return channel


def check(telling, monitor, status, *, days=None, code="", field="domain_expires_at"):
    """A daily result; what the monitor watches expires ``days`` after T0."""
    given = {"error_code": code, "error": code and f"It is {code}."}
    given |= {field: T0 + timedelta(days=days)} if days is not None else {}
    record([make_result(monitor, telling.now, status, **given)], now=telling.now)
    telling.run(seconds=DAY_S)


def test_a_domain_that_expires_is_told_once_and_when_it_is_renewed_and_the_next_time_anew(team, hook):
    monitor, telling = make_monitor(team, kind="domain", url="shop.example", interval_s=DAY_S), Telling()
    check(telling, monitor, "U", days=14)
    for _ in range(3):
        check(telling, monitor, "S", days=14, code="domain_expiring")
    check(telling, monitor, "?", code="expiry_unknown")
    check(telling, monitor, "S", days=14, code="domain_expiring")
    assert telling.subjects() == ["Shop has a domain that expires soon"]
    check(telling, monitor, "U", days=379)
    check(telling, monitor, "U", days=379)
    assert telling.subjects()[1:] == ["Shop has its domain renewed"]
    check(telling, monitor, "S", days=379, code="domain_expiring")
    assert telling.subjects()[2:] == ["Shop has a domain that expires soon"]
    assert list(Trouble.objects.order_by("pk").values_list("kind", "event", "key")) == [
        ("domain", "domain_expiring", f"domain:{monitor.pk}:{int((T0 + timedelta(days=d)).timestamp())}")
        for d in (14, 379)
    ]


@pytest.mark.parametrize(
    ("expiring", "expired", "field"),
    [
        ("domain_expiring", "domain_expired", "domain_expires_at"),
        ("tls_expiring", "tls_expired", "tls_expires_at"),
    ],
)
def test_what_expired_in_the_end_is_over_when_it_is_renewed_and_told_the_next_time(
    team, hook, expiring, expired, field
):
    monitor, telling = make_monitor(team, interval_s=DAY_S), Telling()
    check(telling, monitor, "U", days=2, field=field)
    check(telling, monitor, "S", code=expiring, days=2, field=field)
    for _ in range(2):
        check(telling, monitor, "D", code=expired, days=2, field=field)
    check(telling, monitor, "U", days=90, field=field)
    assert not Trouble.objects.filter(closed_at__isnull=True).exists()
    check(telling, monitor, "S", code=expiring, days=90, field=field)
    assert Trouble.objects.filter(event=expiring).count() == 2
    assert len([row for row in telling.subjects() if "expires soon" in row]) == 2


@pytest.mark.parametrize(
    ("kind", "code", "field", "setting"),
    [
        ("http", "tls_expiring", "tls_expires_at", "tls_expiry_days"),
        ("domain", "domain_expiring", "domain_expires_at", "expiry_days"),
    ],
)
def test_what_expires_is_told_anew_at_each_threshold_and_once_at_each(team, hook, kind, code, field, setting):
    url = {"url": "shop.example"} if kind == "domain" else {}
    monitor = make_monitor(team, kind=kind, interval_s=DAY_S, config={setting: [5, 3, 1]}, **url)
    telling, told = Telling(), []
    check(telling, monitor, "U", days=5.9, field=field)
    for _ in range(6):  # a little less than 5 days are left, then 4, 3, 2, 1 and none
        check(telling, monitor, "S", code=code, days=5.9, field=field)
        told.append(len(telling.subjects()))
    assert told == [1, 1, 2, 2, 3, 3]
    assert Trouble.objects.get().cause["threshold_days"] == 1
    check(telling, monitor, "U", days=90, field=field)
    assert len(telling.subjects()) == 4
    assert Trouble.objects.get().closed_at is not None


def test_an_error_budget_that_burns_is_not_over_because_a_check_is_good(team, hook):
    monitor = make_monitor(team)
    burn = Burn(1, (1,), team, monitor, "Burning", "Too fast.", "fast", T0, None)
    update_budget_troubles([burn], now=T0)
    for minute, letter in enumerate("SU"):
        at = T0 + timedelta(minutes=minute)
        record([make_result(monitor, at, letter)], now=at)
    assert Trouble.objects.get(kind="budget").closed_at is None


def test_from_a_real_registry_to_an_e_mail(team):
    """Asked by the probe as the pipeline asks: degraded, told once, renewed, recovered."""
    owner = make_member(team, Role.OWNER)
    telling, prober = Telling(), Prober(allow_private=True)
    expires = {"at": "2999-08-13T04:00:00Z"}

    def registry(connection, stop):
        events = [{"eventAction": "expiration", "eventDate": expires["at"]}]
        answer(json.dumps({"ldhName": "shop.example", "events": events}).encode())(connection, stop)

    with serve(registry) as server:
        config = {"rdap_url": server.url, "expiry_days": 30}
        monitor = make_monitor(team, kind="domain", url="shop.example", interval_s=3_600, config=config)

        def look():
            result = prober.run_one(build_spec(monitor, region="local", at=telling.now))
            soon = msgspec.structs.replace(result, checked_at=telling.now)
            record([soon], now=telling.now)
            telling.run(seconds=3_600)
            return result.status

        assert look() is Status.UP
        expires["at"] = (datetime.now(UTC) + timedelta(days=9)).isoformat()
        assert [look(), look()] == [Status.DEGRADED] * 2
        expires["at"] = "2999-08-13T04:00:00Z"
        assert [look(), look()] == [Status.UP] * 2
    prober.close()
    assert [(who, subject) for _, who, subject in telling.heard] == [
        (owner.email, "Shop has a domain that expires soon"),
        (owner.email, "Shop has its domain renewed"),
    ]
    assert "The domain expires on " in telling.messages[0].content.text
    assert "shop.example" in telling.messages[0].content.text
    assert Delivery.objects.count() == 2


def test_rules_that_told_of_certificates_tell_of_domains(team):
    drop_defaults(team)
    channel = make_channel(team)
    old = ["down", "tls_expiring", "recovered"]
    for name, events in {"all": old, "few": ["down"]}.items():
        make_rule(channel, name=name, events=events)
    migration = import_module("alerts.migrations.0003_rules_tell_of_domains")
    for _ in range(2):
        migration.add(apps, None)
        assert dict(Rule.objects.values_list("name", "events")) == {
            "all": ["down", "tls_expiring", "domain_expiring", "recovered"],
            "few": ["down"],
        }
    check(Telling(), make_monitor(team), "S", days=14, code="domain_expiring")
    assert Trouble.objects.filter(kind="domain").exists()
    migration.remove(apps, None)
    assert not Trouble.objects.exists()
    assert Delivery.objects.get().event == "domain_expiring"
    assert Rule.objects.get(name="all").events == old
