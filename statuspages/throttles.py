"""How often one may subscribe, or try a page's password: per client, per page, per address that is named."""

import time

from django.http import HttpRequest

from accounts.throttles import count_attempt, count_attempts
from core.client_address import client_address, fold_address


def count_request(request: HttpRequest, scope: str, *, page_id: int, target: str = "") -> float | None:
    """Count one under ``<scope>_address``, ``<scope>_page`` and, where one is named, ``<scope>_target``; None
    if it is allowed, else the seconds until the next one is. Who is refused by the first takes nothing of the
    others' share."""
    client = fold_address(client_address(request))
    counts = [(f"{scope}_address", client), (f"{scope}_page", str(page_id))]
    if target:
        counts.append((f"{scope}_target", f"{page_id}:{target.lower()}"))
    return count_attempts(counts, now=time.time())


def count_target(scope: str, *, page_id: int, target: str) -> float | None:
    """The same of the address that is named alone: for members, who may name many."""
    return count_attempt(f"{scope}_target", f"{page_id}:{target.lower()}", now=time.time())
