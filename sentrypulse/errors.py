"""The kinds of trouble the code speaks of, and how each becomes an answer of the API."""

from typing import Any

from django.core.exceptions import ValidationError as DjangoValidationError
from django.db import InterfaceError, OperationalError
from rest_framework import exceptions, status
from rest_framework.response import Response
from rest_framework.views import exception_handler


class DomainError(Exception):
    """A rule of the product was broken; its text is one sentence for the person who asked (409)."""


class Transient(Exception):  # a class of trouble, not an error of ours
    """Worth trying again, with back-off."""


class _Conflict(exceptions.APIException):
    status_code = status.HTTP_409_CONFLICT


class _StoreAway(exceptions.APIException):
    status_code = status.HTTP_503_SERVICE_UNAVAILABLE
    default_detail = "The database is not answering. Nothing was changed; try again in a moment."


def handle_api_error(error: Exception, context: dict[str, Any]) -> Response | None:
    """DRF's error shape for everything that a request can run into; a bug stays a 500."""
    if isinstance(error, DomainError):
        error = _Conflict(str(error))
    elif isinstance(error, DjangoValidationError):
        error = exceptions.ValidationError(
            error.message_dict if hasattr(error, "error_dict") else {"non_field_errors": error.messages}
        )
    elif isinstance(error, (OperationalError, InterfaceError)):
        error = _StoreAway()
    response = exception_handler(error, context)
    if response is not None and response.status_code == status.HTTP_503_SERVICE_UNAVAILABLE:
        response["Retry-After"] = "5"
    return response
