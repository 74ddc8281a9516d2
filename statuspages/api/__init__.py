"""Status pages on the wire, and where. `sentrypulse.api` mounts the viewset of pages."""

from django.urls import URLPattern, path

from statuspages.api.pages import StatusPageViewSet
from statuspages.api.posts import PostViewSet
from statuspages.api.subscribers import SubscriberViewSet

__all__ = ["PostViewSet", "StatusPageViewSet", "page_paths"]


def page_paths(posts: type[PostViewSet]) -> list[URLPattern]:
    """What lies below a page. ``posts`` is the viewset as the apps above have extended it."""
    return [
        path("status-pages/<int:page_id>/posts/", posts.as_view({"get": "list", "post": "create"})),
        path(
            "status-pages/<int:page_id>/posts/<int:pk>/",
            posts.as_view({"get": "retrieve", "patch": "partial_update", "delete": "destroy"}),
        ),
        path(
            "status-pages/<int:page_id>/subscribers/",
            SubscriberViewSet.as_view({"get": "list", "post": "create"}),
        ),
        path(
            "status-pages/<int:page_id>/subscribers/<int:pk>/",
            SubscriberViewSet.as_view({"get": "retrieve", "delete": "destroy"}),
        ),
    ]
