"""Limits for subscribing and for trying a page's password: by client, by page, and by the address to
subscribe."""

import time

from django.http import HttpRequest

from accounts.throttles import count_attempt, count_attempts
from core.client_address import client_address, fold_address


def count_request(request: HttpRequest, scope: str, *, page_id: int, target: str = "") -> float | None:
    """Count one attempt by client, by page and, when ``target`` is given, by target. None when it is allowed;
    else the seconds until the next attempt is allowed.

    The rates are those of ``<scope>_address``, ``<scope>_page`` and ``<scope>_target``. An attempt that one
    limit refuses is not counted under the limits after it.
    """
    client = fold_address(client_address(request))
    counts = [(f"{scope}_address", client), (f"{scope}_page", str(page_id))]
    if target:
        counts.append((f"{scope}_target", f"{page_id}:{target.lower()}"))
    return count_attempts(counts, now=time.time())


def count_target(scope: str, *, page_id: int, target: str) -> float | None:
    """Count one attempt by target alone, for members of the team, who may add many addresses. Returns the
    same as ``count_request``."""
    return count_attempt(f"{scope}_target", f"{page_id}:{target.lower()}", now=time.time())
