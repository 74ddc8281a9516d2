"""What the stacks of a stage told: addresses and ARNs, under the names of their outputs."""

import json
import os
from pathlib import Path

from infra.clients import Clients
from infra.cloudformation import Found, Stacks
from infra.stacks import ALL, known_outputs
from infra.stages import ZappaStage, stack_name

FILE_VARIABLE = "SENTRYPULSE_OUTPUTS"
"""Names a JSON file of outputs, to package without asking AWS."""


class NotProvisioned(Exception):
    """The stage lacks what is asked for; the text says what to run."""


def read_outputs(clients: Clients, stage: str) -> dict[str, str]:
    """All outputs of the stage's stacks, as far as there are any."""
    if path := os.environ.get(FILE_VARIABLE):
        given: dict[str, str] = json.loads(Path(path).read_text())
        return known_outputs(stage) | given
    found = find_stacks(clients, stage)
    outputs = known_outputs(stage)
    for stack in found.values():
        outputs |= stack.outputs
    return outputs


def find_stacks(clients: Clients, stage: str) -> dict[str, Found]:
    """By part (``network``), those that exist."""
    stacks = Stacks(clients.cloudformation, report=lambda line: None)
    found = {stack.part: stacks.find(stack_name(stage, stack.part)) for stack in ALL}
    return {part: one for part, one in found.items() if one is not None}


def find_api_domain(clients: Clients, stage: str) -> str:
    """Host of the HTTP API that Zappa made; empty when it has not. Raises ``ClientError`` where AWS does not
    say: an API that is taken for missing would be taken off the distribution."""
    stack = ZappaStage(stage, "api").function
    try:
        resource = clients.cloudformation.describe_stack_resource(StackName=stack, LogicalResourceId="ApiV2")
    except clients.cloudformation.exceptions.ClientError as error:
        if "does not exist" not in str(error):
            raise
        return ""
    api = resource["StackResourceDetail"].get("PhysicalResourceId", "")
    return f"{api}.execute-api.{clients.session.region_name}.amazonaws.com" if api else ""


def need(outputs: dict[str, str], name: str, *, stage: str) -> str:
    """The output, or ``NotProvisioned`` with the command that makes it."""
    if name not in outputs:
        raise NotProvisioned(
            f"The stage {stage} has no {name} yet: run manage.py aws provision --stage {stage}"
            f" (or name a file of outputs in {FILE_VARIABLE})."
        )
    return outputs[name]
