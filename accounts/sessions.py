"""Sessions that are over, and what django-allauth notes of each (address, browser, since when)."""

from datetime import datetime

from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.db.models import Exists, OuterRef

from accounts.models import User

MAX_SESSIONS_A_USER = 25
"""Each sign-in makes one, and the library looks at all of a user's with each sign-in."""


def end_oldest_sessions(user: User, *, keep: int) -> None:
    """End those that ``user`` signed in by the app for, but for the newest ``keep``."""
    notes = UserSession.objects.filter(user=user).order_by("-pk")
    if old := dict(notes.values_list("pk", "session_key")[keep:]):
        Session.objects.filter(session_key__in=old.values()).delete()
        UserSession.objects.filter(pk__in=old).delete()


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
