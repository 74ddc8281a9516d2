"""Refuses requests that went around the proxy in front of us, and requests that are larger than what we
read."""

from collections.abc import Callable
from hmac import compare_digest
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest, JsonResponse
from django.http.response import HttpResponseBase

from core.values import find_form_faults

Answer = Callable[[HttpRequest], HttpResponseBase]


_CUT_THEIR_BODIES = ("/ping/",)
"""A job's last words may be long: what does not fit is left out, and the ping counts."""


class OriginMiddleware:
    """With ``ORIGIN_SECRET`` set, refuses requests that do not show it. Only the proxy (CloudFront) knows the
    secret; a client that reaches us around the proxy could claim any address and name. Also refuses bodies
    that Django would not read, in the API's form and before anything is done."""

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if settings.ORIGIN_SECRETS:
            shown = request.headers.get("X-Origin-Secret", "")
            if not any(compare_digest(shown.encode(), secret.encode()) for secret in settings.ORIGIN_SECRETS):
                return _refuse(403, f"Ask {settings.PUBLIC_URL}, which asks us.")
            # What it looked for in vain elsewhere, the proxy asks for without the name that it was asked by.
            request.META.setdefault("HTTP_X_FORWARDED_HOST", urlsplit(settings.PUBLIC_URL).netloc)
        reads_it = not request.path_info.startswith(_CUT_THEIR_BODIES)
        if reads_it and _length(request) > settings.DATA_UPLOAD_MAX_MEMORY_SIZE:
            return _refuse(413, f"A request may hold {settings.DATA_UPLOAD_MAX_MEMORY_SIZE:,} bytes at most.")
        return self.get_response(request)


class ReadableMiddleware:
    """Refuse addresses and queries with text that nothing can hold. See ``requests.py`` for headers and
    ``parsing.py`` for bodies."""

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if "\0" in request.path_info:
            return _refuse(404, "There is no such address.")
        asks = request.META.get("QUERY_STRING") and not request.path_info.startswith(_CUT_THEIR_BODIES)
        if asks and (faults := find_form_faults(request.GET)):
            return JsonResponse(faults, status=400, headers={"Cache-Control": "no-store"})
        return self.get_response(request)


def _length(request: HttpRequest) -> int:
    length = request.META.get("CONTENT_LENGTH") or "0"
    return int(length) if length.isdecimal() else 0


def _refuse(status: int, why: str) -> JsonResponse:
    return JsonResponse({"detail": why}, status=status, headers={"Cache-Control": "no-store"})
