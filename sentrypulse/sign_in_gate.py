"""The gate before django-allauth's headless API: what of it is open, what bodies hold, how often one may ask.

Attempts are counted as the API counts them (``accounts/throttles.py``), under the same names: a password that
is guessed once here and once there is guessed twice. The library's own limits are off. What is not in
``OPEN`` answers 404, also what the library's next version brings.
"""

import time
from collections.abc import Callable, Iterable
from typing import Any

from django.core.exceptions import ValidationError
from django.http import HttpRequest, JsonResponse
from django.http.response import HttpResponseBase
from rest_framework.exceptions import APIException, ParseError
from rest_framework.exceptions import ValidationError as Refusal

from accounts import throttles
from accounts.account_adapter import RESET
from accounts.addresses import fold_email
from accounts.library_forms import mend_fields
from accounts.models import User
from accounts.throttles import Count, count_attempts, list_login_counts
from core.client_address import client_address, fold_address
from core.parsers import TooLarge, read_request_json
from core.values import BIGGEST_ID

MAX_BODY_BYTES = 65_536
MAX_SESSIONS = 1_000
Body = dict[str, Any]
Counts = Callable[[HttpRequest, Body], list[Count]]


def _count_nothing(request: HttpRequest, body: Body) -> list[Count]:
    return []


def _count_login(request: HttpRequest, body: Body) -> list[Count]:
    return list_login_counts(request, fold_email(body.get("email")))


def _count_own_password(request: HttpRequest, body: Body) -> list[Count]:
    """Guessing the current password counts as guessing at the sign-in."""
    return [("login_account", request.user.email)] if isinstance(request.user, User) else []


def _count_own_mails(request: HttpRequest, body: Body) -> list[Count]:
    return [("verify_user", str(request.user.pk))] if isinstance(request.user, User) else []


def _by_address(scope: str) -> Counts:
    return lambda request, body: [(scope, fold_address(client_address(request)))]


def _by_address_and_account(start: str) -> Counts:
    return lambda request, body: throttles.list_counts_of(start, request, fold_email(body.get("email")))


OPEN: dict[str, dict[str, Counts]] = {
    "config": {"GET": _count_nothing},
    "current_session": {"GET": _count_nothing, "DELETE": _count_nothing},
    "login": {"POST": _count_login},
    "signup": {"POST": _by_address_and_account("register")},
    "request_password_reset": {"POST": _by_address_and_account("reset")},
    RESET: {"GET": _by_address("reset_address"), "POST": _by_address("reset_address")},
    "verify_email": {"GET": _by_address("verify_address"), "POST": _by_address("verify_address")},
    "manage_email": {"GET": _count_nothing, "PUT": _count_own_mails},
    "change_password": {"POST": _count_own_password},
    "reauthenticate": {"POST": _count_own_password},
    "sessions": {"GET": _count_nothing, "DELETE": _count_nothing},
}
"""By the library's names of its addresses: the methods that are open, and under what a request is counted."""


class SignInGate:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response
        mend_fields()

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Any, args: Any, kwargs: Any
    ) -> HttpResponseBase | None:
        match = request.resolver_match
        if match is None or not match.namespaces or match.namespaces[0] != "headless":
            return None
        methods = OPEN.get(match.url_name or "")
        if methods is None:
            return _refuse(404, [("There is no such address.", "not_found", "")])
        if request.method not in methods:
            allowed = ", ".join(sorted(methods))
            return _refuse(405, [(f"Ask by {allowed}.", "method_not_allowed", "")], {"Allow": allowed})
        try:
            body = read_sign_in_body(request)
        except APIException as fault:
            return _refuse(fault.status_code, _list_faults(fault.detail))
        wait_s = count_attempts(methods[request.method](request, body), now=time.time())
        if wait_s is None:
            return None
        seconds = int(wait_s) + 1
        why = f"Too many attempts. Try again in {seconds} seconds."
        return _refuse(429, [(why, "too_many_attempts", "")], {"Retry-After": str(seconds)})

    def process_exception(self, request: HttpRequest, fault: Exception) -> HttpResponseBase | None:
        """What our adapter refuses after the library's forms took it: somebody else was first."""
        if isinstance(fault, ValidationError) and request.path_info.startswith("/_allauth/"):
            return _refuse(400, _list_faults(fault.message_dict))
        return None


def read_sign_in_body(request: HttpRequest) -> Body:
    """The JSON of the body, which the library reads once more. Raises what the API answers."""
    if request.method == "GET":
        return {}
    if request.content_type != "application/json":
        if request.META.get("CONTENT_LENGTH") in {None, "", "0"}:
            return {}
        raise _NotJson
    if len(request.body) > MAX_BODY_BYTES:
        raise TooLarge(f"A request may hold {MAX_BODY_BYTES:,} bytes at most here.")
    if not request.body:
        return {}
    body = read_request_json(request.body)
    if not isinstance(body, dict):
        raise ParseError("Send a JSON object.")
    if faults := {name: ["This must be text."] for name, value in body.items() if not _is_plain(name, value)}:
        raise Refusal(faults)
    return body


class _NotJson(APIException):
    status_code = 415
    default_detail = "Send JSON, with Content-Type: application/json."


def _is_plain(name: str, value: Any) -> bool:
    if name == "sessions":
        ids = value if isinstance(value, list) else [None]
        return len(ids) <= MAX_SESSIONS and all(type(one) is int and 0 < one <= BIGGEST_ID for one in ids)
    return isinstance(value, str)


def _list_faults(detail: Any) -> Iterable[tuple[str, str, str]]:
    """Sentence, code and field of each."""
    if not isinstance(detail, dict):
        return [(str(detail), getattr(detail, "code", "invalid"), "")]
    return [
        (str(why), getattr(why, "code", "invalid"), name) for name, whys in detail.items() for why in whys
    ]


def _refuse(
    status: int, faults: Iterable[tuple[str, str, str]], headers: dict[str, str] | None = None
) -> JsonResponse:
    """An answer in the form of the library's API."""
    errors = [
        {"message": why, "code": code, **({"param": name} if name else {})} for why, code, name in faults
    ]
    return JsonResponse(
        {"status": status, "errors": errors},
        status=status,
        headers={"Cache-Control": "no-store", **(headers or {})},
    )
