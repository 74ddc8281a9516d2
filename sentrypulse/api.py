"""Every endpoint of the API, on one screen."""

from django.urls import include, path
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerView

from accounts.api import AUTH_PATHS, ApiKeyViewSet, TeamViewSet
from alerts.api import (
    AlertSettingsViewSet,
    DeliveryViewSet,
    MessageTemplateViewSet,
    RuleViewSet,
)
from alerts.api import ChannelViewSet as StoredChannelViewSet
from analytics.api import ShowsUptime, SlaReportViewSet, SloViewSet
from incidents.api import IncidentViewSet as StoredIncidentViewSet
from incidents.api import MaintenanceWindowViewSet, ShowsMaintenance
from monitors.api import MonitorViewSet as StoredMonitorViewSet
from monitors.api import TagViewSet
from pipeline.api import RunsNow, TellsPeople, TestsChannels
from sentrypulse.health import health
from sentrypulse.routing import ContractRouter
from statuspages.api import PostViewSet as StoredPostViewSet
from statuspages.api import StatusPageViewSet, page_paths


class MonitorViewSet(TellsPeople, RunsNow, ShowsUptime, ShowsMaintenance, StoredMonitorViewSet):
    """What is watched: what is stored of it, whether maintenance covers it, its figures, and checks on
    demand."""


class IncidentViewSet(TellsPeople, StoredIncidentViewSet):
    """What went wrong, opened by the checks or by people; only what people opened can be deleted."""


class PostViewSet(TellsPeople, StoredPostViewSet):
    """What pages say of incidents; who says it there, tells it everywhere."""


class ChannelViewSet(TestsChannels, StoredChannelViewSet):
    """Where alerts go. A new team has one already: its owners by e-mail."""


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
        include([*AUTH_PATHS, *page_paths(PostViewSet), path("health", health, name="health"), *router.urls]),
    ),
    path("schema/", SpectacularAPIView.as_view(), name="schema"),
    path("docs/", SpectacularSwaggerView.as_view(url_name="schema"), name="docs"),
]
