"""Strangers get in nowhere: every address of the project, walked as nobody, as a stranger and as a viewer."""

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from django.utils import timezone
from rest_framework.test import APIClient

from accounts.models import ApiKey, Invitation, Membership, Role, Scope
from alerts.models import Channel, Delivery, MessageTemplate, Rule
from analytics.models import SlaReport, Slo
from incidents.models import MaintenanceWindow
from incidents.services import open_manual
from monitors.models import Monitor, Tag
from monitors.services import create_monitor
from statuspages.models import Component, Logo, Post, StatusPage, Subscriber
from statuspages.posts import write_post
from statuspages.services import create_page
from statuspages.subscriptions import ask_to_confirm
from tests.alerts.factories import make_channel, make_delivery, make_rule
from tests.analytics.factories import make_slo
from tests.factories import (
    ApiKeyFactory,
    InvitationFactory,
    MembershipFactory,
    TeamFactory,
    UserFactory,
    secret_of,
)

pytestmark = pytest.mark.django_db

OBJECT, LIST, CREATE, OWN, PUBLIC, SHUT = "object", "list", "create", "own", "public", "shut"

# Every route, with what it is: an object of a team, a list of a team's objects, an action that takes new
# ones, a person's own account, public on purpose, or shut by the gate. Django's admin asks for a staff
# session itself.
ROUTES = {
    "": PUBLIC,  # leads to the API's root
    "favicon.ico": PUBLIC,
    "api/v1/": OWN,
    "api/schema/": PUBLIC,
    "api/docs/": PUBLIC,
    "api/v1/health": PUBLIC,
    "api/v1/server": PUBLIC,
    "metrics": PUBLIC,  # for this machine or a token; see test_health
    "api/v1/auth/register": PUBLIC,
    "_allauth/browser/v1/config": PUBLIC,
    "_allauth/browser/v1/auth/session": PUBLIC,  # tells who is signed in, if anybody
    "_allauth/browser/v1/auth/login": PUBLIC,
    "_allauth/browser/v1/auth/signup": PUBLIC,
    "_allauth/browser/v1/auth/email/verify": PUBLIC,  # the key is the right
    "_allauth/browser/v1/auth/password/request": PUBLIC,
    "_allauth/browser/v1/auth/password/reset": PUBLIC,  # the key is the right
    "_allauth/browser/v1/auth/reauthenticate": OWN,
    "_allauth/browser/v1/auth/sessions": OWN,
    "_allauth/browser/v1/account/email": OWN,
    "_allauth/browser/v1/account/password/change": OWN,
    "_allauth/browser/v1/account/phone": SHUT,
    "_allauth/browser/v1/auth/code/confirm": SHUT,
    "_allauth/browser/v1/auth/email/verify/resend": SHUT,
    "_allauth/browser/v1/auth/phone/verify": SHUT,
    "_allauth/browser/v1/auth/phone/verify/resend": SHUT,
    "_allauth/browser/v1/auth/reauthenticate/code/confirm": SHUT,
    "_allauth/browser/v1/auth/reauthenticate/code/request": SHUT,
    "_allauth/browser/v1/auth/reauthenticate/code/resend": SHUT,
    "recipients/{token}/": PUBLIC,  # the token is the right
    "api/v1/auth/token": PUBLIC,
    "api/v1/auth/token/refresh": PUBLIC,
    "api/v1/auth/logout": PUBLIC,  # takes the refresh token itself
    "api/v1/auth/password/reset": PUBLIC,
    "api/v1/auth/password/reset/confirm": PUBLIC,
    "api/v1/auth/me": OWN,
    "api/v1/auth/password": OWN,
    "api/v1/invitations/accept": OWN,
    "api/v1/teams/": LIST,
    "api/v1/teams/{team}/": OBJECT,
    "api/v1/teams/{team}/members/": OBJECT,
    "api/v1/teams/{team}/members/{membership}/": OBJECT,
    "api/v1/teams/{team}/invitations/": OBJECT,
    "api/v1/teams/{team}/invitations/{invitation}/": OBJECT,
    "api/v1/api-keys/": LIST,
    "api/v1/api-keys/{api_key}/": OBJECT,
    "api/v1/monitors/": LIST,
    "api/v1/monitors/bulk": CREATE,
    "api/v1/monitors/export": LIST,
    "api/v1/monitors/graphs": LIST,
    "api/v1/monitors/import": CREATE,
    "api/v1/monitors/import/preview": CREATE,
    "api/v1/monitors/kinds": OWN,  # the forms that there are
    "api/v1/monitors/overview": LIST,
    "api/v1/monitors/test": CREATE,
    "api/v1/monitors/{monitor}/": OBJECT,
    "api/v1/monitors/{monitor}/check": OBJECT,
    "api/v1/monitors/{monitor}/clone": OBJECT,
    "api/v1/monitors/{monitor}/maintenance": OBJECT,
    "api/v1/monitors/{monitor}/pause": OBJECT,
    "api/v1/monitors/{monitor}/resume": OBJECT,
    "api/v1/monitors/{monitor}/results": OBJECT,
    "api/v1/monitors/{monitor}/stats": OBJECT,
    "api/v1/monitors/{monitor}/pings": OBJECT,
    "api/v1/tags/": LIST,
    "api/v1/tags/{tag}/": OBJECT,
    "api/v1/incidents/": LIST,
    "api/v1/incidents/counts": OWN,  # of a person's own teams: see tests/incidents/test_api_timeline.py
    "api/v1/incidents/{incident}/": OBJECT,
    "api/v1/incidents/{incident}/acknowledge": OBJECT,
    "api/v1/incidents/{incident}/resolve": OBJECT,
    "api/v1/incidents/{incident}/updates": OBJECT,
    "api/v1/maintenance/": LIST,
    "api/v1/maintenance/occurrences": OWN,  # as are these: see tests/incidents/test_calendar.py
    "api/v1/maintenance/preview": CREATE,
    "api/v1/maintenance/{window}/": OBJECT,
    "api/v1/maintenance/{window}/end": OBJECT,
    "api/v1/channels/": LIST,
    "api/v1/channels/kinds": OWN,  # the forms that there are
    "api/v1/channels/{channel}/": OBJECT,
    "api/v1/channels/{channel}/test": OBJECT,
    "api/v1/alert-rules/": LIST,
    "api/v1/alert-rules/{rule}/": OBJECT,
    "api/v1/deliveries/": LIST,
    "api/v1/deliveries/{delivery}/": OBJECT,
    "api/v1/deliveries/{delivery}/retry": OBJECT,
    "api/v1/alert-templates/": LIST,
    "api/v1/alert-templates/defaults": OWN,
    "api/v1/alert-templates/preview": OWN,
    "api/v1/alert-templates/{template}/": OBJECT,
    "api/v1/alert-settings/": LIST,
    "api/v1/alert-settings/{team}/": OBJECT,
    "api/v1/slos/": LIST,
    "api/v1/slos/{slo}/": OBJECT,
    "api/v1/slos/{slo}/alerts": OBJECT,
    "api/v1/sla-reports/": LIST,
    "api/v1/sla-reports/{month}/": OBJECT,
    "api/v1/sla-reports/{month}/correct": OBJECT,
    "api/v1/status-pages/": LIST,
    "api/v1/status-pages/{page}/": OBJECT,
    "api/v1/status-pages/{page}/logo": OBJECT,
    "api/v1/status-pages/{page}/domain/verify": OBJECT,
    "api/v1/status-pages/{page}/publish": OBJECT,
    "api/v1/status-pages/{page}/preview": OBJECT,
    "api/v1/status-pages/{page}/post-templates": OBJECT,
    "api/v1/status-pages/{page}/posts/": OBJECT,
    "api/v1/status-pages/{page}/posts/{post}/": OBJECT,
    "api/v1/status-pages/{page}/subscribers/": OBJECT,
    "api/v1/status-pages/{page}/subscribers/{subscriber}/": OBJECT,
    "status/-/confirm/{token}": PUBLIC,  # who has the token
    "status/-/unsubscribe/{token}": PUBLIC,
    "status/-/preview/{token}/": PUBLIC,  # who has the address
    "status/-/preview/{token}/{file}": PUBLIC,
    "status/{slug}": PUBLIC,  # leads to the page, whether there is one or not
    "status/{slug}/": PUBLIC,  # pages of the team or behind a password: see tests/statuspages/test_views.py
    "status/{slug}/{file}": PUBLIC,
    "status/{slug}/unlock": PUBLIC,
    "status/{slug}/subscribe": PUBLIC,
    "ping/{uuid}": PUBLIC,
    "ping/{uuid}/start": PUBLIC,
    "ping/{uuid}/fail": PUBLIC,
    "ping/{uuid}/{exit_status}": PUBLIC,
    "acknowledge/{token}/": PUBLIC,  # the token is the right
    "demo/ok": PUBLIC,
    "demo/flaky": PUBLIC,
}
# What is found by its team, and not by an id of its own.
_QUERIES = {route: "?team={team}" for route in ROUTES if "{month}" in route}
_NAMES = {
    "teams": "team",
    "api-keys": "api_key",
    "monitors": "monitor",
    "tags": "tag",
    "incidents": "incident",
    "maintenance": "window",
    "channels": "channel",
    "alert-rules": "rule",
    "deliveries": "delivery",
    "alert-templates": "template",
    "alert-settings": "team",
    "slos": "slo",
    "members": "membership",
    "invitations": "invitation",
    "status-pages": "page",
    "posts": "post",
    "subscribers": "subscriber",
}
METHODS = ("get", "post", "put", "patch", "delete")


