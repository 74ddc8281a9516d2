"""The admin's page of the messages that were given up: what they are, send them again, or drop them."""

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse

from pipeline import dispatch
from pipeline.queues.base import QueuesAway

LETTERS_SHOWN = 100


def show_dead_letters(request: HttpRequest) -> HttpResponse:
    """For administrators: a message can hold a monitor's secrets, so its body is not shown."""
    if not request.user.is_superuser:
        raise PermissionDenied
    try:
        if request.method == "POST":
            _redrive_or_drop(request)
            return HttpResponseRedirect(request.path)
        context: dict[str, Any] = {
            "letters": dispatch.queues().dead_letters(limit=LETTERS_SHOWN),
            "queues": dispatch.queues().figures(),
        }
    except QueuesAway as error:
        messages.error(request, str(error))
        context = {"letters": [], "queues": {}}
    context |= {**admin.site.each_context(request), "title": "Dead letters"}
    return TemplateResponse(request, "admin/pipeline/dead_letters.html", context)


def _redrive_or_drop(request: HttpRequest) -> None:
    ids = request.POST.getlist("id")
    again = request.POST.get("action") == "redrive"
    queues = dispatch.queues()
    done = sum((queues.redrive if again else queues.drop)(letter_id) for letter_id in ids)
    level = messages.SUCCESS if done == len(ids) else messages.WARNING
    messages.add_message(
        request, level, f"{'Sent again' if again else 'Dropped'}: {done} of {len(ids)} dead letters."
    )
