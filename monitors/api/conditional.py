"""Reading again what has not changed costs no body: ETag, If-None-Match, 304 (RFC 9110, 13.1.2)."""

from typing import TYPE_CHECKING, Any

from django.utils.cache import get_conditional_response, patch_cache_control, set_response_etag
from rest_framework.request import Request
from rest_framework.response import Response

if TYPE_CHECKING:
    from rest_framework.viewsets import ViewSet as _View
else:
    _View = object


class Conditional(_View):
    """A mixin for viewsets: the actions in ``conditional_actions`` carry an ETag and honour If-None-Match."""

    conditional_actions: tuple[str, ...] = ("list", "retrieve")

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        response = super().finalize_response(request, response, *args, **kwargs)
        readable = isinstance(response, Response) and response.status_code == 200
        if not readable or request.method != "GET" or self.action not in self.conditional_actions:
            return response
        set_response_etag(response.render())
        patch_cache_control(response, private=True, no_cache=True)
        found = get_conditional_response(request._request, etag=response["ETag"], response=response)
        return response if found is None else found
