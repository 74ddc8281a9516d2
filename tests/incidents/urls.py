"""Incidents and maintenance alone, so that these tests need no other app's endpoints."""

from django.contrib import admin
from django.urls import include, path

from incidents.api import IncidentViewSet, MaintenanceWindowViewSet
from sentrypulse.routing import ContractRouter

router = ContractRouter()
router.register("incidents", IncidentViewSet, basename="incident")
router.register("maintenance", MaintenanceWindowViewSet, basename="maintenance")

urlpatterns = [path("api/v1/", include(router.urls)), path("admin/", admin.site.urls)]
