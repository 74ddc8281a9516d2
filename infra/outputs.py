"""What the stacks of a stage told: addresses and ARNs, under the names of their outputs."""

import json
import os
from pathlib import Path

from infra.clients import Clients
from infra.cloudformation import Found, Stacks
from infra.edges import WrongRegion, read_edge_queues, spell_edges
from infra.mappings import arn_of
from infra.stacks import ALL, BASTION, EDGE, known_outputs
from infra.stages import ZappaStage, read_zappa_config, stack_name

FILE_VARIABLE = "SENTRYPULSE_OUTPUTS"
"""Names a JSON file of outputs, to package without asking AWS."""
OF_THE_REGION = frozenset({"PackagesBucket", "ChecksQueueArn", "ChecksQueueUrl", "ChecksDeadQueueUrl"})
"""What each edge needs in its own region; all else it is told is at home."""


class NotProvisioned(Exception):
    """The stage lacks what is asked for; the text says what to run."""


def read_outputs(clients: Clients, stage: str) -> dict[str, str]:
    """All outputs of the stage's stacks, as far as there are any."""
    if path := os.environ.get(FILE_VARIABLE):
        given: dict[str, str] = json.loads(Path(path).read_text())
        return known_outputs(stage) | given
    return gather_outputs(clients, stage, find_stacks(clients, stage))


def gather_outputs(clients: Clients, stage: str, found: dict[str, Found]) -> dict[str, str]:
    """What the stacks that were ``found`` tell. Of an edge's region: its own, and over that home's."""
    outputs = known_outputs(stage)
    if home := home_of(found):
        outputs |= {k: v for k, v in read_outputs(Clients(home), stage).items() if k not in OF_THE_REGION}
    elif edges := spell_edges(read_edge_queues(clients.ssm, stage)):
        outputs["EdgeQueueUrls"] = edges
    for stack in found.values():
        outputs |= stack.outputs
    return outputs


def home_of(found: dict[str, Found]) -> str:
    """The stage's home region, as found in the region of one of its further edges; empty at home itself."""
    return found[EDGE.part].parameters["HomeRegion"] if EDGE.part in found else ""


def check_home(clients: Clients, stage: str, found: dict[str, Found]) -> None:
    """Raises ``WrongRegion`` where there is an edge of the stage only: its roles exist once in an account."""
    if home := home_of(found):
        raise WrongRegion(
            f"In {clients.session.region_name} there is only an edge of {stage}, which is at home in {home}:"
            f" --region {home} --edge-region {clients.session.region_name} is about that edge."
        )


def find_stacks(clients: Clients, stage: str) -> dict[str, Found]:
    """The stage's stacks that exist in the region, by part (``network``)."""
    stacks = Stacks(clients.cloudformation, report=lambda line: None)
    found = {stack.part: stacks.find(stack_name(stage, stack.part)) for stack in (*ALL, BASTION, EDGE)}
    return {part: one for part, one in found.items() if one is not None}


def is_deployed(clients: Clients, zappa: ZappaStage) -> bool:
    try:
        clients.functions.get_function_configuration(FunctionName=zappa.function)
    except clients.functions.exceptions.ResourceNotFoundException:
        return False
    return True


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


def find_api(clients: Clients, stage: str) -> dict[str, str]:
    """What stands in front of the API must know of it; empty until Zappa has deployed it: its host, and the
    ARN by which its function is asked, with the alias that Zappa keeps of a function with snapshots."""
    api = ZappaStage(stage, "api")
    arn = ""
    if is_deployed(clients, api):
        arn = arn_of(clients.functions, api.function)
        arn += ":snapstart" if read_zappa_config(api.key).get("warm") == "snapstart" else ""
    return {"ApiDomain": find_api_domain(clients, stage), "ApiFunctionArn": arn}


def need(outputs: dict[str, str], name: str, *, stage: str) -> str:
    """The output, or ``NotProvisioned`` with the command that makes it."""
    if name not in outputs:
        raise NotProvisioned(
            f"The stage {stage} has no {name} yet: run manage.py aws provision --stage {stage}"
            f" (or name a file of outputs in {FILE_VARIABLE})."
        )
    return outputs[name]
