"""A draft of a page, shown for some minutes at an address that nobody can guess: a frame beside an editor.

What is rendered is kept until it expires, and nothing else of the draft.
"""

from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.core import signing
from django.db import transaction
from django.urls import reverse

from statuspages import services
from statuspages.models import Preview, StatusPage
from statuspages.rendering import render_page

GOOD_FOR = timedelta(minutes=10)
MOST_A_PAGE = 5
_SALT = "statuspages.preview"


def make_preview(page: StatusPage, *, now: datetime, **changes: Any) -> Preview:
    """Render the page with ``changes``, which are taken back. Raises as ``services.update_page`` does.

    The newest ``MOST_A_PAGE`` of a page are kept, and none that has expired.
    """
    with transaction.atomic():
        services.update_page(page, now=now, **changes)
        draft = StatusPage.objects.select_related("team", "publication").get(pk=page.pk)
        file = render_page(draft, now=now)["index.html"]
        transaction.set_rollback(True)
    with transaction.atomic():
        Preview.objects.filter(expires_at__lte=now).delete()
        kept = Preview.objects.filter(page=page).order_by("-pk").values_list("pk", flat=True)
        Preview.objects.filter(pk__in=list(kept[MOST_A_PAGE - 1 :])).delete()
        return Preview.objects.create(
            page=page, body=file.body.decode(), policy=file.policy, expires_at=now + GOOD_FOR
        )


def preview_url(preview: Preview) -> str:
    return settings.PUBLIC_URL + reverse("status-preview", args=[signing.dumps(preview.pk, salt=_SALT)])


def find_preview(token: str, *, now: datetime) -> Preview | None:
    """What the address shows; None for one that is not ours, or has expired."""
    try:
        pk = signing.loads(token, salt=_SALT, max_age=GOOD_FOR)
    except signing.BadSignature:
        return None
    return Preview.objects.select_related("page").filter(pk=pk, expires_at__gt=now).first()
