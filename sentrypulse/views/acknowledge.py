"""`/acknowledge/{token}/`: the page behind an alert's link. A GET changes nothing; its button does."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from actions.incidents import acknowledge_by_link
from alerts.acknowledge_links import LinkInvalid, read_acknowledge_link

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
        row = read_acknowledge_link(token)
        if request.method != "POST":
            return _page(request, "ask", row=row)
        first = acknowledge_by_link(row, now=now)
    except LinkInvalid as why:
        return _page(request, "invalid", why=str(why), status=410)
    return _page(request, "done" if first else "already", row=row)


def _page(request: HttpRequest, state: str, *, status: int = 200, **context: object) -> HttpResponse:
    page = render(request, "sentrypulse/acknowledge.html", {"state": state, **context}, status=status)
    for name, value in _HEADERS.items():
        page[name] = value
    return page


ACKNOWLEDGE_PATHS = [path("acknowledge/<str:token>/", acknowledge, name="acknowledge")]
