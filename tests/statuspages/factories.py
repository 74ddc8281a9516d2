"""Pages to test with, and an instant at which they are looked at."""

from datetime import timedelta

from core.field_encryption import unseal
from incidents.models import IncidentKind
from incidents.reconcile import IncidentEvent
from incidents.services import close_incident, open_incident
from statuspages.models import StatusPage
from statuspages.services import create_page
from statuspages.subscriptions import ask_to_confirm, confirm
from tests.analytics.factories import NOW, make_old
from tests.factories import TeamFactory

__all__ = ["NOW", "make_old"]
PAGES = "/api/v1/status-pages/"
HOSTILE = (
    "<script>alert(1)</script>",
    "</title></style></script><script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)",
    "<svg/onload=alert(1)>",
    "javascript:alert(1)",
    "{{ settings.SECRET_KEY }}{% debug %}%(components)s %s",
    "]]></content><script>alert(1)</script>",
    "<!--#exec cmd='id'--><!--",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "\u202egnp.exe\u2066 \u0661\u0662",
)
"""Texts that run, break out or turn around where somebody forgot to look."""


def make_page(team=None, *monitors, now=NOW, **fields) -> StatusPage:
    """With a component for each monitor, called A, B, C …, unless ``components`` says otherwise."""
    team = team or (monitors[0].team if monitors else TeamFactory())
    named = [{"name": chr(65 + n), "monitors": [monitor]} for n, monitor in enumerate(monitors)]
    fields.setdefault("components", named)
    number = StatusPage.objects.count()
    fields.setdefault("slug", f"acme-{number}" if number else "acme")
    return create_page(team, now=now, **({"title": "Acme"} | fields))


def go_down(monitor, *, at=NOW, error="Expected 200-299, got 503 from 10.0.0.7."):
    """The event of an automatic incident, as the recorder has it."""
    incident = open_incident(monitor, started_at=at, cause={"status": "down", "error": error})
    assert incident is not None
    assert incident.kind == IncidentKind.AUTOMATIC
    return IncidentEvent("opened", incident)


def come_back(incident, *, at=NOW + timedelta(minutes=9)):
    close_incident(incident, at=at, text="The monitor recovered.")
    return IncidentEvent("resolved", incident)


def subscribe(page, address="ada@example.com", *, kind="email", components=(), now=NOW):
    """Asked and confirmed."""
    asked = ask_to_confirm(
        page, kind=kind, address=address, components=components, now=now - timedelta(minutes=5)
    )
    return confirm(unseal(asked.secrets)["confirm"], now=now - timedelta(minutes=4))


def tokens_of(subscriber):
    return unseal(subscriber.secrets)
