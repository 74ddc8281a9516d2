"""The public addresses that jobs ping. What was answered with OK is stored, and recorded, for good."""

import logging
from uuid import UUID

from django.conf import settings
from django.db import Error as DatabaseError
from django.db import transaction
from django.http import HttpRequest, HttpResponse, UnreadablePostError
from django.urls import URLPattern, re_path
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from core.client_address import client_address
from monitors.heartbeats import take_ping
from monitors.models import Heartbeat, PingKind
from pipeline.stages import record

logger = logging.getLogger(__name__)

RETRY_AFTER_S = 5


@csrf_exempt
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def answer_ping(
    request: HttpRequest, uuid: str, exit_status: str | None = None, kind: PingKind = PingKind.SUCCESS
) -> HttpResponse:
    """Take one ping; 200 only once it is committed, 503 (worth a retry) where the database failed."""
    heartbeat = _parse_uuid(uuid)
    if heartbeat is None:
        return _say("not found", 404)
    if exit_status is not None and int(exit_status) > 255:
        return _say("An exit status is a number from 0 to 255.", 400)
    run_id = request.GET.get("rid")
    if run_id is not None and _parse_uuid(run_id) is None:
        return _say("rid must be a UUID, such as 728b3763-fb83-44f0-bb03-b2f0f8d1f1cd.", 400)
    try:
        _keep(request, heartbeat, kind, exit_status, str(_parse_uuid(run_id)) if run_id else "")
    except Heartbeat.DoesNotExist:
        return _say("not found", 404)
    except DatabaseError:
        logger.exception("ping kept=0 kind=%s", kind)
        response = _say("Try again.", 503)
        response["Retry-After"] = str(RETRY_AFTER_S)
        return response
    return _say("OK", 200)


def _keep(request: HttpRequest, uuid: UUID, kind: PingKind, exit_status: str | None, run_id: str) -> None:
    """Both or neither: the ping, and what it means."""
    now = timezone.now()
    body = _read_body(request)
    with transaction.atomic():
        result = take_ping(
            uuid,
            kind=kind,
            exit_status=None if exit_status is None else int(exit_status),
            run_id=run_id,
            body=body,
            address=client_address(request),
            user_agent=request.headers.get("User-Agent", ""),
            method=request.method or "",
            now=now,
        )
        if result is not None and record.record([result], now=now).left_out:
            raise DatabaseError("The result of the ping could not be recorded; the log says why.")


def _read_body(request: HttpRequest) -> bytes:
    """The body up to the cap, the rest is left unread; ``request.body`` would refuse large ones."""
    try:
        body: bytes = request.read(settings.PING_BODY_MAX_BYTES)
    except UnreadablePostError:
        return b""  # it broke off, but it did come
    return body


def _parse_uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _say(text: str, status: int) -> HttpResponse:
    response = HttpResponse(text, status=status, content_type="text/plain; charset=utf-8")
    response["Access-Control-Allow-Origin"] = "*"
    response["Ping-Body-Limit"] = str(settings.PING_BODY_MAX_BYTES)
    return response


_UUID = r"^ping/(?P<uuid>[0-9A-Fa-f-]{32,36})"

PING_PATHS: list[URLPattern] = [
    re_path(rf"{_UUID}/?$", answer_ping, name="ping"),
    re_path(rf"{_UUID}/start/?$", answer_ping, {"kind": PingKind.START}, name="ping-start"),
    re_path(rf"{_UUID}/fail/?$", answer_ping, {"kind": PingKind.FAIL}, name="ping-fail"),
    re_path(rf"{_UUID}/(?P<exit_status>[0-9]{{1,20}})/?$", answer_ping, name="ping-exit-status"),
]
