"""How the API writes its answers."""

import json
from collections.abc import Mapping
from typing import Any

from rest_framework import renderers
from rest_framework.exceptions import ValidationError
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.utils.encoders import JSONEncoder


class JsonRenderer(renderers.JSONRenderer):
    """JSON in UTF-8. Old rows may hold text that UTF-8 cannot encode. Then the answer is written with
    escapes, so that the list that holds such a row does not fail."""

    def render(
        self,
        data: Any,
        accepted_media_type: str | None = None,
        renderer_context: Mapping[str, Any] | None = None,
    ) -> bytes:
        try:
            rendered: bytes = super().render(data, accepted_media_type, renderer_context)
        except UnicodeEncodeError:
            rendered = json.dumps(data, cls=JSONEncoder, allow_nan=False).encode()
        return rendered


class Negotiation(DefaultContentNegotiation):
    """DRF's own, but an unknown ``?format=`` is a wrong parameter (400) and not a wrong address (404)."""

    def filter_renderers(self, renderers: Any, format: str) -> Any:
        found = [renderer for renderer in renderers if renderer.format == format]
        if not found:
            names = ", ".join(str(renderer.format) for renderer in renderers)
            raise ValidationError({"format": [f"There is no format {format[:40]!r}; choose from: {names}."]})
        return found
