"""The monitors' endpoints as they are without the apps above."""

from django.contrib import admin
from django.urls import include, path
from drf_spectacular.views import SpectacularAPIView

from monitors.api import MonitorViewSet, TagViewSet
from sentrypulse.routing import ContractRouter

router = ContractRouter()
router.register("monitors", MonitorViewSet, basename="monitor")
router.register("tags", TagViewSet, basename="tag")
urlpatterns = [
    path("api/v1/", include(router.urls)),
    path("api/schema/", SpectacularAPIView.as_view(), name="schema"),
    path("admin/", admin.site.urls),
]