def walk(patterns, prefix=""):
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            if pattern.app_name != "admin":
                yield from walk(pattern.url_patterns, prefix + str(pattern.pattern))
        elif isinstance(pattern, URLPattern):
            yield prefix + str(pattern.pattern)


def spell(route):
    """A route's pattern as one of ``ROUTES``."""
    text = route.replace("/?$", "").replace("^", "").replace("$", "")
    text = re.sub(r"\(\?P<name>(?:\([^)]*\)|[^()])*\)", "{file}", text)
    text = re.sub(r"\(\?P<(\w+)>[^)]*\)", r"{\1}", text)
    text = re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", text)
    for plural, name in _NAMES.items():
        text = re.sub(rf"{plural}/{{(pk|team_id|page_id)}}", f"{plural}/{{{name}}}", text)
    return text


def all_routes():
    return {spell(route) for route in walk(get_resolver().url_patterns)}


@pytest.fixture
def world():
    """A team with one of everything in it, and who may come near it."""
    now = timezone.now()
    owner, viewer, stranger = UserFactory(), UserFactory(), UserFactory()
    team = TeamFactory(owner=owner)
    MembershipFactory(team=team, user=viewer, role=Role.VIEWER)
    monitor = create_monitor(
        team, now=now, kind="http", url="http://127.0.0.1:9/", name="Shop", tags=["prod"], interval_s=60
    )
    window = MaintenanceWindow.objects.create(
        team=team, title="Upgrade", starts_at=now + timedelta(hours=1), ends_at=now + timedelta(hours=2)
    )
    report = SlaReport.objects.create(
        team=team, month=now.date().replace(day=1), timezone="UTC", frozen_at=now, digest="0" * 64
    )
    channel = make_channel(team)
    ids = {
        "team": team.pk,
        "membership": Membership.objects.get(team=team, user=owner).pk,
        "invitation": InvitationFactory(team=team).pk,
        "api_key": ApiKeyFactory(team=team, user=owner).pk,
        "monitor": monitor.pk,
        "tag": Tag.objects.get(team=team).pk,
        "incident": open_manual(team, title="Trouble", author=owner, now=now).pk,
        "window": window.pk,
        "channel": channel.pk,
        "rule": make_rule(channel).pk,
        "delivery": make_delivery(channel).pk,
        "template": MessageTemplate.objects.create(team=team, event="down", subject="{{ headline }}").pk,
        "token": "none",
        "slo": make_slo(monitor).pk,
        **make_page(team, monitor, owner, now=now),
        "month": f"{report.month:%Y-%m}",
        "uuid": "00000000-0000-0000-0000-000000000000",
        "exit_status": 0,
    }
    return {"ids": ids, "team": team, "viewer": viewer, "stranger": stranger, "owner": owner}


