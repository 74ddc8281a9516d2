"""Where everything hangs: the API, the public ping addresses, the admin, and what operators scrape."""

from django.conf import settings
from django.contrib import admin
from django.urls import include, path
from django.views.generic import RedirectView

from pipeline.acknowledge import ACKNOWLEDGE_PATHS
from pipeline.pings import PING_PATHS
from sentrypulse import demo
from sentrypulse.health import metrics
from statuspages.urls import STATUS_PATHS

admin.site.site_header = admin.site.site_title = "SentryPulse"
admin.site.index_title = "Operating"

urlpatterns = [
    path("", RedirectView.as_view(url="/api/v1/"), name="home"),
    path("favicon.ico", RedirectView.as_view(url="/static/favicon.svg"), name="favicon"),
    path("api/", include("sentrypulse.api")),
    path("admin/", admin.site.urls),
    path("metrics", metrics, name="metrics"),
    *PING_PATHS,
    *STATUS_PATHS,
    *ACKNOWLEDGE_PATHS,
    *(demo.DEMO_PATHS if settings.EMBEDDED else []),
]
