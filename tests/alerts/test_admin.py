from datetime import timedelta
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.messages.storage.cookie import CookieStorage
from django.utils import timezone

from alerts.models import Channel, Trouble, TroubleKind
from tests.factories import UserFactory, make_team

pytestmark = pytest.mark.django_db

REGISTRY: Any = admin.site._registry


def test_a_channel_that_an_operator_switches_on_gets_what_is_wrong_now(
    rf, monkeypatch, django_capture_on_commit_callbacks
):
    """Before: the alerts waited for the job's next run; no message woke it."""
    queues: list[str] = []
    monkeypatch.setattr("pipeline.dispatch.send_body", lambda queue, body, **_: queues.append(queue))
    request: Any = rf.post("/admin/")
    request.user = UserFactory(is_staff=True, is_superuser=True)
    request._messages = CookieStorage(request)
    team, began = make_team(), timezone.now() - timedelta(hours=1)
    channel = Channel.objects.create(team=team, name="Ops", kind="email", enabled=False)
    wrong = Trouble.objects.create(
        team=team,
        kind=TroubleKind.INCIDENT,
        event="down",
        title="x",
        opened_at=began,
        told_from=began,
        look_at=timezone.now() + timedelta(hours=1),
    )
    with django_capture_on_commit_callbacks(execute=True):
        REGISTRY[Channel].enable(request, Channel.objects.filter(pk=channel.pk))
    wrong.refresh_from_db()
    assert (wrong.look_at, queues) == (wrong.told_from, ["receipts"])
    assert Channel.objects.get(pk=channel.pk).enabled
    assert [str(message) for message in request._messages] == ["1 switched on."]
