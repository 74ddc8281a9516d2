"""The stacks of an installation, in order; what each needs of those before it, and what it costs a month
before anybody uses it (infra/prices.py)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path

from infra import prices
from infra.stages import rule_name

FOLDER = Path(__file__).parent
Outputs = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Wishes:
    """What people may choose. None: as it was, or as the template says for a new stack."""

    redis: bool | None = None
    cdn: bool | None = None
    min_acu: float | None = None
    max_acu: float | None = None
    engine_version: str | None = None
    from_snapshot: str | None = None
    domain: str | None = None
    certificate_arn: str | None = None
    status_domain: str | None = None
    status_certificate_arn: str | None = None
    alarm_email: str | None = None
    admin_email: str | None = None
    from_email: str | None = None
    web_acl_arn: str | None = None
    protected: bool | None = None

    def given(self) -> list[str]:
        return [one.name for one in fields(self) if getattr(self, one.name) is not None]


@dataclass(frozen=True, slots=True)
class Stack:
    """``needs`` maps a template's parameter to the output that fills it, ``wishes`` to a choice of
    people's."""

    part: str
    why: str
    needs: Mapping[str, str] = field(default_factory=dict)
    wishes: Mapping[str, str] = field(default_factory=dict)
    floor_usd: Callable[[Wishes, str], float] = lambda wishes, stage: 0.0
    keeps: bool = False
    """It holds what cannot be made again, so it is protected from being deleted by accident."""
    iam: bool = False
    """It makes roles with names, which must be declared to CloudFormation."""

    @property
    def template(self) -> str:
        return (FOLDER / f"{self.part}.yaml").read_text()

    def choice(self, wish: str, wishes: Wishes, parameters: Mapping[str, str]) -> str:
        """The value of a choice: what is wished for, otherwise as it is in ``parameters``; empty when neither
        says."""
        wished = getattr(wishes, wish)
        named = next(parameter for parameter, one in self.wishes.items() if one == wish)
        return parameters.get(named, "") if wished is None else _spell(wished)

    def parameters(self, stage: str, *, wishes: Wishes, outputs: Outputs) -> dict[str, str | None]:
        """Values by parameter. None: the value of before, or the template's default, stays.

        Raises ``KeyError`` for an output that no earlier stack has: a mistake in this table.
        """
        found: dict[str, str | None] = {"Stage": stage}
        for parameter, output in self.needs.items():
            found[parameter] = outputs[output] or None  # an API that is not Zappa's (SAM's) stays where it is
        for parameter, wish in self.wishes.items():
            value = getattr(wishes, wish)
            found[parameter] = None if value is None else _spell(value)
        return found


def _spell(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return (
        f"{value:g}" if isinstance(value, float) else str(value)
    )  # 0, and not 0.0: conditions compare texts


def _database_floor(wishes: Wishes, stage: str) -> float:
    acu = wishes.min_acu if wishes.min_acu is not None else default_min_acu(stage)
    return acu * prices.HOURS_A_MONTH * prices.AURORA_ACU_HOUR


def default_min_acu(stage: str) -> float:
    """Only a stage that is not production may pause, because a resume takes about 15 seconds."""
    return 0.5 if stage == "prod" else 0.0


NETWORK = Stack("network", "private network, dual stack, no NAT")
QUEUES = Stack("queues", "four queues, each with its dead letters")
STORAGE = Stack(
    "storage",
    "buckets: packages, published status pages (with their own distribution), archive",
    wishes={
        "Cdn": "cdn",
        "StatusDomain": "status_domain",
        "StatusCertificateArn": "status_certificate_arn",
    },
    keeps=True,
)
ROLES = Stack(
    "roles",
    "what each function may do; log groups",
    needs={"PublishedBucketArn": "PublishedBucketArn", "ArchiveBucketArn": "ArchiveBucketArn"},
    iam=True,
)
DATABASE = Stack(
    "database",
    "Aurora MySQL Serverless v2",
    needs={"SubnetIds": "SubnetIds", "StoresGroupId": "StoresGroupId"},
    wishes={
        "MinCapacity": "min_acu",
        "MaxCapacity": "max_acu",
        "Protected": "protected",
        "EngineVersion": "engine_version",
        "SnapshotIdentifier": "from_snapshot",
    },
    floor_usd=_database_floor,
    keeps=True,
)
REDIS = Stack(
    "redis",
    "shared cache (ElastiCache Serverless, Valkey)",
    needs={"SubnetIds": "SubnetIds", "StoresGroupId": "StoresGroupId"},
    floor_usd=lambda wishes, stage: prices.VALKEY_LEAST_GB * prices.VALKEY_GB_HOUR * prices.HOURS_A_MONTH,
)
GATEWAY = Stack(
    "gateway",
    "the API's own address, without CloudFront",
    needs={"FunctionArn": "ApiFunctionArn"},
    iam=True,
)
FRONTEND = Stack(
    "frontend",
    "the distribution that browsers reach, with the app's bucket",
    needs={"ApiDomain": "ApiDomain", "OriginSecret": "OriginSecret"},
    wishes={"Domain": "domain", "CertificateArn": "certificate_arn", "WebAclArn": "web_acl_arn"},
)
PARAMETERS = Stack(
    "parameters",
    "settings that are no secrets",
    needs={"PublicUrl": "PublicUrl"},
    wishes={"AdminEmail": "admin_email", "FromEmail": "from_email"},
)
ALARMS = Stack(
    "alarms",
    "alarms to people, one dashboard",
    needs={"SchedulerRule": "SchedulerRule", "DatabaseCluster": "DatabaseCluster", "Deployed": "Deployed"},
    wishes={"AlarmEmail": "alarm_email"},
    floor_usd=lambda wishes, stage: prices.ALARM_METRICS * prices.ALARM_METRIC_MONTH,
)
ALL = (NETWORK, QUEUES, STORAGE, ROLES, DATABASE, REDIS, GATEWAY, FRONTEND, PARAMETERS, ALARMS)
"""When a stage with a gateway gets a distribution, outputs of the distribution replace those of the
gateway."""

BASTION = Stack(
    "bastion",
    "a machine that Systems Manager reaches, as a way to the database for people",
    needs={"VpcId": "VpcId", "StoresGroupId": "StoresGroupId"},
    floor_usd=lambda wishes, stage: prices.BASTION_MONTH,
    iam=True,
)
"""Made and removed by its own commands (infra/bastion.py)."""

BY_HAND = ("page-domain",)
"""Templates that people deploy themselves, one for each name (docs/deploy.md)."""

# In a further region
EDGE_QUEUES = Stack("queues", "the queue checks with its dead letters", needs={"Home": "Home"})
EDGE = Stack(
    "edge",
    "bucket for its package, log group, alarms to people",
    needs={"HomeRegion": "HomeRegion", "AlarmEmail": "AlarmEmail"},
    floor_usd=lambda wishes, stage: prices.EDGE_ALARM_METRICS * prices.ALARM_METRIC_MONTH,
)
EDGE_STACKS = (EDGE_QUEUES, EDGE)


def choose_stacks(*, redis: bool, cdn: bool) -> list[Stack]:
    left_out = (GATEWAY if cdn else FRONTEND, None if redis else REDIS)
    return [stack for stack in ALL if stack not in left_out]


def known_outputs(stage: str) -> dict[str, str]:
    """Values that are used like outputs but are known before anything is made."""
    return {"SchedulerRule": rule_name(stage, "scheduler"), "NightlyRule": rule_name(stage, "nightly")}
