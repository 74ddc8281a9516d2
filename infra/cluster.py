"""The database's cluster, where its stack cannot: without a stack that may be changed, or what CloudFormation
does not set."""

from collections.abc import Callable

from infra import secrets
from infra.clients import Clients
from infra.stages import PROJECT, infra_path

Report = Callable[[str], None]


def name_cluster(stage: str) -> str:
    """The cluster's name, as in infra/database.yaml."""
    return f"{PROJECT}-{stage}"


def unprotect(clients: Clients, stage: str) -> None:
    """Let it be deleted, if there is one: a stack whose creation failed does not go while its cluster is
    protected, which it is from its first moment."""
    try:
        clients.rds.modify_db_cluster(
            DBClusterIdentifier=name_cluster(stage), DeletionProtection=False, ApplyImmediately=True
        )
    except clients.rds.exceptions.DBClusterNotFoundFault:
        return


def set_password(clients: Clients, stage: str, *, report: Report) -> None:
    """Give a database that was made from a snapshot, and has the snapshot's password, the stage's own."""
    password = secrets.read_secret(clients.ssm, f"{infra_path(stage)}/DATABASE_PASSWORD")
    clients.rds.modify_db_cluster(
        DBClusterIdentifier=name_cluster(stage), MasterUserPassword=password, ApplyImmediately=True
    )
    report("  the database's password is the stage's own")
