"""Serve the files of a page: who may read them, the cache, and the headers of the answer."""

import hashlib
from datetime import datetime

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.core.cache import cache
from django.core.signing import BadSignature, TimestampSigner
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.cache import get_conditional_response
from django.utils.crypto import constant_time_compare
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from accounts.authentication import ApiKeyAuthentication, TokenAuthentication
from accounts.selectors import Person, team_ids_for
from statuspages.models import StatusPage, Visibility
from statuspages.rendering import render_page
from statuspages.rendering.files import CACHE_CONTROL, MAX_AGE_S, PageFile
from statuspages.rendering.sources import make_content_policy, make_style

UNLOCKED_FOR_S = 7 * 86_400
_SALT = "statuspages.unlocked"


def read_file(page: StatusPage, name: str, *, now: datetime) -> PageFile | None:
    """One file of the page; None when the page has no such file. It was rendered at most ``MAX_AGE_S``
    seconds ago."""
    key = f"statuspages:{page.pk}:{page.publication.changes}"
    files: dict[str, PageFile] | None = cache.get(key)
    if files is None:
        files = render_page(page, now=now)
        cache.set(key, files, timeout=MAX_AGE_S)
    return files.get(name)


def answer_file(
    request: HttpRequest, file: PageFile, *, open_to_all: bool, listed: bool = True
) -> HttpResponseBase:
    """The answer with ``file`` and its headers; 304 when the reader has the same file."""
    response = HttpResponse(file.body, content_type=file.media_type)
    if file.policy:
        ancestors = "*" if file.embeddable else "'none'"
        response["Content-Security-Policy"] = f"{file.policy}; frame-ancestors {ancestors}"
    response["Cache-Control"] = CACHE_CONTROL if open_to_all else "private, no-store"
    response["X-Content-Type-Options"] = "nosniff"
    response["Referrer-Policy"] = "no-referrer"
    if not listed:
        response["X-Robots-Tag"] = "noindex, nofollow"
    if file.embeddable and open_to_all:
        response["Access-Control-Allow-Origin"] = "*"
    response.xframe_options_exempt = True  # frame-ancestors in the policy says who may show it in a frame
    if not open_to_all:
        return response
    etag = f'"{hashlib.sha256(file.body).hexdigest()[:32]}"'
    response["ETag"] = etag
    return get_conditional_response(request, etag=etag, response=response) or response


def answer_preview(file: PageFile) -> HttpResponse:
    """A draft, for a frame of the app's own. Nothing may keep it, and its forms send nothing."""
    response = HttpResponse(file.body, content_type=file.media_type)
    # Two policies, for the file's own says already where forms may be sent to.
    response["Content-Security-Policy"] = f"{file.policy}; frame-ancestors 'self', form-action 'none'"
    response["Cache-Control"] = "private, no-store"
    response["X-Content-Type-Options"] = "nosniff"
    response["Referrer-Policy"] = "no-referrer"
    response["X-Robots-Tag"] = "noindex, nofollow"
    response.xframe_options_exempt = True  # the policy says who may frame it
    return response


def answer_message(
    page: StatusPage | None,
    *,
    title: str,
    text: str = "",
    template: str = "message",
    status: int = 200,
    **context: object,
) -> HttpResponse:
    """A small page with one message, in the page's colours. No cache may keep it."""
    shown = page or StatusPage(title="SentryPulse")
    style = make_style(shown)
    # The target of a form is relative, so that it is right under /status/ and under a custom domain.
    policy = make_content_policy(style=style, form_action="'self'")
    body = render_to_string(
        f"statuspages/{template}.html",
        {"page": shown, "title": title, "text": text, "style": style, "policy": policy, **context},
    )
    response = HttpResponse(body, status=status)
    response["Content-Security-Policy"] = f"{policy}; frame-ancestors 'none'"
    response["Cache-Control"] = "private, no-store"
    response["X-Content-Type-Options"] = "nosniff"
    response["Referrer-Policy"] = "no-referrer"
    response["X-Robots-Tag"] = "noindex, nofollow"
    return response


# Who may read


def may_read(request: HttpRequest, page: StatusPage) -> bool:
    """Whether this request may read the page. Every view of a page asks this function."""
    if page.is_open:
        return True
    if page.visibility == Visibility.PASSWORD:
        return is_unlocked(request, page)
    return page.team_id in team_ids_for(_who_asks(request))


def _who_asks(request: HttpRequest) -> Person:
    """The user by session, access token or API key. On a custom domain there is no session."""
    signed_in: Person | None = getattr(request, "user", None)
    if signed_in is not None and signed_in.is_authenticated:
        return signed_in
    asked = Request(request, authenticators=[TokenAuthentication(), ApiKeyAuthentication()])
    try:
        return asked.user
    except AuthenticationFailed:
        return AnonymousUser()


def cookie_name(page: StatusPage) -> str:
    return f"statuspage-{page.pk}"


def is_unlocked(request: HttpRequest, page: StatusPage) -> bool:
    """Whether the request has a cookie of ``unlock`` for the page's current password."""
    signer = TimestampSigner(salt=_SALT)
    try:
        value = signer.unsign(request.COOKIES.get(cookie_name(page), ""), max_age=UNLOCKED_FOR_S)
    except BadSignature:
        return False
    return constant_time_compare(value, _proof(page))


def unlock(response: HttpResponse, page: StatusPage, *, path: str) -> None:
    """Set the cookie that unlocks the page, for ``UNLOCKED_FOR_S`` seconds or until the password changes."""
    response.set_cookie(
        cookie_name(page),
        TimestampSigner(salt=_SALT).sign(_proof(page)),
        max_age=UNLOCKED_FOR_S,
        path=path,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )


def _proof(page: StatusPage) -> str:
    return f"{page.pk}.{hashlib.sha256(page.password_hash.encode()).hexdigest()[:32]}"


def ask_for_password(page: StatusPage, *, wrong: bool = False, wait_s: float | None = None) -> HttpResponse:
    """The form for the password. It shows nothing of the page, not even the title. ``wait_s``: seconds until
    the next try is allowed."""
    with translation.override(page.language):
        blank = StatusPage(title="", language=page.language, theme=page.theme)
        response = answer_message(
            blank,
            title=translation.gettext("This status page is behind a password"),
            template="unlock",
            status=429 if wait_s else 403,
            wrong=wrong,
            wait_s=wait_s,
        )
    if wait_s:
        response["Retry-After"] = str(int(wait_s) + 1)
    return response
