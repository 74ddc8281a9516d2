"""How many attempts to log in, register, reset a password or invite are allowed: for each client address and
each account.

They are counted by atomic increments, in fixed windows, in a cache of their own that nothing else can push
entries out of. The rates are in the settings.

An account's log-ins are counted for each address, so that a stranger who guesses does not lock the owner out.
All addresses from which the account has not signed in share one more count, against guesses from many places.
"""

import hashlib
import re
import time
from collections.abc import Iterable
from typing import TYPE_CHECKING

from django.core.cache import caches
from django.http import HttpRequest
from django.utils.connection import ConnectionProxy
from rest_framework.request import Request
from rest_framework.settings import api_settings
from rest_framework.throttling import BaseThrottle

from accounts.addresses import fold_email
from core.client_address import client_address, fold_address

if TYPE_CHECKING:
    from rest_framework.views import APIView

_RATE = re.compile(r"(\d+)/(minute|hour|day)")
_PERIODS_S = {"minute": 60, "hour": 3600, "day": 86_400}
KNOWN_FOR_S = 30 * 86_400
cache = ConnectionProxy(caches, "attempts")

Count = tuple[str, str]
"""A scope of the rates, and whom it counts."""


def count_attempt(scope: str, ident: str, *, now: float) -> float | None:
    """Count one; None if it is allowed, else the seconds until the next one is."""
    limit, period_s = _parse_rate(scope)
    key = _cache_key(scope, ident, now=now)
    cache.add(key, 0, timeout=period_s)
    try:
        count = cache.incr(key)
    except ValueError:  # it expired in between: a new window
        count = 1
    return None if count <= limit else period_s - now % period_s


def count_attempts(counts: Iterable[Count], *, now: float) -> float | None:
    """Count an attempt under each of ``counts`` in turn, and stop at the first that is used up. So an attempt
    that is refused adds no further entries. Returns the seconds to wait, or None."""
    for scope, ident in counts:
        wait_s = count_attempt(scope, ident, now=now)
        if wait_s is not None:
            return wait_s
    return None


def list_login_counts(request: HttpRequest, account: str) -> list[Count]:
    """Under what a log-in to ``account``, which went through ``fold_email``, is counted."""
    address = fold_address(client_address(request))
    counts = [("login_address", address)]
    if account:
        counts.append(("login_account_address", f"{account} {address}"))
        if not cache.get(_known_key(account, address)):
            counts.append(("login_account", account))
    return counts


def list_counts_of(start: str, request: HttpRequest, account: str) -> list[Count]:
    """Under what an attempt to ``register`` or ``reset`` is counted; ``account`` may be empty."""
    counts = [(f"{start}_address", fold_address(client_address(request)))]
    return [*counts, (f"{start}_account", account)] if account else counts


def note_login(request: HttpRequest, account: str, *, now: float) -> None:
    """Called after a success. Forgets the failures before it, and remembers that the account is known at this
    address."""
    address = fold_address(client_address(request))
    for scope, ident in (("login_account_address", f"{account} {address}"), ("login_account", account)):
        cache.delete(_cache_key(scope, ident, now=now))
    cache.set(_known_key(account, address), True, timeout=KNOWN_FOR_S)


def _parse_rate(scope: str) -> tuple[int, int]:
    rate = _RATE.fullmatch(str(api_settings.DEFAULT_THROTTLE_RATES[scope]))
    if rate is None:
        raise ValueError(f"DEFAULT_THROTTLE_RATES[{scope!r}] must look like 10/minute, /hour or /day.")
    return int(rate[1]), _PERIODS_S[rate[2]]


def _cache_key(scope: str, ident: str, *, now: float) -> str:
    """The window is part of the key; whom it counts is hashed, to keep addresses out of the cache."""
    _, period_s = _parse_rate(scope)
    return f"attempts:{scope}:{int(now // period_s)}:{_hash(ident)}"


def _known_key(account: str, address: str) -> str:
    return f"known:{_hash(f'{account} {address}')}"


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()[:32]


class _Attempts(BaseThrottle):
    wait_s: float | None = None

    def allow_request(self, request: Request, view: "APIView") -> bool:
        self.wait_s = count_attempts(self.list_counts(request), now=time.time())
        return self.wait_s is None

    def wait(self) -> float | None:
        return self.wait_s

    def list_counts(self, request: Request) -> list[Count]:
        """Under what to count, the widest first."""
        raise NotImplementedError


class LoginThrottle(_Attempts):
    """Counts by the account that the body names, whether it exists or not."""

    def list_counts(self, request: Request) -> list[Count]:
        return list_login_counts(request._request, _account_of(request))


class RegisterThrottle(_Attempts):
    def list_counts(self, request: Request) -> list[Count]:
        return list_counts_of("register", request._request, _account_of(request))


class ResetThrottle(_Attempts):
    def list_counts(self, request: Request) -> list[Count]:
        return list_counts_of("reset", request._request, _account_of(request))


class PasswordThrottle(_Attempts):
    """Guessing the current password counts as guessing at the log-in."""

    def list_counts(self, request: Request) -> list[Count]:
        return [("login_account", account)] if (account := _user_of(request)) else []


class InviteThrottle(_Attempts):
    """Invitations are e-mails to strangers."""

    counted = ("POST",)

    def list_counts(self, request: Request) -> list[Count]:
        account = _user_of(request) if request.method in self.counted else ""
        return [("invite_user", account)] if account else []


def _account_of(request: Request) -> str:
    return fold_email(request.data.get("email")) if isinstance(request.data, dict) else ""


def _user_of(request: Request) -> str:
    return fold_email(getattr(request.user, "email", ""))
