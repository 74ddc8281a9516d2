"""What happens to every request: which pages may ask, its two spellings, its line in the log, and how its
answer is packed."""

import logging
import time
import uuid
from collections.abc import Callable

from corsheaders.middleware import ACCESS_CONTROL_ALLOW_CREDENTIALS, CorsMiddleware
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.middleware.gzip import GZipMiddleware
from django.urls import is_valid_path
from django.utils.encoding import escape_uri_path

from core import json_logs

logger = logging.getLogger(__name__)

Answer = Callable[[HttpRequest], HttpResponseBase]
_BOTH_SPELLINGS = ("/api/", "/ping/", "/admin", "/metrics")


_SECRET_PATHS = ("/ping/", "/status/-/", "/recipients/", "/acknowledge/")


def _spell_path(path: str) -> str:
    """The path as the log shows it. Some addresses are secrets (who knows one may ping, confirm or
    unsubscribe), so only their beginning is shown. A line break in a path must not begin a line of the
    log."""
    secret = next((start for start in _SECRET_PATHS if path.startswith(start)), None)
    return f"{secret}…" if secret else escape_uri_path(path)


class AppCorsMiddleware(CorsMiddleware):
    """Pages of the app's own origin may use the session; other pages that may call the API bring a token."""

    def add_response_headers(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        response = super().add_response_headers(request, response)
        if request.headers.get("Origin") not in settings.APP_ORIGINS:
            response.headers.pop(ACCESS_CONTROL_ALLOW_CREDENTIALS, None)
        return response


class RequestLogMiddleware:
    """Give the request an id, answer both spellings of a path (with and without the last slash), log one
    line.

    The spelling is mended here rather than redirected, so that a POST keeps its body.
    """

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        started = time.perf_counter()
        request_id = uuid.uuid4().hex[:12]
        json_logs.request_id.set(request_id)
        path = request.path_info
        if path.startswith(_BOTH_SPELLINGS) and not is_valid_path(path):
            other = path[:-1] if path.endswith("/") else f"{path}/"
            if is_valid_path(other):
                request.path_info = other
        response = self.get_response(request)
        if isinstance(response, HttpResponse):
            response["X-Request-Id"] = request_id
        took_ms = round((time.perf_counter() - started) * 1000)
        logger.log(
            logging.DEBUG if path.startswith("/demo/") else logging.INFO,
            "request method=%s path=%s status=%d took_ms=%d id=%s",
            request.method,
            _spell_path(path),
            response.status_code,
            took_ms,
            request_id,
        )
        return response


class CompressApiMiddleware(GZipMiddleware):
    """Compress what the API answers, for nothing in front of it does: CloudFront packs only what it may keep.

    The API alone. A compressed answer's length tells what it has in common with what a stranger made us
    repeat in it (BREACH), if he can make a browser ask with somebody's rights: the API's are shown by a
    header that no strange page can send, its session cookie is not sent for such pages either
    (SameSite=Lax), and it never repeats a secret. Sign-in, the admin and public pages with forms, which rest
    on cookies, stay as they are. On top, Django pads every answer at random.
    """

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        if request.path_info.startswith("/api/"):
            return super().process_response(request, response)
        return response
