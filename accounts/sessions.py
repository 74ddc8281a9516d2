"""Sessions that are over, and what django-allauth notes of each (address, browser, since when)."""

from datetime import datetime

from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.db.models import Exists, OuterRef


def purge_expired_sessions(*, now: datetime, limit: int = 10_000) -> int:
    """Forget up to ``limit`` sessions that have expired, and as many notes of sessions that are gone.

    The number of rows deleted. Safe to run twice.
    """
    expired = Session.objects.filter(expire_date__lt=now).order_by("pk").values_list("pk", flat=True)
    sessions, _ = Session.objects.filter(pk__in=list(expired[:limit])).delete()
    alive = Session.objects.filter(session_key=OuterRef("session_key"))
    orphans = UserSession.objects.filter(~Exists(alive)).order_by("pk").values_list("pk", flat=True)
    notes, _ = UserSession.objects.filter(pk__in=list(orphans[:limit])).delete()
    return sessions + int(notes)
