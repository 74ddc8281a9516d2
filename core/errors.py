"""The errors that our code raises for people, and how each error becomes an answer of the API."""

from collections.abc import Callable, Mapping
from typing import Any

from django.core.exceptions import PermissionDenied
from django.core.exceptions import ValidationError as DjangoValidationError
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.views import defaults
from django.views.csrf import csrf_failure
from rest_framework import exceptions, status
from rest_framework.permissions import SAFE_METHODS
from rest_framework.response import Response
from rest_framework.views import exception_handler

from core.isolation import is_away, leave_out


class RuleViolation(Exception):
    """A rule of the product does not allow this (409). The text is one sentence for the person who asked."""


class Stale(Exception):
    """What somebody wants to change was changed since they read it (412). The text is one sentence for
    them."""


class _Precondition(exceptions.APIException):
    status_code = status.HTTP_412_PRECONDITION_FAILED


class _Conflict(exceptions.APIException):
    status_code = status.HTTP_409_CONFLICT


class _CannotShow(exceptions.APIException):
    status_code = status.HTTP_500_INTERNAL_SERVER_ERROR
    default_detail = "What is stored of this cannot be shown. The fault is ours, and was logged."


class _StoreAway(exceptions.APIException):
    status_code = status.HTTP_503_SERVICE_UNAVAILABLE
    default_detail = "The database is not answering. Nothing was changed; try again in a moment."


def _answer(
    status_code: int, why: str, otherwise: Callable[..., HttpResponse]
) -> Callable[..., HttpResponse]:
    """A view for what Django itself refuses: below ``/api/`` in the API's form, elsewhere Django's own
    (``otherwise``)."""

    def answer(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not f"{request.path_info}/".startswith("/api/"):
            return otherwise(request, *args, **kwargs)
        return JsonResponse({"detail": why}, status=status_code, headers={"Cache-Control": "no-store"})

    return answer


answer_bad_request = _answer(400, "This request cannot be read.", defaults.bad_request)
answer_forbidden = _answer(403, "This is not for you.", defaults.permission_denied)
answer_not_found = _answer(
    404, "There is no such address; /api/docs/ has those there are.", defaults.page_not_found
)
_CSRF = (
    "The CSRF token is missing, old, or from another origin. GET /_allauth/browser/v1/auth/session gives a "
    "new one; send it in X-CSRFToken."
)


def answer_csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Answer in the form of what was asked: the sign-in API, our API, or Django's page."""
    if request.path_info.startswith("/_allauth/"):
        errors = [{"message": _CSRF, "code": "csrf"}]
        return JsonResponse(
            {"status": 403, "errors": errors}, status=403, headers={"Cache-Control": "no-store"}
        )
    return _answer(403, _CSRF, csrf_failure)(request, reason=reason)


answer_error = _answer(500, "This is a fault of ours. It was logged; try again later.", defaults.server_error)


def flatten_faults(detail: Any) -> dict[str, Any]:
    """DRF's nested errors with one name each, such as ``steps.0.channels``. Errors of a whole list or object
    get the name of that list or object. A lone ``detail`` stays one sentence."""
    if isinstance(detail, Mapping) and set(detail) == {"detail"} and isinstance(detail["detail"], str):
        return dict(detail)
    flat: dict[str, Any] = {}
    waiting: list[tuple[str, Any]] = [("", detail)]
    while waiting:
        path, part = waiting.pop(0)
        if isinstance(part, Mapping):
            waiting = [(_join_path(path, str(name)), inner) for name, inner in part.items()] + waiting
        elif isinstance(part, list) and any(isinstance(inner, (Mapping, list)) for inner in part):
            waiting = [(_join_path(path, str(index)), inner) for index, inner in enumerate(part)] + waiting
        else:
            sentences = [str(one) for one in part] if isinstance(part, list) else [str(part)]
            flat.setdefault(path or _WHOLE, []).extend(sentences)
    return {name: sentences for name, sentences in flat.items() if sentences}


_WHOLE = "non_field_errors"


def _join_path(path: str, name: str) -> str:
    if not path:
        return name
    return path if name == _WHOLE else f"{path}.{name}"


def _is_reading(context: dict[str, Any]) -> bool:
    request = context["request"]
    return request is not None and request.method in SAFE_METHODS


def _is_answered(error: Exception) -> bool:
    """Whether DRF has an answer for this error."""
    return isinstance(error, (exceptions.APIException, Http404, PermissionDenied))


def _name_view(context: dict[str, Any]) -> str:
    view = context["view"]
    return str(getattr(view, "basename", None) or type(view).__name__).lower()


def handle_api_error(error: Exception, context: dict[str, Any]) -> Response | None:
    """The answer, in DRF's form, to every error that a request can meet; a bug stays a 500. When one row was
    read by its key and the reading failed, the answer is that this row cannot be shown."""
    if isinstance(error, RuleViolation):
        error = _Conflict(str(error))
    elif isinstance(error, Stale):
        error = _Precondition(str(error))
    elif isinstance(error, DjangoValidationError):
        error = exceptions.ValidationError(
            error.message_dict if hasattr(error, "error_dict") else {_WHOLE: error.messages}
        )
    elif isinstance(error, (OperationalError, InterfaceError)) and is_away(error):
        error = _StoreAway()
    elif context["kwargs"] and _is_reading(context) and not (_is_answered(error) or is_away(error)):
        # As a list does with a row that it leaves out: see core/isolation.py.
        leave_out("show", (_name_view(context), "/".join(map(str, context["kwargs"].values()))), error)
        error = _CannotShow()
    elif isinstance(error, exceptions.ValidationError) and not getattr(error, "is_by_row", False):
        error = exceptions.ValidationError(flatten_faults(error.detail))
    response = exception_handler(error, context)
    if response is not None and response.status_code == status.HTTP_503_SERVICE_UNAVAILABLE:
        response["Retry-After"] = "5"
    return response
