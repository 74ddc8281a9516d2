"""A way to the database for people: made when somebody needs it, and taken away again."""

from collections.abc import Callable

from infra.clients import Clients
from infra.cloudformation import Stacks
from infra.outputs import NotProvisioned, check_home, find_stacks, gather_outputs
from infra.provision import apply_stack
from infra.stacks import BASTION, DATABASE, Wishes
from infra.stages import stack_name

Report = Callable[[str], None]
LOCAL_PORT = 3307
"""One of our own: 3306 is often taken by a database here."""


def make(clients: Clients, stage: str, *, report: Report, poll_s: float = 5.0) -> str:
    """Make it, or leave it as it is; the command that opens the way. Raises ``NotProvisioned``,
    ``StackFailed``."""
    found = find_stacks(clients, stage)
    check_home(clients, stage, found)
    if DATABASE.part not in found:
        raise NotProvisioned(f"{stage} has no database to go to: run manage.py aws provision first.")
    outputs = gather_outputs(clients, stage, found)
    stacks = Stacks(clients.cloudformation, report=report, poll_s=poll_s)
    report(f"{BASTION.part}: {BASTION.why}")
    report(f"  {BASTION.part}: {apply_stack(stacks, BASTION, stage, Wishes(), outputs)}")
    return spell_command(outputs, region=clients.session.region_name or "")


def remove(clients: Clients, stage: str, *, report: Report, poll_s: float = 5.0) -> bool:
    """Take it away; False when there was none. Raises ``StackFailed``."""
    return Stacks(clients.cloudformation, report=report, poll_s=poll_s).delete(
        stack_name(stage, BASTION.part)
    )


def spell_command(outputs: dict[str, str], *, region: str) -> str:
    where = (
        f"host={outputs['DatabaseHost']},portNumber={outputs['DatabasePort']},localPortNumber={LOCAL_PORT}"
    )
    return (
        f"aws ssm start-session --region {region} --target {outputs['BastionId']}"
        f" --document-name AWS-StartPortForwardingSessionToRemoteHost --parameters {where}"
    )
