"""What people may change on a page. Each function that changes something is one transaction."""

import secrets
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.conf import settings
from django.contrib.auth.hashers import check_password, make_password
from django.core.exceptions import ValidationError
from django.db import transaction

from accounts.models import Team
from accounts.quotas import lock_quotas, require_within
from core.errors import RuleViolation
from core.time_zones import find_zone
from monitors.models import Monitor
from statuspages.colours import parse_colour
from statuspages.domains import LookupFailed, find_domain_fault, fold_domain, read_proofs, record_of
from statuspages.invalidation import mark_changed
from statuspages.logos import find_media_type, find_picture_fault
from statuspages.models import Component, Logo, Publication, StatusPage, Visibility
from statuspages.slugs import find_slug_fault
from statuspages.stylesheets import CssRefused, clean_css

PASSWORD_MIN_CHARS = 8
MAX_COMPONENTS = 100
NO_PASSWORD = "A page behind a password needs one: give it as `password`."  # noqa: S105  # a sentence
SHORT_PASSWORD = f"A password has at least {PASSWORD_MIN_CHARS} characters."  # a sentence

ComponentFields = Mapping[str, Any]
"""``name``, ``group``, ``description``, ``monitors`` (rows of the team), and ``id`` when it is an existing
one."""


def find_page_faults(page: StatusPage) -> dict[str, str]:
    """What is wrong with an unsaved page: by field, a sentence that says how to mend it. Empty when all is
    well."""
    faults: dict[str, str | None] = {"slug": find_slug_fault(page.slug)}
    if StatusPage.objects.filter(slug=page.slug).exclude(pk=page.pk).exists():
        faults["slug"] = f"The slug {page.slug!r} is taken; choose another one."
    for name, check, value in (
        ("timezone", find_zone, page.timezone),
        ("accent", parse_colour, page.accent),
        ("custom_css", clean_css, page.custom_css),
    ):
        try:
            check(value)
        except (ValueError, CssRefused) as fault:
            faults[name] = str(fault)
    if not 30 <= page.history_days <= 90:
        faults["history_days"] = "Give the history_days as a whole number from 30 to 90."
    if page.visibility == Visibility.PASSWORD and not page.password_hash:
        faults["password"] = NO_PASSWORD
    if page.custom_domain:
        own = [settings.PUBLIC_URL.split("://")[1].partition(":")[0], *settings.ALLOWED_HOSTS]
        faults["custom_domain"] = find_domain_fault(page.custom_domain, own_hosts=own)
    return {name: fault for name, fault in faults.items() if fault}


@transaction.atomic
def create_page(
    team: Team, *, now: datetime, components: Sequence[ComponentFields] = (), **fields: Any
) -> StatusPage:
    """Create a page with its components. Raises ``ValidationError`` with all mistakes by field, and
    ``QuotaReached``."""
    lock_quotas(team.pk)
    page = StatusPage(team=team, domain_token=secrets.token_urlsafe(24))
    _assign(page, fields)
    page.save(force_insert=True)
    Publication.objects.create(page=page)
    _save_components(page, components)
    require_within(team.pk, "status_pages", has=StatusPage.objects.filter(team=team).count())
    return page


@transaction.atomic
def update_page(
    page: StatusPage, *, now: datetime, components: Sequence[ComponentFields] | None = None, **changes: Any
) -> StatusPage:
    """Change the fields in ``changes``. ``components``, when given, holds all components in their order.
    Raises ``ValidationError`` by field, and ``RuleViolation`` when the page was deleted meanwhile."""
    locked = StatusPage.objects.select_for_update().filter(pk=page.pk).first()
    if locked is None:
        raise RuleViolation("This page was deleted in the meantime.")
    _assign(locked, changes)
    locked.save()
    if components is not None:
        _save_components(locked, components)
    mark_changed(page_ids=[locked.pk])
    return locked


def _assign(page: StatusPage, fields: dict[str, Any]) -> None:
    password = fields.pop("password", None)
    if password:
        if len(password) < PASSWORD_MIN_CHARS:
            raise ValidationError({"password": SHORT_PASSWORD})
        page.password_hash = make_password(password)
    domain_before = page.custom_domain
    for name, value in fields.items():
        setattr(page, name, value)
    page.custom_domain, page.accent = fold_domain(page.custom_domain), page.accent.lower()
    if page.custom_domain != domain_before:
        page.verified_domain = page.verified_at = None
    if faults := find_page_faults(page):
        raise ValidationError(faults)


