"""The shapes of the contract: monitors, results, tags. What may be stored is for `monitors/validation.py`."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from accounts.fields import TeamField
from core.formats import spell_rfc3339
from core.instants import from_ms
from core.showing import Showable
from core.timestamps import TimestampField
from monitors.models import Ping, RegionState, Result
from monitors.no_data import read_no_data
from monitors.result_json import result_json
from monitors.selectors import ping_url, show_status
from monitors.status import Belief, MonitorStatus, find_since
from monitors.transitions import State, decide_state
from monitors.versions import version_of
from probes.errors import ErrorCode
from probes.registry import KINDS
from probes.result import Status
from sentrypulse.api.fields import IdsField, TagNamesField
from sentrypulse.api.serializers import KnownFieldsOnly

WINDOWS = ("24h", "7d", "30d", "90d")


class TimingsSerializer(serializers.Serializer[Any]):
    dns_ms = serializers.IntegerField(allow_null=True)
    connect_ms = serializers.IntegerField(allow_null=True)
    tls_ms = serializers.IntegerField(allow_null=True)
    first_byte_ms = serializers.IntegerField(allow_null=True)
    download_ms = serializers.IntegerField(allow_null=True)
    total_ms = serializers.IntegerField(allow_null=True)


class PingSerializer(Showable, serializers.ModelSerializer[Ping]):
    """One call of a heartbeat's address. ``body`` is cut to ``PING_BODY_MAX_BYTES``."""

    class Meta:
        model = Ping
        fields = [
            "id",
            "received_at",
            "kind",
            "exit_status",
            "run_id",
            "duration_ms",
            "body",
            "address",
            "user_agent",
            "method",
        ]
        read_only_fields = fields


class ResultSerializer(Showable, serializers.Serializer[Result]):
    """What one check found. ``unknown``: we could not measure, and it is not held against the target."""

    monitor = serializers.IntegerField(allow_null=True, help_text="Null for one that is not stored")
    region = serializers.CharField()
    scheduled_at = serializers.DateTimeField()
    checked_at = serializers.DateTimeField()
    status = serializers.ChoiceField(choices=[status.value for status in Status])
    error_code = serializers.ChoiceField(choices=[code.value for code in ErrorCode], allow_blank=True)
    error = serializers.CharField(allow_blank=True)
    http_status = serializers.IntegerField(allow_null=True)
    timings = TimingsSerializer()
    address = serializers.CharField(allow_null=True)
    http_version = serializers.CharField(allow_null=True)
    size_bytes = serializers.IntegerField(allow_null=True)
    tls_expires_at = serializers.DateTimeField(allow_null=True)
    domain_expires_at = serializers.DateTimeField(allow_null=True)

    def to_representation(self, instance: Result) -> dict[str, Any]:
        return result_json(instance)


