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

# https://aws.amazon.com/ec2/pricing/on-demand/ ("Data Transfer"): to another region, to the internet
BETWEEN_REGIONS_GB = 0.02
INTERNET_GB = 0.09

# https://aws.amazon.com/ec2/pricing/on-demand/ (t4g.nano), /ebs/pricing/ (gp3), /vpc/pricing/ (public IPv4)
T4G_NANO_HOUR = 0.0042
GP3_GB_MONTH = 0.08
IPV4_HOUR = 0.005
BASTION_MONTH = HOURS_A_MONTH * (T4G_NANO_HOUR + IPV4_HOUR) + 8 * GP3_GB_MONTH

# https://aws.amazon.com/xray/pricing/
XRAY_MILLION = 5.00

# https://aws.amazon.com/cloudwatch/pricing/
LOGS_GB = 0.50
METRIC_MONTH = 0.30
ALARM_METRIC_MONTH = 0.10
ALARM_METRICS = 21
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
CHECKS_A_MESSAGE = 100
FAST_S, SLOW_S, SLOW_RATIO = 1.0, 10.0, 0.01
"""A check, and of a hundred the one that waits until its time is up. A call lasts as long as its slowest."""
EMPTY_RECEIVES_A_MINUTE = 5 * 3
"""Of a queue: Lambda reads it with five pollers, which wait 20 s at most."""
CUSTOM_METRICS = 40
"""What the functions write each hour: of the edge 9, the recorder 15, receipts 10, the clock 5, the API 1."""
EDGE_CUSTOM_METRICS = 10
CHECK_AND_RESULT_BYTES = 700
"""In messages of some ten, for an HTTP check with a name and a status to expect."""
CHECK_OUT_BYTES = 1_200
"""Of handshake and request, to the target."""
TRACES = 1_400_000
"""A month, nearly whatever the load: Lambda traces the first call of a second, and 5 % of the others."""
VERSIONS_KEPT = 4
"""Zappa keeps three when it has uploaded the code (num_retained_versions), and makes one more with its
configuration."""
RESTORES_A_REQUEST = 1 / 1_000
RAW_DAYS, ROW_BYTES, ROLLUP_BYTES_A_MONITOR = 30, 117, 838_000
LOG_BYTES_A_CALL = 1_500


@dataclass(frozen=True, slots=True)
class Workload:
    """What the pipeline does in a month for one region."""

    checks: float
    edge_calls: float
    record_calls: float
    slow_ratio: float
    """Of the edge's calls, those that hold a check whose time runs out."""

    @property
    def edge_s(self) -> float:
        return FAST_S + self.slow_ratio * (SLOW_S - FAST_S)

    @property
    def queue_requests(self) -> float:
        """A message of checks is sent in a call with others, received and deleted; what was found is sent
        when the fast ones are done, and again for the slow. SQS counts each 64 KiB."""
        results = 1 + 2 * self.slow_ratio
        return self.edge_calls * (2.5 + 1.6 * results)


