"""What people see where the app is not: at `/` while none is built, and under addresses that lead nowhere."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from core import errors
from sentrypulse.app_files import answer_with_page


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """Reached only where no app is built: it would have been served before."""
    answer = render(request, "sentrypulse/no_app.html")
    answer["Cache-Control"] = "no-store"
    return answer


def answer_not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """In the API's shape below `/api/`; to a browser the app's own page; else as Django does."""
    reads_pages = "text/html" in request.headers.get("Accept", "")
    if reads_pages and not f"{request.path_info}/".startswith("/api/"):
        page = answer_with_page("404.html", status=404)
        if page is not None:
            return page
    return errors.answer_not_found(request, exception)
