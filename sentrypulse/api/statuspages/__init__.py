"""Status pages on the wire, and what lies below one."""

from django.urls import path

from sentrypulse.api.statuspages.pages import StatusPageViewSet
from sentrypulse.api.statuspages.posts import PostViewSet
from sentrypulse.api.statuspages.subscribers import SubscriberViewSet

__all__ = ["PAGE_PATHS", "StatusPageViewSet"]

PAGE_PATHS = [
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