def estimate(load: Load) -> dict[str, float]:
    """USD a month by part, at list prices without Lambda's free tier.

    Assumed: a call of the edge at 512 MB takes as long as its slowest check, a recording 0.2 s, a job 0.3 s,
    a request 60 ms at 1 GB; one I/O of the database for five results; for each request of the API one of the
    app's files, and one new sandbox for a thousand.
    """
    work = _count_work(load)
    jobs = 9 * MINUTES
    calls = work.edge_calls + work.record_calls + jobs
    requests = work.queue_requests + jobs * 2.1 + 4 * EMPTY_RECEIVES_A_MINUTE * MINUTES
    stored_gb = (work.checks * RAW_DAYS / 30.4 * ROW_BYTES + load.monitors * ROLLUP_BYTES_A_MONITOR) / 1e9
    return {
        "API (Lambda)": load.requests / 1e6 * LAMBDA_MILLION_CALLS + load.requests * 0.06 * LAMBDA_GB_S,
        "API Gateway (HTTP API)": load.requests / 1e6 * HTTP_API_MILLION,
        "Pipeline (Lambda)": _price_calls(work, jobs),
        "What probes send out": work.checks * CHECK_OUT_BYTES / 1e9 * INTERNET_GB,
        "SQS": requests / 1e6 * SQS_MILLION,
        "Aurora, compute": load.database_acu * HOURS_A_MONTH * AURORA_ACU_HOUR,
        "Aurora, storage and I/O": stored_gb * AURORA_GB_MONTH + work.checks / 5 / 1e6 * AURORA_MILLION_IO,
        "SnapStart": VERSIONS_KEPT * HOURS_A_MONTH * 3600 * SNAPSTART_CACHE_GB_S
        + load.requests * RESTORES_A_REQUEST * SNAPSTART_RESTORE_GB,
        "CloudFront": max(0.0, load.out_gb - CLOUDFRONT_FREE_GB) * CLOUDFRONT_GB
        + max(0, 2 * load.requests - CLOUDFRONT_FREE_REQUESTS) / 10_000 * CLOUDFRONT_10K_HTTPS,
        "Logs, metrics, alarms": (calls + load.requests) * LOG_BYTES_A_CALL / 1e9 * LOGS_GB
        + CUSTOM_METRICS * METRIC_MONTH
        + ALARM_METRICS * ALARM_METRIC_MONTH,
        "X-Ray": TRACES / 1e6 * XRAY_MILLION,
    }


def estimate_edge(load: Load) -> dict[str, float]:
    """USD a month that a further region adds, when every monitor is checked from there, too."""
    work = _count_work(load)
    requests = work.queue_requests + EMPTY_RECEIVES_A_MINUTE * MINUTES
    rows_gb = work.checks * RAW_DAYS / 30.4 * ROW_BYTES / 1e9
    return {
        "Its edge, and recording at home (Lambda)": _price_calls(work, 0),
        "What its probes send out": work.checks * CHECK_OUT_BYTES / 1e9 * INTERNET_GB,
        "SQS": requests / 1e6 * SQS_MILLION,
        "Aurora, storage and I/O": rows_gb * AURORA_GB_MONTH + work.checks / 5 / 1e6 * AURORA_MILLION_IO,
        "From region to region": work.checks * CHECK_AND_RESULT_BYTES / 1e9 * BETWEEN_REGIONS_GB,
        "Logs, metrics, alarms": (work.edge_calls + work.record_calls) * LOG_BYTES_A_CALL / 1e9 * LOGS_GB
        + EDGE_CUSTOM_METRICS * METRIC_MONTH
        + EDGE_ALARM_METRICS * ALARM_METRIC_MONTH,
    }


def one_by_one(monitors: int) -> float:
    """USD a month for a function of 512 MB for each check, as the guide has it: its calls and their time."""
    seconds = FAST_S + SLOW_RATIO * (SLOW_S - FAST_S)
    return monitors * MINUTES * (LAMBDA_MILLION_CALLS / 1e6 + seconds * 0.5 * LAMBDA_GB_S)


def _count_work(load: Load) -> Workload:
    checks = load.monitors * MINUTES * 60 / load.interval_s
    messages_a_minute = GROUPS_A_MINUTE * max(
        1.0, ceil(checks / MINUTES / GROUPS_A_MINUTE / CHECKS_A_MESSAGE)
    )
    edge = messages_a_minute * MINUTES
    slow_ratio = 1 - (1 - SLOW_RATIO) ** (checks / edge)
    return Workload(checks, edge, min(edge, edge / 10 + GROUPS_A_MINUTE * MINUTES), slow_ratio)


def _price_calls(work: Workload, jobs: float) -> float:
    gb_s = work.edge_calls * work.edge_s * 0.5 + work.record_calls * 0.2 * 0.5 + jobs * 0.3 * 0.5
    calls = work.edge_calls + work.record_calls + jobs
    return calls / 1e6 * LAMBDA_MILLION_CALLS + gb_s * LAMBDA_GB_S


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
