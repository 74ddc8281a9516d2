"""Requests that wait for the outside (a target, a receiver, a name server) are bounded, a user's and all
together. Each holds a thread of the web server, or a function of Lambda's, for as long as somebody else
takes.

They are counted in the database, which every process of every engine has; a cache may be each process's own.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import cast

from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AnonymousUser
from django.db.models import Count, Q, QuerySet
from django.utils import timezone
from rest_framework.exceptions import Throttled

from accounts.models import OutsideCall

HELD_FOR = timedelta(minutes=2)
"""Longer than any such request takes: one that has not ended by then was killed."""
RETRY_AFTER_S = 5


@contextmanager
def hold_place(user: AbstractBaseUser | AnonymousUser) -> Iterator[None]:
    """Hold a place while the block runs; ``Throttled`` (429) when all of the user's, or all there are, are
    taken."""
    now, holder = timezone.now(), cast(int, user.pk)  # whoever may call has signed in
    _require_room(holder, OutsideCall.objects.filter(until__gt=now))
    OutsideCall.objects.filter(until__lte=now).delete()
    call = OutsideCall.objects.create(user_id=holder, until=now + HELD_FOR)
    try:
        # Of several that came at once, those stay that find room behind who came before.
        _require_room(holder, OutsideCall.objects.filter(until__gt=now, pk__lt=call.pk))
        yield
    finally:
        OutsideCall.objects.filter(pk=call.pk).delete()


def _require_room(holder: int, calls: QuerySet[OutsideCall]) -> None:
    held = calls.aggregate(of_all=Count("pk"), of_user=Count("pk", filter=Q(user_id=holder)))
    if held["of_user"] >= settings.OUTSIDE_CALLS_A_USER:
        raise Throttled(RETRY_AFTER_S, "You are waiting for as many answers from outside as you may at once.")
    if held["of_all"] >= settings.OUTSIDE_CALLS:
        raise Throttled(RETRY_AFTER_S, "Too many requests are waiting for answers from outside just now.")
