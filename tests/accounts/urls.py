"""Accounts alone, mounted as ``sentrypulse.urls`` mounts them, so that no other app can break these tests."""

from django.contrib import admin
from django.urls import include, path

from accounts.api import AUTH_PATHS, ApiKeyViewSet, TeamViewSet
from sentrypulse.routing import ContractRouter

router = ContractRouter()
router.register("teams", TeamViewSet, basename="team")
router.register("api-keys", ApiKeyViewSet, basename="api-key")

urlpatterns = [path("api/v1/", include([*AUTH_PATHS, *router.urls])), path("admin/", admin.site.urls)]