def make_page(team, monitor, owner, *, now):
    """A page only the team may read, with a post and a subscriber."""
    page = create_page(
        team,
        now=now,
        slug="acme",
        title="Acme",
        visibility="team",
        components=[{"name": "A", "monitors": [monitor]}],
    )
    post, _ = write_post(page, author=owner, now=now, text="A note", title="Trouble", visibility="internal")
    subscriber = ask_to_confirm(page, kind="email", address="ada@example.com", now=now)
    component = page.components.get().pk
    return {"page": page.pk, "post": post.pk, "subscriber": subscriber.pk, "component": component}


def call_all(world, wanted, user):
    client = APIClient()
    if user:
        client.force_authenticate(user)
    for route, what in sorted(ROUTES.items()):
        if what in wanted:
            for method in METHODS:
                path = "/" + (route + _QUERIES.get(route, "")).format(**world["ids"])
                yield method, path, getattr(client, method)(path, {}, format="json")


def snapshot():
    models = (Monitor, Tag, ApiKey, Invitation, Membership, MaintenanceWindow, Slo, SlaReport)
    models += (StatusPage, Component, Logo, Post, Subscriber)
    models += (Channel, Rule, Delivery, MessageTemplate)
    return [list(model.objects.order_by("pk").values()) for model in models]


