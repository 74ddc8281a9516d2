"""How often one may try to log in, register, reset a password or invite: per client address and per account.

Counted in Django's cache with its atomic increment, in fixed windows; the rates are in the settings.
"""

import hashlib
import ipaddress
import re
import time
from typing import TYPE_CHECKING

from django.core.cache import cache
from rest_framework.request import Request
from rest_framework.settings import api_settings
from rest_framework.throttling import BaseThrottle

if TYPE_CHECKING:
    from rest_framework.views import APIView

_RATE = re.compile(r"(\d+)/(minute|hour|day)")
_PERIODS_S = {"minute": 60, "hour": 3600, "day": 86_400}


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


def forget_attempts(scope: str, ident: str, *, now: float) -> None:
    """After a success, so that only failures in a row lock an account."""
    cache.delete(_cache_key(scope, ident, now=now))


def fold_account(email: object) -> str:
    return email.strip().lower() if isinstance(email, str) else ""


def fold_address(address: str | None) -> str:
    """IPv6 by its /64, which one customer owns; IPv4 as it is, also when mapped into IPv6."""
    try:
        ip = ipaddress.ip_address(address or "")
    except ValueError:
        return address or "unknown"
    if isinstance(ip, ipaddress.IPv6Address):
        return str(ip.ipv4_mapped or ipaddress.ip_network((ip, 64), strict=False))
    return str(ip)


def _parse_rate(scope: str) -> tuple[int, int]:
    rate = _RATE.fullmatch(str(api_settings.DEFAULT_THROTTLE_RATES[scope]))
    if rate is None:
        raise ValueError(f"DEFAULT_THROTTLE_RATES[{scope!r}] must look like 10/minute, /hour or /day.")
    return int(rate[1]), _PERIODS_S[rate[2]]


def _cache_key(scope: str, ident: str, *, now: float) -> str:
    """The window is part of the key; whom it counts is hashed, to keep addresses out of the cache."""
    _, period_s = _parse_rate(scope)
    return f"attempts:{scope}:{int(now // period_s)}:{hashlib.sha256(ident.encode()).hexdigest()[:32]}"


class _Attempts(BaseThrottle):
    scope: str
    wait_s: float | None = None

    def allow_request(self, request: Request, view: "APIView") -> bool:
        who = self.identify(request)
        self.wait_s = count_attempt(self.scope, who, now=time.time()) if who else None
        return self.wait_s is None

    def wait(self) -> float | None:
        return self.wait_s

    def identify(self, request: Request) -> str:
        """Whom to count; empty counts nobody."""
        raise NotImplementedError


class _PerAddress(_Attempts):
    def identify(self, request: Request) -> str:
        return fold_address(self.get_ident(request))  # believes as many proxies as NUM_PROXIES says


class _PerAccount(_Attempts):
    """By the address in the body, whether or not there is such an account."""

    def identify(self, request: Request) -> str:
        return fold_account(request.data.get("email")) if isinstance(request.data, dict) else ""


class _PerUser(_Attempts):
    def identify(self, request: Request) -> str:
        return fold_account(getattr(request.user, "email", ""))


class LoginPerAddress(_PerAddress):
    scope = "login_address"


class LoginPerAccount(_PerAccount):
    scope = "login_account"


class PasswordPerUser(_PerUser):
    """Guessing the current password counts as guessing at the log-in."""

    scope = "login_account"


class RegisterPerAddress(_PerAddress):
    scope = "register_address"


class RegisterPerAccount(_PerAccount):
    scope = "register_account"


class ResetPerAddress(_PerAddress):
    scope = "reset_address"


class ResetPerAccount(_PerAccount):
    scope = "reset_account"


class InvitePerUser(_PerUser):
    """Invitations are letters to strangers."""

    scope = "invite_user"

    def allow_request(self, request: Request, view: "APIView") -> bool:
        return request.method != "POST" or super().allow_request(request, view)
