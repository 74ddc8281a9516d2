"""The public addresses of status pages."""

from django.urls import URLPattern, re_path

from statuspages import views

FILE_NAMES = (
    r"(?:index|embed)\.html|feed\.atom|status\.json|badge\.svg|badge-uptime-(?:7|30|90)d\.svg"
    r"|badge-response\.svg|logo\.(?:png|jpg|webp)"
)
_SLUG = r"^status/(?P<slug>[a-z0-9][a-z0-9-]{1,61}[a-z0-9])"
_TOKEN = r"(?P<token>[A-Za-z0-9_-]{20,64})"  # noqa: S105  # a pattern
_SIGNED = r"(?P<token>[A-Za-z0-9_:-]{10,200})"

STATUS_PATHS: list[URLPattern] = [
    re_path(rf"^status/-/confirm/{_TOKEN}$", views.confirm, name="status-confirm"),
    re_path(rf"^status/-/unsubscribe/{_TOKEN}$", views.unsubscribe, name="status-unsubscribe"),
    re_path(rf"^status/-/preview/{_SIGNED}/$", views.show_preview, name="status-preview"),
    re_path(rf"^status/-/preview/{_SIGNED}/(?P<name>logo\.(?:png|jpg|webp))$", views.show_preview),
    re_path(rf"{_SLUG}$", views.add_slash),
    re_path(rf"{_SLUG}/$", views.show_file, name="status-page"),
    re_path(rf"{_SLUG}/(?P<name>{FILE_NAMES})$", views.show_file, name="status-file"),
    re_path(rf"{_SLUG}/unlock$", views.unlock_page, name="status-unlock"),
    re_path(rf"{_SLUG}/subscribe$", views.subscribe_page, name="status-subscribe"),
]
