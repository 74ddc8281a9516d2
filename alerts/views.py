"""`/recipients/{token}/`: the page on which an address agrees to a team's alerts, or declines them."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from alerts.recipients import ConsentLinkInvalid, decide, read_consent_link

HEADERS = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",  # the page's URL holds the token, and whoever has the token may decide
    "X-Robots-Tag": "noindex",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'",
}


@csrf_exempt  # the token alone gives the right; cookies are not read
@require_http_methods(["GET", "HEAD", "POST"])
def answer_question(request: HttpRequest, token: str) -> HttpResponse:
    """A GET shows the question and changes nothing. A POST with ``answer`` (``yes`` or ``no``) stores the
    answer. 410 for a link that cannot be used."""
    context: dict[str, object] = {}
    status = 200
    try:
        recipient = context["recipient"] = read_consent_link(token)
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