def test_the_walk_knows_every_route():
    found = all_routes()
    assert found - set(ROUTES) == set()
    assert set(ROUTES) - found == set()


def test_nobody_gets_anything_without_signing_in(world):
    before = snapshot()
    for method, path, answer in call_all(world, {OBJECT, LIST, CREATE, OWN}, None):
        assert answer.status_code in {401, 405}, (method, path, answer.status_code)
    assert snapshot() == before


def test_what_the_gate_shuts_is_there_for_nobody(world):
    for method, path, answer in call_all(world, {SHUT}, None):
        assert answer.status_code == 404, (method, path)
    member = Client()
    member.force_login(world["owner"])
    for route in [route for route, what in ROUTES.items() if what == SHUT]:
        assert member.get(f"/{route}").status_code == 404


def test_to_a_stranger_the_objects_of_a_team_do_not_exist(world):
    before = snapshot()
    for method, path, answer in call_all(world, {OBJECT}, world["stranger"]):
        assert answer.status_code in {404, 405}, (method, path, answer.status_code)
    assert snapshot() == before


def test_a_strangers_lists_hold_nothing_of_the_team(world):
    for method, path, answer in call_all(world, {LIST}, world["stranger"]):
        if method == "get" and path != "/api/v1/teams/":
            rows = answer.json()
            rows = rows["results"] if "results" in rows else rows.get("monitors", rows)
            assert rows == [] or not any(rows.values()), path  # in rows, or in columns


def test_a_viewer_reads_and_changes_nothing(world):
    before = snapshot()
    for method, path, answer in call_all(world, {OBJECT}, world["viewer"]):
        if method == "get":
            assert answer.status_code in {200, 403, 404, 405}, (path, answer.status_code)
        else:
            # 404: what even a viewer does not see, such as another member's API key
            assert answer.status_code in {403, 404, 405}, (method, path, answer.status_code)
    assert snapshot() == before


def test_a_viewer_creates_nothing_in_the_team(world):
    client = APIClient()
    client.force_authenticate(world["viewer"])
    bodies = {
        "/api/v1/monitors/": {"kind": "http", "name": "x", "url": "http://example.com/"},
        "/api/v1/monitors/test": {"kind": "http", "name": "x", "url": "http://127.0.0.1:9/"},
        "/api/v1/tags/": {"name": "x"},
        "/api/v1/incidents/": {"title": "x"},
        "/api/v1/status-pages/": {"title": "x", "slug": "xyz"},
        "/api/v1/slos/": {"name": "x", "monitor": world["ids"]["monitor"], "target": 0.99},
        "/api/v1/channels/": {"name": "x", "kind": "email", "config": {"to": ["ada@example.com"]}},
        "/api/v1/alert-rules/": {"name": "x", "steps": [{"channels": [world["ids"]["channel"]]}]},
        "/api/v1/alert-templates/": {"event": "recovered", "subject": "x"},
    }
    before = snapshot()
    for path, body in bodies.items():
        answer = client.post(path, body | {"team": world["team"].pk}, format="json")
        assert answer.status_code == 403, (path, answer.content)
    assert snapshot() == before


def test_a_read_key_reads_and_changes_nothing(world):
    key = ApiKeyFactory(team=world["team"], user=world["owner"], scope=Scope.READ)
    client = APIClient(headers={"X-API-Key": secret_of(key)})
    monitor = world["ids"]["monitor"]
    assert client.get(f"/api/v1/monitors/{monitor}/").status_code == 200
    assert client.post(f"/api/v1/monitors/{monitor}/pause").status_code == 403
    assert client.delete(f"/api/v1/monitors/{monitor}/").status_code == 403
    assert Monitor.objects.get(pk=monitor).enabled


def test_the_admin_asks_for_a_staff_session(world):
    client = Client()
    assert client.get("/admin/").status_code == 302
    client.force_login(world["stranger"])
    assert client.get("/admin/monitors/monitor/").status_code == 302
