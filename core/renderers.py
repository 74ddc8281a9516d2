"""How answers of the API are written."""

import json
from collections.abc import Mapping
from typing import Any

from rest_framework import renderers
from rest_framework.exceptions import ValidationError
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.utils.encoders import JSONEncoder


class JsonRenderer(renderers.JSONRenderer):
    """JSON in UTF-8. A row with text that UTF-8 cannot spell, stored before that was refused, is shown with
    escapes instead of failing the list that it is in."""

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
    """DRF's; but ``?format=`` of a format that there is not is a wrong parameter, and not a wrong address."""

    def filter_renderers(self, renderers: Any, format: str) -> Any:
        found = [renderer for renderer in renderers if renderer.format == format]
        if not found:
            names = ", ".join(str(renderer.format) for renderer in renderers)
            raise ValidationError({"format": [f"There is no format {format[:40]!r}; choose from: {names}."]})
        return found
