"""``GET server``: what an app must know of this installation before anybody signs in. Tells nothing of
anybody's data, and no secret."""

from typing import Any

from django.conf import settings
from django.utils import timezone
from django.utils.cache import patch_cache_control
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from core.engine import Engine
from core.pagination import CursorPaging
from monitors import validation
from probes.registry import KINDS
from sentrypulse import __version__
from sentrypulse.api.monitors.bulk import MAX_IDS
from sentrypulse.api.monitors.imports import MAX_ROWS

KEPT_FOR_S = 60
NO_SERVER = ("consolemail://", "dummymail://")


class RetentionSerializer(serializers.Serializer[Any]):
    """For how many days things are kept."""

    results = serializers.IntegerField()
    hours = serializers.IntegerField(help_text="Figures by the hour")
    days = serializers.IntegerField(allow_null=True, help_text="Figures by the day; null: for ever")
    deliveries = serializers.IntegerField(help_text="The ledger")


class LimitsSerializer(serializers.Serializer[Any]):
    """Bounds that hold for everybody."""

    min_interval_s = serializers.IntegerField()
    max_interval_s = serializers.IntegerField()
    max_timeout_s = serializers.IntegerField()
    max_page_size = serializers.IntegerField()
    max_bulk_ids = serializers.IntegerField()
    max_import_rows = serializers.IntegerField()
    max_body_bytes = serializers.IntegerField(help_text="Of a request")
    max_tags_a_monitor = serializers.IntegerField()
    max_tag_chars = serializers.IntegerField()
    max_name_chars = serializers.IntegerField()
    max_url_chars = serializers.IntegerField()


class QuotasSerializer(serializers.Serializer[Any]):
    """How much a team may have unless operators say otherwise for it; null: as much as it likes."""

    def get_fields(self) -> dict[str, Any]:
        return {name: serializers.IntegerField(allow_null=True) for name in settings.QUOTAS}


class ServerSerializer(serializers.Serializer[Any]):
    """This installation."""

    version = serializers.CharField()
    engine = serializers.ChoiceField(choices=[engine.value for engine in Engine])
    now = serializers.DateTimeField(help_text=f"By our clock; an answer may be kept for {KEPT_FOR_S} s")
    public_url = serializers.URLField()
    regions = serializers.ListField(child=serializers.CharField(), help_text="Where checks are made from")
    kinds = serializers.ListField(child=serializers.ChoiceField(choices=list(KINDS)))
    registration = serializers.ChoiceField(
        choices=["open", "invite", "closed"], help_text="Who may make an account: all, the invited, nobody"
    )
    email_works = serializers.BooleanField(help_text="Whether there is a mail server")
    retention_days = RetentionSerializer()
    limits = LimitsSerializer()
    quotas = QuotasSerializer()


def read_server() -> dict[str, Any]:
    return {
        "version": __version__,
        "engine": settings.ENGINE,
        "now": timezone.now().replace(microsecond=0),
        "public_url": settings.PUBLIC_URL,
        "regions": settings.REGIONS,
        "kinds": list(KINDS),
        "registration": settings.SIGNUP,
        "email_works": not settings.EMAIL_URL.startswith(NO_SERVER),
        "retention_days": {
            "results": settings.RAW_RETENTION_DAYS,
            "hours": settings.HOUR_RETENTION_DAYS,
            "days": settings.DAY_RETENTION_DAYS or None,
            "deliveries": settings.LEDGER_RETENTION_DAYS,
        },
        "limits": {
            "min_interval_s": settings.MIN_INTERVAL_S,
            "max_interval_s": validation.MAX_INTERVAL_S,
            "max_timeout_s": validation.MAX_TIMEOUT_S,
            "max_page_size": CursorPaging.max_page_size,
            "max_bulk_ids": MAX_IDS,
            "max_import_rows": MAX_ROWS,
            "max_body_bytes": settings.DATA_UPLOAD_MAX_MEMORY_SIZE,
            "max_tags_a_monitor": validation.MAX_TAGS,
            "max_tag_chars": validation.MAX_TAG_CHARS,
            "max_name_chars": validation.MAX_NAME_CHARS,
            "max_url_chars": validation.MAX_URL_CHARS,
        },
        "quotas": {name: most or None for name, most in settings.QUOTAS.items()},
    }


class ServerView(APIView):
    """What this installation is, and what it allows. For everybody."""

    authentication_classes = ()
    permission_classes = (AllowAny,)

    @extend_schema(responses=ServerSerializer)
    def get(self, request: Request) -> Response:
        answer = Response(ServerSerializer(read_server()).data)
        patch_cache_control(answer, public=True, max_age=KEPT_FOR_S)
        return answer
