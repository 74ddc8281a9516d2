"""Serve pages under their custom domains.

This middleware runs before Django's own, which refuse hosts that are not in ALLOWED_HOSTS. A request for a
proven custom domain is answered here, with its page and nothing else: API, admin, sessions and static files
cannot be reached under that domain.
"""

import re
from collections.abc import Callable

from django.conf import settings
from django.core.cache import cache
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest
from django.http.request import split_domain_port, validate_host
from django.http.response import HttpResponseBase

from statuspages import views
from statuspages.domains import SHAPE
from statuspages.models import StatusPage
from statuspages.urls import FILE_NAMES

KNOWN_FOR_S = 10
_FILE = re.compile(FILE_NAMES)


class CustomDomainMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        domain = split_domain_port(request.META.get("HTTP_HOST", ""))[0]
        if validate_host(domain, settings.ALLOWED_HOSTS) or not SHAPE.fullmatch(domain):
            return self.get_response(request)
        try:
            page_id = _find_page_id(domain)
            page = None if page_id is None else _read_page(page_id, domain)
        except (OperationalError, InterfaceError):
            page = None
        return self.get_response(request) if page is None else answer_domain(request, page)


def answer_domain(request: HttpRequest, page: StatusPage) -> HttpResponseBase:
    """Answer ``/``, the page's files, and the POSTs of its two forms. 404 for every other path."""
    path = request.path_info.removeprefix("/")
    if request.method in ("GET", "HEAD") and (path == "" or _FILE.fullmatch(path)):
        return views.give_file(request, page, path or "index.html")
    if request.method == "POST" and path == "unlock":
        return views.take_password(request, page)
    if request.method == "POST" and path == "subscribe":
        return views.take_subscription(request, page)
    return views.refuse("There is nothing here but the status page.")


def _find_page_id(domain: str) -> int | None:
    """The id of the page with this proven domain, or None. Cached for ``KNOWN_FOR_S`` seconds, also when
    there is none, because anybody may send any host name."""
    key = f"statuspages:domain:{domain}"
    known: int | None = cache.get(key)
    if known is None:
        row = StatusPage.objects.filter(verified_domain=domain).values_list("pk", flat=True).first()
        known = row or 0
        cache.set(key, known, timeout=KNOWN_FOR_S)
    return known or None


def _read_page(page_id: int, domain: str) -> StatusPage | None:
    pages = StatusPage.objects.select_related("team", "publication")
    return pages.filter(pk=page_id, verified_domain=domain).first()
