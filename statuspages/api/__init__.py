"""Status pages on the wire, and where. `sentrypulse.api` mounts the viewset of pages."""

from django.urls import URLPattern, path

from statuspages.api.pages import StatusPageViewSet
from statuspages.api.posts import PostViewSet
from statuspages.api.subscribers import SubscriberViewSet

__all__ = ["PAGE_PATHS", "StatusPageViewSet"]

PAGE_PATHS: list[URLPattern] = [
    path("status-pages/<int:page_id>/posts/", PostViewSet.as_view({"get": "list", "post": "create"})),
    path(
        "status-pages/<int:page_id>/posts/<int:pk>/",
        PostViewSet.as_view({"get": "retrieve", "patch": "partial_update", "delete": "destroy"}),
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
