"""Taking a stage away again, in the opposite order. What cannot be made again is kept: the database as a
snapshot, published pages and the archive in their buckets, and the secrets that open the snapshot."""

from collections.abc import Callable

from infra import secrets, site
from infra.clients import Clients
from infra.cloudformation import Found, Stacks
from infra.deploy import Run, is_deployed, zappa_beside
from infra.outputs import find_stacks
from infra.stacks import ALL, DATABASE
from infra.stages import stack_name, zappa_stages

Report = Callable[[str], None]
BUCKETS = {"frontend": "SiteBucket", "storage": "PackagesBucket"}
"""Emptied before their stack goes: CloudFormation deletes no bucket that holds something."""


def destroy(
    clients: Clients,
    stage: str,
    *,
    report: Report,
    run: Run | None = None,
    poll_s: float = 5.0,
    forget_secrets: bool = False,
) -> None:
    """Functions, then stacks from the last to the first. Safe to run again after an interruption."""
    run = run or zappa_beside(clients)
    for zappa in reversed(zappa_stages(stage)):
        if is_deployed(clients, zappa):
            report(f"{zappa.key}")
            run(["undeploy", "-y", zappa.key])
    found = find_stacks(clients, stage)
    stacks = Stacks(clients.cloudformation, report=report, poll_s=poll_s)
    for stack in reversed(ALL):
        if stack.part not in found:
            continue
        report(f"{stack.part}: {stack.why}")
        _prepare(clients, stacks, found[stack.part], stack.part, report)
        stacks.delete(stack_name(stage, stack.part))
    if forget_secrets:
        report(f"{secrets.forget_secrets(clients.ssm, stage)} parameters forgotten")


def _prepare(clients: Clients, stacks: Stacks, found: Found, part: str, report: Report) -> None:
    bucket = found.outputs.get(BUCKETS.get(part, ""))
    if bucket:
        report(f"  {site.empty(clients.s3, bucket)} objects deleted from {bucket}")
    if part == DATABASE.part and found.parameters.get("Protected") == "true":
        report("  taking away the database's protection; a final snapshot is kept")
        stacks.change(found.name, Protected="false")