def _save_components(page: StatusPage, wanted: Sequence[ComponentFields]) -> None:
    """Make ``wanted`` the components of the page. With an ``id`` the component keeps its row and its
    subscribers; without one it is new. Components that are not in ``wanted`` are deleted."""
    if len(wanted) > MAX_COMPONENTS:
        raise ValidationError({"components": f"A page has at most {MAX_COMPONENTS} components."})
    existing = {component.pk: component for component in page.components.all()}
    kept = [fields["id"] for fields in wanted if fields.get("id") is not None]
    if len(set(kept)) < len(kept) or not set(kept) <= set(existing):
        raise ValidationError({"components": "An id names a component of this page, once."})
    page.components.exclude(pk__in=kept).delete()
    for position, fields in enumerate(wanted):
        component = existing.get(fields.get("id") or 0) or Component(page=page)
        component.position, component.name = position, fields["name"]
        component.group = fields.get("group", "")
        component.description = fields.get("description", "")
        component.save()
        component.monitors.set(_own(page, fields.get("monitors", ())))


def _own(page: StatusPage, monitors: Iterable[Monitor]) -> list[Monitor]:
    found = list(monitors)
    if any(monitor.team_id != page.team_id for monitor in found):
        raise ValidationError({"components": "A component shows monitors of the page's own team."})
    return found


@transaction.atomic
def delete_page(page: StatusPage) -> None:
    """Delete the page. Its publication stays, and the next round of publishing removes the copy."""
    page.delete()


@transaction.atomic
def set_logo(page: StatusPage, data: bytes) -> Logo:
    """Store the page's logo. Its media type comes from its bytes, not from the request. Raises
    ``ValidationError``."""
    if fault := find_picture_fault(data):
        raise ValidationError({"logo": fault})
    kind = find_media_type(data) or ""
    logo, _ = Logo.objects.update_or_create(page=page, defaults={"media_type": kind, "data": data})
    mark_changed(page_ids=[page.pk])
    return logo


@transaction.atomic
def remove_logo(page: StatusPage) -> None:
    Logo.objects.filter(page=page).delete()
    mark_changed(page_ids=[page.pk])


def knows_password(page: StatusPage, password: str) -> bool:
    return bool(page.password_hash) and check_password(password, page.password_hash)


def verify_domain(page: StatusPage, *, now: datetime) -> bool:
    """Look up the TXT record of the custom domain, and serve the page there when it is proven; always True.

    When two pages ask for one domain, the page whose proof is in the DNS gets it. When both proofs are there,
    the page that has the domain keeps it. Raises ``RuleViolation`` with a sentence that says what is missing.
    """
    if not page.custom_domain:
        raise RuleViolation("This page has no custom_domain; set one first.")
    name, value = record_of(page.custom_domain, page.domain_token)
    try:
        proofs = read_proofs(page.custom_domain)
    except LookupFailed as failure:
        raise RuleViolation(str(failure)) from None
    if page.domain_token not in proofs:
        raise RuleViolation(
            f"Found no TXT record {name} with {value!r}; it can take a while until it is seen."
        )
    with transaction.atomic():
        locked = StatusPage.objects.select_for_update().get(pk=page.pk)
        if locked.custom_domain != page.custom_domain:
            raise RuleViolation("The custom_domain was changed in the meantime.")
        for other in StatusPage.objects.select_for_update().filter(verified_domain=page.custom_domain):
            if other.pk != page.pk and other.domain_token in proofs:
                raise RuleViolation(
                    "Another page shows this domain and is proven, too; remove its TXT record."
                )
            if other.pk != page.pk:
                other.verified_domain = other.verified_at = None
                other.save(update_fields=["verified_domain", "verified_at"])
        locked.verified_domain, locked.verified_at = locked.custom_domain, now
        locked.save(update_fields=["verified_domain", "verified_at"])
        mark_changed(page_ids=[locked.pk])
    return True
