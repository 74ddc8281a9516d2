"""Every endpoint of the API, on one screen."""

from collections.abc import Sequence
from typing import Any

from django.urls import include, path
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerView
from rest_framework.request import Request
from rest_framework.response import Response

from core.renderers import JsonRenderer
from sentrypulse.api.accounts import AUTH_PATHS, ApiKeyViewSet, TeamViewSet
from sentrypulse.api.alerts import (
    AlertSettingsViewSet,
    ChannelViewSet,
    DeliveryViewSet,
    MessageTemplateViewSet,
    RuleViewSet,
)
from sentrypulse.api.analytics import SlaReportViewSet, SloViewSet
from sentrypulse.api.incidents import IncidentViewSet, MaintenanceWindowViewSet
from sentrypulse.api.monitors import MonitorViewSet, TagViewSet
from sentrypulse.api.server import ServerView
from sentrypulse.api.statuspages import PAGE_PATHS, StatusPageViewSet
from sentrypulse.router import ContractRouter
from sentrypulse.views.health import health


class _TellsFaultsInJson:
    """A mixin for the document's views, which answer YAML and HTML: not when they refuse."""

    http_method_names: Sequence[str] = ["get", "head"]

    def finalize_response(self, request: Request, response: Response, *args: Any, **kwargs: Any) -> Response:
        if response.status_code >= 400:
            request.accepted_renderer, request.accepted_media_type = JsonRenderer(), JsonRenderer.media_type
        finalize: Any = super().finalize_response  # type: ignore[misc]  # the view's
        final: Response = finalize(request, response, *args, **kwargs)
        return final


class SchemaView(_TellsFaultsInJson, SpectacularAPIView):
    """The API's OpenAPI document."""


class DocsView(_TellsFaultsInJson, SpectacularSwaggerView):
    """The document as a page."""


router = ContractRouter()
router.register("teams", TeamViewSet, basename="team")
router.register("api-keys", ApiKeyViewSet, basename="api-key")
router.register("monitors", MonitorViewSet, basename="monitor")
router.register("tags", TagViewSet, basename="tag")
router.register("incidents", IncidentViewSet, basename="incident")
router.register("maintenance", MaintenanceWindowViewSet, basename="maintenance")
router.register("channels", ChannelViewSet, basename="channel")
router.register("alert-rules", RuleViewSet, basename="alert-rule")
router.register("deliveries", DeliveryViewSet, basename="delivery")
router.register("alert-templates", MessageTemplateViewSet, basename="alert-template")
router.register("alert-settings", AlertSettingsViewSet, basename="alert-settings")
router.register("slos", SloViewSet, basename="slo")
router.register("sla-reports", SlaReportViewSet, basename="sla-report")
router.register("status-pages", StatusPageViewSet, basename="status-page")

urlpatterns = [
    path(
        "v1/",
        include(
            [
                *AUTH_PATHS,
                *PAGE_PATHS,
                path("health", health, name="health"),
                path("server", ServerView.as_view(), name="server"),
                *router.urls,
            ]
        ),
    ),
    path("schema/", SchemaView.as_view(), name="schema"),
    path("docs/", DocsView.as_view(url_name="schema"), name="docs"),
]
