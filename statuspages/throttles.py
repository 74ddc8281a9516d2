"""How often one may subscribe, or try a page's password: per client, per page, per address that is named."""

import time

from django.http import HttpRequest
from rest_framework.throttling import BaseThrottle

from accounts.throttles import count_attempt, fold_address


def count_request(request: HttpRequest, scope: str, *, page_id: int, target: str = "") -> float | None:
    """Count one under ``<scope>_address``, ``<scope>_page`` and, where one is named, ``<scope>_target``; None
    if it is allowed, else the seconds until the next one is."""
    now = time.time()
    client = fold_address(BaseThrottle().get_ident(request))  # type: ignore[arg-type]  # it reads META alone
    counted = [(f"{scope}_address", client), (f"{scope}_page", str(page_id))]
    if target:
        counted.append((f"{scope}_target", f"{page_id}:{target.lower()}"))
    waits = [count_attempt(name, ident, now=now) for name, ident in counted]
    return max((wait for wait in waits if wait is not None), default=None)


def count_target(scope: str, *, page_id: int, target: str) -> float | None:
    """The same of the address that is named alone: for members, who may name many."""
    return count_attempt(f"{scope}_target", f"{page_id}:{target.lower()}", now=time.time())
