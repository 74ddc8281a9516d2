"""SLOs and burn alerts for operators."""

from decimal import Decimal

import pytest

from analytics.models import BurnAlert, Slo
from analytics.slos import services as slos
from analytics.slos.alerts import evaluate
from tests.analytics.factories import NOW, make_old, make_slo, make_tagged, store, store_hourly
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def monitor():
    """Up for three days, down for the last two minutes."""
    monitor = make_old(interval_s=3600)
    store_hourly(monitor)
    store(monitor, (120, "D"))
    return monitor


@pytest.fixture
def slo(monitor):
    return make_slo(monitor)


@pytest.fixture
def operator(client):
    client.force_login(UserFactory(is_staff=True, is_superuser=True))
    return client


def test_the_admins_pages_open(operator, slo):
    evaluate(now=NOW)
    alert = BurnAlert.objects.get()
    for path in ("slo/", "slo/?q=shop", "slo/add/", f"slo/{slo.pk}/change/", f"slo/{slo.pk}/delete/"):
        assert operator.get(f"/admin/analytics/{path}").status_code == 200
    for path in ("burnalert/", "burnalert/?closed_at__isempty=1&q=shop", f"burnalert/{alert.pk}/change/"):
        assert operator.get(f"/admin/analytics/{path}").status_code == 200


def test_alerts_are_neither_made_nor_deleted_by_hand(operator, slo):
    evaluate(now=NOW)
    alert = BurnAlert.objects.get()
    for path in ("add/", f"{alert.pk}/delete/"):
        assert operator.get(f"/admin/analytics/burnalert/{path}").status_code == 403
    assert operator.post(f"/admin/analytics/burnalert/{alert.pk}/delete/", {"post": "yes"}).status_code == 403
    assert BurnAlert.objects.get() == alert


@pytest.mark.parametrize("what", ["analytics/slo", "monitors/tag"])
def test_an_operator_deletes_an_slo_or_its_tag_with_the_alerts(operator, monitor, what):
    slo = make_slo(make_tagged(monitor))
    evaluate(now=NOW)
    pk = slo.pk if what == "analytics/slo" else slo.tag.pk
    assert operator.post(f"/admin/{what}/{pk}/delete/", {"post": "yes"}).status_code == 302
    assert not Slo.objects.exists()
    assert not BurnAlert.objects.exists()


def form(slo, **change):
    fields = {
        "team": slo.team_id,
        "name": slo.name,
        "monitor": slo.monitor_id or "",
        "tag": slo.tag_id or "",
        "target_ratio": slo.target_ratio,
        "window_days": slo.window_days,
    }
    return fields | change


def test_an_operators_change_closes_alerts_as_the_apis_does(operator, slo):
    evaluate(now=NOW)
    url = f"/admin/analytics/slo/{slo.pk}/change/"
    assert operator.post(url, form(slo, name="Renamed")).status_code == 302
    assert BurnAlert.objects.filter(closed_at=None).count() == 1
    slo.refresh_from_db()
    assert operator.post(url, form(slo, target_ratio="0.99")).status_code == 302
    slo.refresh_from_db()
    assert (slo.name, slo.target_ratio) == ("Renamed", Decimal("0.99"))
    assert BurnAlert.objects.filter(closed_at=None).count() == 0


def test_the_form_refuses_what_the_api_refuses(operator, slo, monitor):
    tag, theirs = make_tagged(monitor), make_old()
    url, before = f"/admin/analytics/slo/{slo.pk}/change/", list(Slo.objects.values())
    for change, field, said in (
        ({"target_ratio": "1"}, "target_ratio", slos.TARGET),
        ({"window_days": "91"}, "window_days", slos.WINDOW),
        ({"monitor": ""}, "monitor", slos.NO_SUBJECT),
        ({"tag": tag.pk}, "tag", slos.TWO_SUBJECTS),
        ({"monitor": theirs.pk}, "monitor", "Choose a monitor of the SLO's own team."),
    ):
        answer = operator.post(url, form(slo, **change))
        assert answer.context["adminform"].form.errors == {field: [said]}
    assert list(Slo.objects.values()) == before
    assert operator.post("/admin/analytics/slo/add/", form(slo)).status_code == 302
    assert Slo.objects.count() == 2
