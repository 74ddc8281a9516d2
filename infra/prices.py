"""List prices of AWS in us-east-1, in USD, without the free tier. docs/deploy.md says what they come to.

AWS changes them, and other regions cost up to a quarter more. A bill is what AWS Cost Explorer says, not what
stands here.
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import ceil

HOURS_A_MONTH = 730

# https://aws.amazon.com/rds/aurora/pricing/
AURORA_ACU_HOUR = 0.12
AURORA_GB_MONTH = 0.10
AURORA_MILLION_IO = 0.20

# https://aws.amazon.com/elasticache/pricing/ (serverless Valkey, 100 MB at least)
VALKEY_GB_HOUR = 0.084
VALKEY_LEAST_GB = 0.1

# https://aws.amazon.com/lambda/pricing/ (x86; SnapStart for Python; provisioned concurrency)
LAMBDA_MILLION_CALLS = 0.20
LAMBDA_GB_S = 0.0000166667
SNAPSTART_CACHE_GB_S = 0.0000015046
SNAPSTART_RESTORE_GB = 0.0001397998
PROVISIONED_GB_S = 0.0000041667

# https://aws.amazon.com/api-gateway/pricing/ (HTTP API), /sqs/pricing/ (standard), /cloudfront/pricing/
HTTP_API_MILLION = 1.00
SQS_MILLION = 0.40
CLOUDFRONT_GB = 0.085
CLOUDFRONT_FREE_GB = 1024
CLOUDFRONT_10K_HTTPS = 0.0100
CLOUDFRONT_FREE_REQUESTS = 10_000_000

# https://aws.amazon.com/ec2/pricing/on-demand/ ("Data Transfer"): what goes from one region to another
BETWEEN_REGIONS_GB = 0.02

# https://aws.amazon.com/cloudwatch/pricing/
LOGS_GB = 0.50
METRIC_MONTH = 0.30
ALARM_METRIC_MONTH = 0.10
ALARM_METRICS = 20
"""Of infra/alarms.yaml: an alarm on an expression pays for each metric in it, and not for the expression."""
EDGE_ALARM_METRICS = 5
"""Of infra/edge.yaml, in each further region."""

# What a month comes to


@dataclass(frozen=True, slots=True)
class Load:
    """A month's work. ``database_acu`` is the mean; what a database needs is measured, not computed."""

    requests: int
    monitors: int
    database_acu: float
    interval_s: int = 60
    out_gb: float = 0.0


LEVELS = {
    1_000: Load(requests=100_000, monitors=100, database_acu=0.5, out_gb=10),
    10_000: Load(requests=1_000_000, monitors=1_000, database_acu=1.0, out_gb=100),
    100_000: Load(requests=10_000_000, monitors=10_000, database_acu=4.0, out_gb=1024),
}
"""By users a day: the requests of the guide that asked for these levels, and a monitor for ten users."""

MINUTES = HOURS_A_MONTH * 60
GROUPS_A_MINUTE = 12
"""Slots within five seconds share messages (decision 16)."""
EMPTY_RECEIVES_A_MINUTE = 5 * 3
"""Of a queue: Lambda reads it with five pollers, which wait 20 s at most."""
CUSTOM_METRICS = 25
EDGE_CUSTOM_METRICS = 10
CHECK_AND_RESULT_BYTES = 700
"""In messages of some ten, for an HTTP check with a name and a status to expect."""
VERSIONS_KEPT = 4
"""Zappa keeps three when it has uploaded the code (num_retained_versions), and makes one more with its
configuration."""
RESTORES_A_REQUEST = 1 / 1_000
RAW_DAYS, ROW_BYTES, ROLLUP_BYTES_A_MONITOR = 30, 117, 838_000
LOG_BYTES_A_CALL = 1_500


