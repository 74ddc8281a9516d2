"""Taking a stage away again, in the opposite order. What cannot be made again is kept: the database as a
snapshot, published pages and the archive in their buckets, and the secrets that open the snapshot."""

from collections.abc import Callable, Sequence

from infra import cluster, secrets, site
from infra.callbacks import DeployRefused
from infra.clients import Clients
from infra.cloudformation import Found, Stacks
from infra.deploy import Run, tell_home, zappa_beside
from infra.edges import check_edge_region, close_edge, forget_edge, read_edge_queues
from infra.mappings import arn_of, wait_for_rest
from infra.outputs import NotProvisioned, check_home, find_stacks, is_deployed
from infra.stacks import ALL, BASTION, DATABASE, EDGE_STACKS, Stack
from infra.stages import ZappaStage, stack_name, zappa_stages

Report = Callable[[str], None]
MAY_CHANGE = frozenset({"CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE"})
"""A stack in another state is not updated: CloudFormation refuses."""
BUCKETS = {"frontend": "SiteBucket", "storage": "PackagesBucket", "edge": "PackagesBucket"}
"""Emptied before their stack goes: CloudFormation deletes no bucket that holds something."""


def destroy(
    clients: Clients,
    stage: str,
    *,
    report: Report,
    beside: Callable[[Clients], Run] = zappa_beside,
    poll_s: float = 5.0,
    delete_parameters: bool = False,
) -> None:
    """Functions, then further edges, then stacks from the last to the first. Safe to run again after an
    interruption."""
    check_home(clients, stage, find_stacks(clients, stage))
    for zappa in reversed(zappa_stages(stage)):
        _undeploy(clients, zappa, beside=beside, report=report)
    for region in read_edge_queues(clients.ssm, stage):
        _take_away_edge(clients, stage, Clients(region), report=report, beside=beside, poll_s=poll_s)
    _delete_stacks(clients, stage, (*ALL, BASTION), report=report, poll_s=poll_s)
    if delete_parameters:
        report(f"{secrets.delete_parameters(clients.ssm, stage)} parameters forgotten")


def destroy_edge(
    home: Clients,
    stage: str,
    region: str,
    *,
    report: Report,
    beside: Callable[[Clients], Run] = zappa_beside,
    poll_s: float = 5.0,
) -> None:
    """Home forgets the region first, and sends no more checks there; then what is there goes. Safe to run
    again after an interruption. Raises ``WrongRegion``, ``NotProvisioned``, and ``DeployRefused`` while home
    was not told.

    Monitors that name it are checked from their other regions, or from all (``Monitor.watched_from``).
    """
    check_home(home, stage, find_stacks(home, stage))
    there = check_edge_region(home, region)
    if region not in read_edge_queues(home.ssm, stage):
        raise NotProvisioned(
            f"{stage} has no edge in {region}: manage.py aws status names those that it has."
        )
    close_edge(home.ssm, stage, region)
    tell_home(home, stage, report=report, run=beside(home))
    if knowing := [
        one.key for one in zappa_stages(stage) if one.plane != "edge" and _knows(home, one, region)
    ]:
        raise DeployRefused(
            f"{', '.join(knowing)} would still send checks to {region}: deploy at home, then run this again."
        )
    _take_away_edge(home, stage, there, report=report, beside=beside, poll_s=poll_s)


def _knows(home: Clients, zappa: ZappaStage, region: str) -> bool:
    if not is_deployed(home, zappa):
        return False
    stands = home.functions.get_function_configuration(FunctionName=zappa.function)
    return f"{region}=" in stands.get("Environment", {}).get("Variables", {}).get("CHECKS_QUEUE_URL", "")


def _take_away_edge(
    home: Clients,
    stage: str,
    there: Clients,
    *,
    report: Report,
    beside: Callable[[Clients], Run],
    poll_s: float,
) -> None:
    region = there.session.region_name or ""
    _undeploy(there, ZappaStage(stage, "edge"), beside=beside, report=report, where=f" in {region}")
    _delete_stacks(there, stage, EDGE_STACKS, report=report, poll_s=poll_s)
    forget_edge(home.ssm, stage, region)


def _undeploy(
    clients: Clients,
    zappa: ZappaStage,
    *,
    beside: Callable[[Clients], Run],
    report: Report,
    where: str = "",
) -> None:
    if is_deployed(clients, zappa):
        report(f"{zappa.key}{where}")
        # Zappa would fail on a mapping that is busy.
        wait_for_rest(clients.functions, arn_of(clients.functions, zappa.function))
        beside(clients)(["undeploy", "-y", zappa.key])


def _delete_stacks(
    clients: Clients, stage: str, wanted: Sequence[Stack], *, report: Report, poll_s: float
) -> None:
    found = find_stacks(clients, stage)
    stacks = Stacks(clients.cloudformation, report=report, poll_s=poll_s)
    for stack in reversed(wanted):
        if stack.part not in found:
            continue
        report(f"{stack.part}: {stack.why}")
        _prepare(clients, stacks, found[stack.part], stack.part, report)
        stacks.delete(stack_name(stage, stack.part))


def _prepare(clients: Clients, stacks: Stacks, found: Found, part: str, report: Report) -> None:
    bucket = found.outputs.get(BUCKETS.get(part, ""))
    if bucket:
        report(f"  {site.empty(clients.s3, bucket)} objects deleted from {bucket}")
    if part == DATABASE.part and found.parameters.get("Protected") == "true":
        report("  taking away the database's protection; a final snapshot is kept")
        _unprotect(clients, stacks, found)


def _unprotect(clients: Clients, stacks: Stacks, found: Found) -> None:
    """Remove the database's protection: by its stack, or by the cluster itself, if there is one, when the
    stack was never made or is stuck."""
    if found.status in MAY_CHANGE:
        stacks.change(found.name, Protected="false")
        return
    cluster.unprotect(clients, found.parameters["Stage"])
