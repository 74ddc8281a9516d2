"""Where everything hangs: the API, the public ping addresses, the admin, and what operators scrape."""

from django.conf import settings
from django.contrib import admin
from django.urls import include, path
from django.views.generic import RedirectView

from alerts.views import RECIPIENT_PATHS
from sentrypulse import demo
from sentrypulse.views.acknowledge import ACKNOWLEDGE_PATHS
from sentrypulse.views.app import home
from sentrypulse.views.health import metrics
from sentrypulse.views.pings import PING_PATHS
from statuspages.urls import STATUS_PATHS

admin.site.site_header = admin.site.site_title = "SentryPulse"
admin.site.index_title = "Operating"

handler400 = "core.errors.answer_bad_request"
handler403 = "core.errors.answer_forbidden"
handler404 = "sentrypulse.views.app.answer_not_found"
handler500 = "core.errors.answer_error"

urlpatterns = [
    path("", home, name="home"),
    path("favicon.ico", RedirectView.as_view(url="/static/favicon.svg"), name="favicon"),
    path("api/", include("sentrypulse.api.urls")),
    path("_allauth/", include("allauth.headless.urls")),  # of which sign_in_gate.py opens some
    path("admin/", admin.site.urls),
    path("metrics", metrics, name="metrics"),
    *PING_PATHS,
    *STATUS_PATHS,
    *ACKNOWLEDGE_PATHS,
    *RECIPIENT_PATHS,
    *(demo.DEMO_PATHS if settings.EMBEDDED else []),
]
