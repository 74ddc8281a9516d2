"""The API's part of the settings: REST framework, tokens, OpenAPI document. No operator sets any of it."""

from datetime import timedelta
from typing import Any

from sentrypulse import __version__

REST_FRAMEWORK: dict[str, Any] = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "accounts.authentication.TokenAuthentication",
        "accounts.authentication.ApiKeyAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_RENDERER_CLASSES": [
        "core.renderers.JsonRenderer",
        "rest_framework.renderers.BrowsableAPIRenderer",
    ],
    "DEFAULT_PARSER_CLASSES": [
        "core.parsers.JsonParser",
    ],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "core.renderers.Negotiation",
    "DEFAULT_PERMISSION_CLASSES": ["accounts.permissions.TeamPermission"],
    "DEFAULT_PAGINATION_CLASS": "core.pagination.CursorPaging",
    "DEFAULT_FILTER_BACKENDS": [
        "core.filters.FilterBackend",
        "rest_framework.filters.SearchFilter",
    ],
    "DEFAULT_SCHEMA_CLASS": "core.schema.ContractSchema",
    "EXCEPTION_HANDLER": "core.errors.handle_api_error",
    "PAGE_SIZE": 50,
    "DEFAULT_THROTTLE_RATES": {  # attempts per minute, hour or day: see accounts/throttles.py
        "login_address": "30/minute",
        "login_account_address": "10/minute",
        "login_account": "20/minute",  # from all addresses together that it never signed in from
        "register_address": "60/hour",
        "register_account": "10/hour",
        "reset_address": "20/hour",
        "reset_account": "5/hour",
        "verify_address": "60/hour",
        "verify_user": "5/hour",
        "invite_user": "60/hour",
        "subscribe_address": "20/hour",
        "subscribe_target": "5/hour",
        "subscribe_page": "600/hour",
        "unlock_address": "10/minute",
        "unlock_page": "100/minute",
        "test_channel": "10/minute",
    },
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
SIMPLE_JWT = {
    "ACCESS_TOKEN_LIFETIME": timedelta(minutes=15),
    "REFRESH_TOKEN_LIFETIME": timedelta(days=30),
    "ROTATE_REFRESH_TOKENS": True,
    "BLACKLIST_AFTER_ROTATION": True,
    "CHECK_REVOKE_TOKEN": True,  # a token dies when its user's password changes
    "UPDATE_LAST_LOGIN": True,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "SentryPulse API",
    "VERSION": __version__,
    "DESCRIPTION": (
        "Monitors, incidents, status pages, reports. Programs authenticate with a token or an API key. The "
        "app has a session: django-allauth documents its sign-in, below /_allauth/browser/v1/. With a "
        "session, what changes something shows the CSRF token, too, in X-CSRFToken."
    ),
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "COMPONENT_SPLIT_REQUEST": True,
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "sentrypulse.api.document.complete_document",
    ],
    "ENUM_NAME_OVERRIDES": {  # of fields whose names others have, too
        "MonitorKindName": "probes.registry.KINDS",
        "ChannelKindName": "delivery.registry.KINDS",
        "MonitorStatus": "monitors.status.MonitorStatus",
        "RegionStatus": "monitors.transitions.State",
        "DeliveryStatusEnum": "outbox.models.OutgoingStatus",
        "IncidentKindEnum": "incidents.models.IncidentKind",
        "SubscriberKind": "statuspages.models.SubscriberKind",
        "PageVisibility": "statuspages.models.Visibility",
        "PostVisibility": "statuspages.models.PostVisibility",
    },
}
