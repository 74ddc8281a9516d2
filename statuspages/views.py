"""The public views of status pages: files, the password, and to subscribe and unsubscribe."""

import logging
from collections.abc import Callable
from typing import Any

from django.core.exceptions import ValidationError
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.http.response import HttpResponseBase
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods
from rest_framework.exceptions import APIException

from core.parsers import read_request_json
from statuspages import page_files, previews, subscriptions
from statuspages.models import StatusPage, SubscriberKind, Visibility
from statuspages.rendering import render_page
from statuspages.rendering.files import PageFile
from statuspages.services import knows_password
from statuspages.storages import StorageError, open_storage
from statuspages.throttles import count_request

logger = logging.getLogger(__name__)

BODY_MAX_BYTES = 20_000
_AWAY = (OperationalError, InterfaceError)


def find_page(slug: str) -> StatusPage | None:
    return StatusPage.objects.select_related("team", "publication").filter(slug=slug).first()


def refuse(text: str = "There is no such page.", status: int = 404) -> HttpResponse:
    response = HttpResponse(f"{text}\n", status=status, content_type="text/plain; charset=utf-8")
    response["Cache-Control"] = "no-store"
    return response


@require_http_methods(["GET", "HEAD"])
def show_file(request: HttpRequest, slug: str, name: str = "index.html") -> HttpResponseBase:
    """A file of the page. When the database does not answer, the file of the published copy."""
    try:
        page = find_page(slug)
        return refuse() if page is None else give_file(request, page, name)
    except _AWAY:
        logger.warning("page served from its copy slug=%s", slug)
        return _give_copy(request, slug, name)


def give_file(request: HttpRequest, page: StatusPage, name: str) -> HttpResponseBase:
    if not page_files.may_read(request, page):
        if page.visibility == Visibility.TEAM:
            return refuse()  # strangers must not learn that the page exists
        return (
            page_files.ask_for_password(page) if name == "index.html" else refuse("Behind a password.", 403)
        )
    file = page_files.read_file(page, name, now=timezone.now())
    if file is None:
        return refuse("There is no such file of this page.")
    listed = page.visibility == Visibility.PUBLIC
    return page_files.answer_file(request, file, open_to_all=page.is_open, listed=listed)


def _give_copy(request: HttpRequest, slug: str, name: str) -> HttpResponseBase:
    try:
        file = open_storage().read(slug, name)
    except StorageError:
        file = None
    if file is None:
        response = refuse("The database is not answering; try again in a moment.", 503)
        response["Retry-After"] = "5"
        return response
    return page_files.answer_file(request, file, open_to_all=True)


def add_slash(request: HttpRequest, slug: str) -> HttpResponse:
    """Redirect to the address with a slash at its end. The page's links are relative, so they need the
    slash."""
    return HttpResponseRedirect(f"/status/{slug}/")


def _of_page(
    answer: Callable[[HttpRequest, StatusPage], HttpResponse],
) -> Callable[[HttpRequest, str], HttpResponse]:
    """Make a view for a POST to the page with the given slug.

    The view needs no CSRF token: it does nothing in the name of a signed-in user, and a published copy on
    another host could not hold a token.
    """

    @csrf_exempt
    @require_http_methods(["POST"])
    def view(request: HttpRequest, slug: str) -> HttpResponse:
        page = find_page(slug)
        return refuse() if page is None else answer(request, page)

    return view


def take_password(request: HttpRequest, page: StatusPage) -> HttpResponse:
    """Unlock the page when the password is right; otherwise show the form again."""
    if page.visibility != Visibility.PASSWORD:
        return refuse()
    wait_s = count_request(request, "unlock", page_id=page.pk)
    if wait_s is not None:
        return page_files.ask_for_password(page, wait_s=wait_s)
    if not knows_password(page, request.POST.get("password", "")[:256]):
        return page_files.ask_for_password(page, wrong=True)
    response = HttpResponse(status=303)
    response["Location"] = "./"
    page_files.unlock(response, page, path=request.path.removesuffix("unlock"))
    return response


def take_subscription(request: HttpRequest, page: StatusPage) -> HttpResponse:
    """Send an address the question to confirm. The answer is the same whether the address is known or not."""
    if not page_files.may_read(request, page) or page.visibility == Visibility.TEAM:
        return refuse()
    with translation.override(page.language):
        try:
            asked = _read_asked(request)
            address = subscriptions.clean_address(asked["kind"], asked["address"])
        except ValidationError as fault:
            return _say(request, page, _("That did not work"), " ".join(fault.messages), status=400)
        wait_s = count_request(request, "subscribe", page_id=page.pk, target=address)
        if wait_s is not None:
            text = _("That was asked too often; try again later.")
            response = _say(request, page, _("That did not work"), text, status=429)
            response["Retry-After"] = str(int(wait_s) + 1)
            return response
        known = set(page.components.values_list("pk", flat=True))
        components = [pk for pk in asked["components"] if pk in known]
        subscriptions.ask_to_confirm(
            page, kind=asked["kind"], address=address, components=components, now=timezone.now()
        )
        text = _("If that address can be reached, a message is on its way; its link confirms.")
        return _say(request, page, _("One step is left"), text, status=202)


