"""Rows that operators look at."""

from typing import Any

from django.contrib.admin.options import BaseModelAdmin
from django.http import HttpRequest


class ReadOnly(BaseModelAdmin[Any]):
    """A mixin: rows that are looked at, not made or changed by hand. They go with what they are of."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Not on their own pages; the admin asks here, too, before it deletes a team with all that it has."""
        page = request.resolver_match.url_name if request.resolver_match else None
        own = page is None or page.startswith(f"{self.opts.app_label}_{self.opts.model_name}_")
        return not own and super().has_delete_permission(request, obj)