def estimate(load: Load) -> dict[str, float]:
    """USD a month by part, at list prices without Lambda's free tier.

    Assumed: a call of the edge takes 1 s (as long as its slowest check) at 512 MB, a recording 0.2 s, a job
    0.3 s, a request 60 ms at 1 GB; one I/O of the database for five results; for each request of the API one
    of the app's files, and one new sandbox for a thousand.
    """
    checks = _count_checks(load)
    edge, record = _count_calls(checks)
    jobs = 9 * MINUTES
    calls = edge + record + jobs
    sqs = (edge * 2 + jobs) * 1.5 + 4 * EMPTY_RECEIVES_A_MINUTE * MINUTES
    stored_gb = (checks * RAW_DAYS / 30.4 * ROW_BYTES + load.monitors * ROLLUP_BYTES_A_MONITOR) / 1e9
    return {
        "API (Lambda)": load.requests / 1e6 * LAMBDA_MILLION_CALLS + load.requests * 0.06 * LAMBDA_GB_S,
        "API Gateway (HTTP API)": load.requests / 1e6 * HTTP_API_MILLION,
        "Pipeline (Lambda)": _price_calls(edge, record, jobs),
        "SQS": sqs / 1e6 * SQS_MILLION,
        "Aurora, compute": load.database_acu * HOURS_A_MONTH * AURORA_ACU_HOUR,
        "Aurora, storage and I/O": stored_gb * AURORA_GB_MONTH + checks / 5 / 1e6 * AURORA_MILLION_IO,
        "SnapStart": VERSIONS_KEPT * HOURS_A_MONTH * 3600 * SNAPSTART_CACHE_GB_S
        + load.requests * RESTORES_A_REQUEST * SNAPSTART_RESTORE_GB,
        "CloudFront": max(0.0, load.out_gb - CLOUDFRONT_FREE_GB) * CLOUDFRONT_GB
        + max(0, 2 * load.requests - CLOUDFRONT_FREE_REQUESTS) / 10_000 * CLOUDFRONT_10K_HTTPS,
        "Logs, metrics, alarms": (calls + load.requests) * LOG_BYTES_A_CALL / 1e9 * LOGS_GB
        + CUSTOM_METRICS * METRIC_MONTH
        + ALARM_METRICS * ALARM_METRIC_MONTH,
    }


def estimate_edge(load: Load) -> dict[str, float]:
    """USD a month that a further region adds, when every monitor is checked from there, too."""
    checks = _count_checks(load)
    edge, record = _count_calls(checks)
    sqs = edge * 2 * 1.5 + EMPTY_RECEIVES_A_MINUTE * MINUTES
    rows_gb = checks * RAW_DAYS / 30.4 * ROW_BYTES / 1e9
    return {
        "Its edge, and recording at home (Lambda)": _price_calls(edge, record, 0),
        "SQS": sqs / 1e6 * SQS_MILLION,
        "Aurora, storage and I/O": rows_gb * AURORA_GB_MONTH + checks / 5 / 1e6 * AURORA_MILLION_IO,
        "From region to region": checks * CHECK_AND_RESULT_BYTES / 1e9 * BETWEEN_REGIONS_GB,
        "Logs, metrics, alarms": (edge + record) * LOG_BYTES_A_CALL / 1e9 * LOGS_GB
        + EDGE_CUSTOM_METRICS * METRIC_MONTH
        + EDGE_ALARM_METRICS * ALARM_METRIC_MONTH,
    }


def _count_checks(load: Load) -> float:
    return load.monitors * MINUTES * 60 / load.interval_s


def _count_calls(checks: float) -> tuple[float, float]:
    """Of the edge of one region, and of the recorder for what that found."""
    messages_a_minute = GROUPS_A_MINUTE * max(1.0, ceil(checks / MINUTES / GROUPS_A_MINUTE / 100))
    edge = messages_a_minute * MINUTES
    return edge, min(edge, edge / 10 + GROUPS_A_MINUTE * MINUTES)


def _price_calls(edge: float, record: float, jobs: float) -> float:
    gb_s = edge * 1.0 * 0.5 + record * 0.2 * 0.5 + jobs * 0.3 * 0.5
    return (edge + record + jobs) / 1e6 * LAMBDA_MILLION_CALLS + gb_s * LAMBDA_GB_S


def provisioned(sandboxes: int, *, memory_gb: float = 1.0) -> float:
    """USD a month for sandboxes that are kept ready; what they run is billed beside."""
    return sandboxes * memory_gb * HOURS_A_MONTH * 3600 * PROVISIONED_GB_S


def table(estimated: Callable[[Load], dict[str, float]] = estimate) -> str:
    """The estimates of the three levels, as docs/deploy.md shows them (a test compares)."""
    columns = [estimated(load) for load in LEVELS.values()]
    lines = [f"| | {' | '.join(f'{users:,} users a day' for users in LEVELS)} |", "|---|---:|---:|---:|"]
    lines += [
        f"| {part} | {' | '.join(f'{column[part]:.2f}' for column in columns)} |" for part in columns[0]
    ]
    totals = [sum(column.values()) for column in columns]
    return "\n".join(
        [*lines, f"| **Sum, USD a month** | {' | '.join(f'**{total:.0f}**' for total in totals)} |"]
    )