def _read_asked(request: HttpRequest) -> dict[str, Any]:
    """``kind``, ``address`` and ``components`` (ids) of a form or of a JSON body. Raises
    ``ValidationError``."""
    if _speaks_json(request):
        try:
            data = read_request_json(request.body[:BODY_MAX_BYTES] or b"{}")
        except APIException as fault:
            raise ValidationError(_tell_fault(fault)) from None
        if not isinstance(data, dict):
            raise ValidationError("Send a JSON object.")
        raw = data.get("components", [])
        given = {name: data.get(name) for name in ("email", "webhook")}
    else:
        raw = request.POST.getlist("components")
        given = {name: request.POST.get(name) for name in ("email", "webhook")}
    if (
        not isinstance(raw, list)
        or len(raw) > 100
        or not all(str(pk).isdecimal() and len(str(pk)) < 19 for pk in raw)
    ):
        raise ValidationError("The components are ids of this page's.")
    named = [(kind, text) for kind, text in given.items() if text]
    if len(named) != 1 or not isinstance(named[0][1], str):
        raise ValidationError(_("Give an e-mail address."))
    return {
        "kind": SubscriberKind(named[0][0]),
        "address": named[0][1],
        "components": [int(pk) for pk in raw],
    }


def _tell_fault(fault: APIException) -> str:
    by_field: Any = fault.detail
    if isinstance(by_field, dict):
        return " ".join(f"{field}: {sentences[0]}" for field, sentences in by_field.items())
    return str(by_field)


def _speaks_json(request: HttpRequest) -> bool:
    return request.content_type == "application/json"


def _say(request: HttpRequest, page: StatusPage, title: str, text: str, *, status: int) -> HttpResponse:
    if _speaks_json(request):
        response = JsonResponse({"detail": text}, status=status)
        response["Cache-Control"] = "private, no-store"
        return response
    return page_files.answer_message(page, title=title, text=text, status=status, back=True)


@require_http_methods(["GET", "HEAD"])
def show_preview(request: HttpRequest, token: str, name: str = "") -> HttpResponse:
    """Show a draft to everybody who has its address, which a member of the team was given. With ``name``, its
    logo."""
    now = timezone.now()
    preview = previews.find_preview(token, now=now)
    if preview is None:
        return refuse("This preview has expired; make another one.")
    if not name:
        return page_files.answer_preview(
            PageFile("text/html; charset=utf-8", preview.body.encode(), preview.policy)
        )
    file = render_page(preview.page, now=now).get(name)
    return refuse() if file is None else page_files.answer_preview(file)


@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def confirm(request: HttpRequest, token: str) -> HttpResponse:
    """A GET shows a page with a button; its POST confirms. Mail scanners follow links, and must not
    confirm."""
    now = timezone.now()
    subscriber = subscriptions.find_asked(token, now=now)
    if subscriber is None:
        text = "This link is used, too old, or wrong. Subscribe again on the status page."
        return page_files.answer_message(None, title="This link confirms nothing", text=text, status=404)
    page = subscriber.page
    with translation.override(page.language):
        if request.method == "POST":
            subscriptions.confirm(token, now=now)
            text = _("From now on %(address)s is told what is new.") % {"address": subscriber.address}
            return page_files.answer_message(page, title=_("Thank you"), text=text)
        text = _("Send news of this page to %(address)s?") % {"address": subscriber.address}
        return page_files.answer_message(page, title=_("Subscribe"), text=text, button=_("Confirm"))


@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def unsubscribe(request: HttpRequest, token: str) -> HttpResponse:
    """A POST unsubscribes, without cookies (RFC 8058). A GET shows a page with a button."""
    subscriber = subscriptions.find_subscriber(token)
    if subscriber is None:
        return page_files.answer_message(None, title="This link belongs to nobody", status=404)
    page = subscriber.page
    with translation.override(page.language):
        if request.method == "POST":
            subscriptions.unsubscribe(token, now=timezone.now())
            return page_files.answer_message(
                page, title=_("You are unsubscribed"), text=_("Nothing more is sent to you.")
            )
        text = _("Send no more news of this page to %(address)s?") % {"address": subscriber.address}
        return page_files.answer_message(page, title=_("Unsubscribe"), text=text, button=_("Unsubscribe"))


unlock_page = _of_page(take_password)
subscribe_page = _of_page(take_subscription)
