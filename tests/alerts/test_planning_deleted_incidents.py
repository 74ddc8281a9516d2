"""An incident that a person deletes is told no more, and nothing of it waits for ever."""

from datetime import timedelta

import pytest
from django.utils import timezone

from alerts import planning, sending
from alerts.models import Delivery
from incidents.models import Incident
from incidents.reconcile import IncidentEvent
from incidents.services import open_manual
from pipeline.fanout import tell_events
from tests.alerts.factories import drop_defaults, make_channel, make_rule

pytestmark = pytest.mark.django_db


def open_and_delete(api, team, user, **rule):
    drop_defaults(team)
    make_rule(make_channel(team), **rule)
    other, incident = [
        open_manual(team, title=title, author=user, now=timezone.now()) for title in ("Other", "Mistake")
    ]
    tell_events([IncidentEvent("opened", one) for one in (other, incident)], now=timezone.now())
    assert api.delete(f"/api/v1/incidents/{incident.pk}/").status_code == 204
    assert Incident.objects.get() == other


def test_what_was_kept_back_of_it_is_kept_back_no_more(api, team, user):
    open_and_delete(api, team, user, delay_min=60)
    rows = Delivery.objects.filter(status="withheld").order_by("pk")
    assert [(row.subject, row.settled_at is None) for row in rows] == [("Other", True), ("Mistake", False)]


def test_what_waits_to_be_sent_is_sent_no_more(api, team, user):
    open_and_delete(api, team, user)
    later = timezone.now() + timedelta(minutes=2)
    planning.follow_troubles(now=later)
    assert [message.content.subject for message in sending.take_due(now=later)] == ["Other"]
    dropped = Delivery.objects.get(trouble=None)
    assert (dropped.status, dropped.reason) == ("dropped", "over")
    assert dropped.answer == "What it tells of was deleted before this could be sent."
