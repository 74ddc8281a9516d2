"""What of an account differs from another's, and is AWS's to say: quotas, whether it may send e-mail and have
distributions, which versions of Aurora are on offer. Tests set it as they like."""

from dataclasses import dataclass, field
from typing import Any

from tests.infra.emulator.calls import Refused
from tests.infra.emulator.formation import MADE
from tests.infra.emulator.functions import check_role

AURORA = ("3.04.4", "3.10.3", "3.10.4", "3.11.1", "3.12.0")
"""Of Aurora MySQL 3, what a region offers at the end of November 2026."""


@dataclass
class Account:
    concurrency: int = 1_000
    """How many functions may run at once; a new account's is 10."""
    reserved: int = 0
    may_send: bool = True
    """Is SES out of its sandbox?"""
    verified: set[str] = field(default_factory=lambda: {"sentrypulse.example"})
    """Domains and addresses that SES has verified."""
    may_have_distributions: bool = True
    aurora: tuple[str, ...] = AURORA
    snapshots: set[str] = field(default_factory=set)
    """Of database clusters, by name."""
    refused: dict[str, str] = field(default_factory=dict)
    """By type of resource, why none is made now."""

    def judge_resource(self, kind: str, properties: dict[str, Any]) -> str:
        """Why it may not be made; empty when it may."""
        if kind in self.refused:
            return self.refused[kind]
        if kind == "AWS::CloudFront::Distribution" and not self.may_have_distributions:
            return (
                "Access denied for operation 'AWS::CloudFront::Distribution: Your account must be verified"
                " before you can add new CloudFront resources. To verify your account, please contact AWS"
                " Support (https://console.aws.amazon.com/support/home#/) and include this error message.'."
            )
        if kind == "AWS::ApiGatewayV2::Integration" and (arn := properties.get("CredentialsArn")):
            return _judge_role(arn)
        if kind == "AWS::RDS::DBCluster":
            return self._judge_cluster(properties)
        return ""

    def _judge_cluster(self, properties: dict[str, Any]) -> str:
        version = str(properties.get("EngineVersion", ""))
        if version and version not in self.engine_versions:
            return f"Cannot find version {version} for aurora-mysql"
        snapshot = properties.get("SnapshotIdentifier")
        if snapshot:
            name = snapshot.rpartition(":")[2]
            if name not in self.snapshots:
                return f"DBClusterSnapshot not found: {name}"
            if wrong := sorted({"MasterUsername", "DatabaseName"} & set(properties)):
                return f"{', '.join(wrong)} cannot be given with SnapshotIdentifier"
        elif "MasterUserPassword" not in properties or "MasterUsername" not in properties:
            return "The parameters MasterUsername and MasterUserPassword must be provided"
        return ""

    @property
    def engine_versions(self) -> list[str]:
        return [f"8.0.mysql_aurora.{version}" for version in self.aurora]


def _judge_role(arn: str) -> str:
    """API Gateway calls a function as a role that it may take:
    https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html"""
    try:
        check_role(arn, "apigateway.amazonaws.com", "BadRequestException", f"{arn} cannot be assumed.")
    except Refused as no:
        return no.sentence
    return ""


# What is asked about the account


def describe_engine_versions(account: Account, asked: dict[str, Any]) -> dict[str, Any]:
    found = [one for one in account.engine_versions if asked.get("EngineVersion", one) == one]
    return {
        "DBEngineVersions": [
            {
                "Engine": "aurora-mysql",
                "EngineVersion": one,
                "DBParameterGroupFamily": "aurora-mysql8.0",
                "Status": "available",
                "SupportsLimitlessDatabase": False,
            }
            for one in (found if asked.get("Engine") == "aurora-mysql" else [])
        ]
    }


def describe_snapshots(account: Account, asked: dict[str, Any]) -> dict[str, Any]:
    name = str(asked.get("DBClusterSnapshotIdentifier", "")).rpartition(":")[2]
    if name and name not in account.snapshots:
        raise Refused("DBClusterSnapshotNotFoundFault", f"DBClusterSnapshot not found: {name}", 404)
    return {
        "DBClusterSnapshots": [
            {
                "DBClusterSnapshotIdentifier": one,
                "Engine": "aurora-mysql",
                "EngineVersion": account.engine_versions[0],
                "Status": "available",
            }
            for one in sorted(account.snapshots)
            if not name or one == name
        ]
    }


def _find_cluster(asked: dict[str, Any]) -> dict[str, Any]:
    name = asked["DBClusterIdentifier"]
    if MADE.get(name, {}).get("Type") != "AWS::RDS::DBCluster":
        raise Refused("DBClusterNotFoundFault", f"DBCluster {name} not found.", 404)
    return MADE[name]


def modify_cluster(account: Account, asked: dict[str, Any]) -> dict[str, Any]:
    cluster = _find_cluster(asked)
    cluster.update({key: value for key, value in asked.items() if key not in {"ApplyImmediately"}})
    return {"DBCluster": {"DBClusterIdentifier": asked["DBClusterIdentifier"]}}


def get_sending_account(account: Account, asked: dict[str, Any]) -> dict[str, Any]:
    quota = {"Max24HourSend": 50_000.0, "MaxSendRate": 14.0, "SentLast24Hours": 0.0}
    in_sandbox = {"Max24HourSend": 200.0, "MaxSendRate": 1.0, "SentLast24Hours": 0.0}
    return {
        "ProductionAccessEnabled": account.may_send,
        "SendingEnabled": True,
        "EnforcementStatus": "HEALTHY",
        "SendQuota": quota if account.may_send else in_sandbox,
    }


def get_identity(account: Account, asked: dict[str, Any]) -> dict[str, Any]:
    name = asked["EmailIdentity"]
    if name not in account.verified:
        raise Refused("NotFoundException", f"Email identity {name} does not exist.", 404)
    return {
        "IdentityType": "EMAIL_ADDRESS" if "@" in name else "DOMAIN",
        "VerifiedForSendingStatus": True,
        "VerificationStatus": "SUCCESS",
    }


def get_lambda_account(account: Account, asked: dict[str, Any]) -> dict[str, Any]:
    return {
        "AccountLimit": {
            "TotalCodeSize": 80_530_636_800,
            "CodeSizeUnzipped": 262_144_000,
            "CodeSizeZipped": 52_428_800,
            "ConcurrentExecutions": account.concurrency,
            "UnreservedConcurrentExecutions": account.concurrency - account.reserved,
        },
        "AccountUsage": {"TotalCodeSize": 0, "FunctionCount": 0},
    }


ANSWERS = {
    "lambda:GetAccountSettings": get_lambda_account,
    "rds:DescribeDBClusterSnapshots": describe_snapshots,
    "rds:DescribeDBEngineVersions": describe_engine_versions,
    "rds:ModifyDBCluster": modify_cluster,
    "sesv2:GetAccount": get_sending_account,
    "sesv2:GetEmailIdentity": get_identity,
}
