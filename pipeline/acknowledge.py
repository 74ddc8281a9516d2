"""`/acknowledge/{token}/`: the page behind an alert's link. A GET changes nothing; its button does."""

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from alerts.acknowledging import LinkInvalid, read_link, use_link
from pipeline.telling import tell

_HEADERS = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",  # the address is the right to acknowledge
    "X-Robots-Tag": "noindex",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'",
}


@csrf_exempt  # the token is the right, and no cookie adds to it
@require_http_methods(["GET", "HEAD", "POST"])
def acknowledge(request: HttpRequest, token: str) -> HttpResponse:
    """Shows the incident with a button; the button's POST acknowledges."""
    now = timezone.now()
    try:
        row = read_link(token)
        if request.method != "POST":
            return _page(request, "ask", row=row)
        with transaction.atomic():
            event = use_link(row, now=now)
            if event:
                tell([event], now=now)
    except LinkInvalid as why:
        return _page(request, "invalid", why=str(why), status=410)
    return _page(request, "done" if event else "already", row=row)


def _page(request: HttpRequest, state: str, *, status: int = 200, **context: object) -> HttpResponse:
    page = render(request, "pipeline/acknowledge.html", {"state": state, **context}, status=status)
    for name, value in _HEADERS.items():
        page[name] = value
    return page


ACKNOWLEDGE_PATHS = [path("acknowledge/<str:token>/", acknowledge, name="acknowledge")]
