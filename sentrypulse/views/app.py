"""What people see where the app is not: at `/` while none is built, and under addresses that lead nowhere."""

import re

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from core import errors
from sentrypulse.app_files import answer_with_page, is_app_here

_ONE_THING = re.compile(r"/(?P<what>incident|monitor)s/(?P<id>\d{1,18})/?")
_ADMIN_PAGES = {"incident": "admin:incidents_incident_change", "monitor": "admin:monitors_monitor_change"}


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """Reached only where no app is built: it would have been served before."""
    return _tell_of_no_app(request, status=200)


def answer_not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """In the API's shape below `/api/`; to a browser the app's own page; else as Django does."""
    reads_pages = "text/html" in request.headers.get("Accept", "")
    if reads_pages and not f"{request.path_info}/".startswith("/api/"):
        page = answer_with_page("404.html", status=404)
        if page is not None:
            return page
        if request.resolver_match is None and not is_app_here():  # no view of ours: it may be the app's
            return _tell_of_no_app(request, status=404)
    return errors.answer_not_found(request, exception)


def _tell_of_no_app(request: HttpRequest, *, status: int) -> HttpResponse:
    """Where to go instead of the app. Links of alerts lead to one incident or monitor: the admin has it."""
    one = _ONE_THING.fullmatch(request.path_info)
    shown = {"nothing_at": request.path_info if status == 404 else ""}
    if one:
        shown["name"] = f"{one['what'].capitalize()} {one['id']}"
        shown["admin"] = reverse(_ADMIN_PAGES[one["what"]], args=[one["id"]])
        shown["api"] = reverse(f"{one['what']}-detail", args=[one["id"]])
    answer = render(request, "sentrypulse/no_app.html", shown, status=status)
    answer["Cache-Control"] = "no-store"
    return answer