class ResultQuerySerializer(serializers.Serializer[Any]):
    """Which results: those scheduled in ``[since, until)``."""

    status = serializers.ChoiceField(choices=[status.value for status in Status], required=False)
    region = serializers.CharField(required=False, max_length=32)
    since = TimestampField(required=False)
    until = TimestampField(required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if "since" in attrs and "until" in attrs and attrs["until"] <= attrs["since"]:
            raise serializers.ValidationError(
                {"until": ["The range ends before it begins; give a later until."]}
            )
        return attrs


class OpenIncidentSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    acknowledged = serializers.BooleanField()


class RegionStateSerializer(serializers.Serializer[Any]):
    """What one region believes of a monitor, with its newest result."""

    region = serializers.CharField()
    status = serializers.ChoiceField(choices=[(state.value, state.name) for state in State])
    since = serializers.DateTimeField()
    checked_at = serializers.DateTimeField(allow_null=True)
    response_ms = serializers.IntegerField(allow_null=True)
    http_status = serializers.IntegerField(allow_null=True)
    error = serializers.CharField(help_text="What its newest result said; empty: nothing")


class HeartbeatSerializer(serializers.Serializer[Any]):
    """When the next call is due."""

    deadline_at = serializers.DateTimeField(
        allow_null=True, help_text="Late from then on, grace included; null waits for the first call"
    )
    last_ping_at = serializers.DateTimeField(allow_null=True)
    started_at = serializers.DateTimeField(allow_null=True, help_text="Of the run that has not ended yet")


class UptimeSerializer(serializers.Serializer[Any]):
    def get_fields(self) -> dict[str, Any]:
        """The windows' names are no names of Python's."""
        return {window: serializers.FloatField(allow_null=True, help_text="0 to 1") for window in WINDOWS}


class NoDataSerializer(serializers.Serializer[Any]):
    """Why nobody knows how the monitor is."""

    since = serializers.DateTimeField(help_text="Its last result, or when it was created, changed or resumed")
    reason_code = serializers.CharField(
        help_text="The code of its last `unknown` result; else `no_results`, `secrets_unreadable`,"
        " `not_checkable` or, of a heartbeat, `deadline_not_checked`"
    )
    reason = serializers.CharField(help_text="One sentence")


def show_region(state: RegionState, result: Result | None) -> dict[str, Any]:
    belief = Belief.of(state)
    found = {} if result is None else result_json(result)
    return {
        "region": state.region,
        "status": decide_state([belief.health]).value,
        "since": spell_rfc3339(from_ms(find_since(decide_state([belief.health]), [belief]) or 0)),
        "checked_at": found.get("checked_at"),
        "response_ms": found["timings"]["total_ms"] if found else None,
        "http_status": found.get("http_status"),
        "error": found.get("error", ""),
    }


class MonitorSerializer(KnownFieldsOnly):
    """A monitor. Secrets in ``config`` are taken and never given back; sent back without them, they stay."""

    id = serializers.IntegerField(read_only=True)
    team = TeamField()
    name = serializers.CharField(help_text="1 to 100 characters", allow_blank=True)
    kind = serializers.ChoiceField(
        choices=list(KINDS),
        help_text="Fixed once created",
        error_messages={"invalid_choice": f"There is no kind {{input}}; choose one of {', '.join(KINDS)}."},
    )
    url = serializers.CharField(
        default="",
        allow_blank=True,
        help_text="A URL, host:port, host or domain, by kind; empty for a heartbeat",
    )
    interval_s = serializers.IntegerField(
        required=False,
        help_text="10 seconds to 7 days, 60 unless said; of a domain an hour at least, and a day unless said",
    )
    timeout_s = serializers.IntegerField(
        required=False,
        help_text="1 to 60, not longer than the interval; 10 unless said, or a shorter interval",
    )
    fail_after = serializers.IntegerField(
        required=False,
        help_text="Failures in a row that make it down, 1 to 20; 2 unless said, 1 for a heartbeat",
    )
    recover_after = serializers.IntegerField(default=1, help_text="Passes in a row that make it up, 1 to 20")
    recheck_s = serializers.IntegerField(default=10, help_text="Delay of the look that confirms, 1 to 3600")
    config = serializers.DictField(default=dict, help_text="By kind; PATCH changes only the fields it names")
    regions = serializers.ListField(
        child=serializers.CharField(), default=list, help_text="Where it is checked from; empty: everywhere"
    )
    tags = TagNamesField(child=serializers.CharField(allow_blank=True), default=list)
    depends_on = IdsField(
        default=list, help_text="Monitors; while one of them is down, nobody is told that this one is"
    )
    enabled = serializers.BooleanField(default=True)
    version = serializers.SerializerMethodField(help_text="Of the settings; for If-Match")
    status = serializers.SerializerMethodField()
    status_since = serializers.SerializerMethodField()
    incident = serializers.SerializerMethodField()
    regions_state = serializers.SerializerMethodField()
    no_data = serializers.SerializerMethodField()
    last_checked_at = serializers.SerializerMethodField()
    last_result = serializers.SerializerMethodField()
    uptime = UptimeSerializer(source="shown_uptime", read_only=True, help_text="Up to the last whole minute")
    heartbeat = serializers.SerializerMethodField()
    ping_url = serializers.SerializerMethodField()
    created_at = serializers.DateTimeField(read_only=True)

    @extend_schema_field(serializers.ChoiceField(choices=MonitorStatus.choices))
    def get_status(self, monitor: Any) -> str:
        return show_status(monitor, in_maintenance=monitor.running is not None)

    def get_version(self, monitor: Any) -> str:
        return version_of(monitor)

    @extend_schema_field(serializers.DateTimeField(allow_null=True))
    def get_status_since(self, monitor: Any) -> str | None:
        """Null where nobody knows: of a paused one."""
        if not monitor.enabled:
            return None
        if monitor.running:
            return spell_rfc3339(monitor.running.start)
        beliefs = [Belief.of(state) for state in monitor.region_states.all()]
        believed = decide_state([belief.health for belief in beliefs])
        if believed is State.DOWN and monitor.shown_incident:
            return spell_rfc3339(monitor.shown_incident.started_at)
        since = find_since(believed, beliefs)
        return None if since is None else spell_rfc3339(from_ms(since))

    @extend_schema_field(OpenIncidentSerializer(allow_null=True))
    def get_incident(self, monitor: Any) -> dict[str, Any] | None:
        """The open one."""
        if (incident := monitor.shown_incident) is None:
            return None
        return {"id": incident.pk, "acknowledged": incident.acknowledged_at is not None}

    @extend_schema_field(RegionStateSerializer(many=True))
    def get_regions_state(self, monitor: Any) -> list[dict[str, Any]]:
        states = sorted(monitor.region_states.all(), key=lambda state: state.region)
        return [show_region(state, monitor.newest_results.get(state.region)) for state in states]

    @extend_schema_field(HeartbeatSerializer(allow_null=True))
    def get_heartbeat(self, monitor: Any) -> dict[str, Any] | None:
        """Null for every other kind."""
        heartbeat = getattr(monitor, "heartbeat", None)
        return HeartbeatSerializer(heartbeat).data if heartbeat else None

    @extend_schema_field(NoDataSerializer(allow_null=True))
    def get_no_data(self, monitor: Any) -> dict[str, Any] | None:
        """Since when three slots in a row brought no result, or only unknown ones; null while there is
        data."""
        lost = read_no_data(monitor.region_states.all()) if monitor.enabled else None
        return NoDataSerializer(lost).data if lost else None

    @extend_schema_field(serializers.DateTimeField(allow_null=True))
    def get_last_checked_at(self, monitor: Any) -> str | None:
        return result_json(monitor.newest_result)["checked_at"] if monitor.newest_result else None

    @extend_schema_field(ResultSerializer(allow_null=True))
    def get_last_result(self, monitor: Any) -> dict[str, Any] | None:
        return result_json(monitor.newest_result) if monitor.newest_result else None

    @extend_schema_field(serializers.URLField(allow_null=True))
    def get_ping_url(self, monitor: Any) -> str | None:
        return ping_url(monitor)


class CloneSerializer(KnownFieldsOnly):
    name = serializers.CharField(required=False, help_text="Default: the old name and “(copy)”")


class TagSerializer(KnownFieldsOnly):
    id = serializers.IntegerField(read_only=True)
    team = TeamField()
    name = serializers.CharField(allow_blank=True, help_text="1 to 50 characters, once in a team")
