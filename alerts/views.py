"""`/recipients/{token}/`: where an address says whether it wants a team's alerts. A GET changes nothing."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from alerts.recipients import ConsentLinkInvalid, decide, read_link

HEADERS = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",  # the address is the right to decide
    "X-Robots-Tag": "noindex",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'",
}


@csrf_exempt  # the token is the right, and no cookie adds to it
@require_http_methods(["GET", "HEAD", "POST"])
def answer_question(request: HttpRequest, token: str) -> HttpResponse:
    """Shows the question; the buttons' POST (``answer`` is ``yes`` or ``no``) decides."""
    context: dict[str, object] = {}
    status = 200
    try:
        recipient = context["recipient"] = read_link(token)
        answer = request.POST.get("answer") if request.method == "POST" else None
        if answer in {"yes", "no"}:
            decide(recipient, agrees=answer == "yes", now=timezone.now())
            context["answered"] = True
    except ConsentLinkInvalid as why:
        context["why"], status = str(why), 410
    page = render(request, "alerts/recipient.html", context, status=status)
    for name, value in HEADERS.items():
        page[name] = value
    return page


RECIPIENT_PATHS = [path("recipients/<str:token>/", answer_question, name="recipient")]
