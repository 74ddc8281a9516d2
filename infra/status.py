"""What stands of a stage, in lines for a person."""

import json
from collections.abc import Iterator
from typing import Any

from infra.callbacks import fill_settings, find_wrong
from infra.clients import Clients
from infra.deploy import ROOT
from infra.edges import check_edge_region, read_edges
from infra.outputs import (
    NotProvisioned,
    check_home,
    find_api_domain,
    find_stacks,
    gather_outputs,
    is_deployed,
)
from infra.stacks import ALL, EDGE_STACKS, REDIS
from infra.stages import ZappaStage, read_zappa_stage, stack_name, zappa_stages

DEAD = ("ChecksDeadQueueUrl", "ResultsDeadQueueUrl", "DeliveriesDeadQueueUrl", "ReceiptsDeadQueueUrl")


def read_zappa_config(key: str) -> dict[str, Any]:
    """A stage of zappa_settings.json with what it extends, shallowly, as Zappa reads it."""
    stages = json.loads((ROOT / "zappa_settings.json").read_text())
    config: dict[str, Any] = dict(stages[key])
    while base := config.pop("extends", None):
        config = {**stages[base], **config}
    return config


def tell(clients: Clients, stage: str) -> Iterator[str]:
    """Stacks, functions with what is wrong with them, dead letters, further edges, addresses. Reads only."""
    found = find_stacks(clients, stage)
    check_home(clients, stage, found)
    outputs = gather_outputs(clients, stage, found)
    for stack in ALL:
        one = found.get(stack.part)
        if one is not None or stack is not REDIS:
            yield f"{stack_name(stage, stack.part):<28} {one.status if one else 'not there'}"
    for zappa in zappa_stages(stage):
        yield f"{zappa.function:<28} {_tell_function(clients, zappa.key, outputs)}"
    yield from _tell_dead_letters(clients, outputs)
    for region in read_edges(clients.ssm, stage):
        yield from _tell_edge(clients, stage, region)
    yield f"{'the app and the API':<28} {outputs.get('PublicUrl', 'not there')}"
    yield f"{'published status pages':<28} {outputs.get('StatusUrl', 'not there')}"
    yield f"{'behind them':<28} {find_api_domain(clients, stage) or 'no API yet'}"


def tell_edge(home: Clients, stage: str, region: str) -> Iterator[str]:
    """What stands of an edge in a further region. Reads only. Raises ``WrongRegion``."""
    there = check_edge_region(home, region)
    check_home(home, stage, find_stacks(home, stage))
    found = find_stacks(there, stage)
    for stack in EDGE_STACKS:
        one = found.get(stack.part)
        yield f"{stack_name(stage, stack.part):<28} {one.status if one else 'not there'}"
    if found:
        yield from _tell_dead_letters(there, gather_outputs(there, stage, found), only="ChecksDeadQueueUrl")
    yield from _tell_edge(home, stage, region)


def _tell_edge(home: Clients, stage: str, region: str) -> Iterator[str]:
    there, zappa = Clients(region), ZappaStage(stage, "edge")
    found = find_stacks(there, stage)
    said = _tell_function(there, zappa.key, gather_outputs(there, stage, found)) if found else "not there"
    yield f"{f'edge in {region}':<28} {said}"
    if not read_edges(home.ssm, stage).get(region):
        yield f"{'':<28} no checks are sent there"


def _tell_dead_letters(clients: Clients, outputs: dict[str, str], *, only: str = "") -> Iterator[str]:
    for name in DEAD:
        if name in outputs and only in {"", name}:
            waiting = clients.sqs.get_queue_attributes(
                QueueUrl=outputs[name], AttributeNames=["ApproximateNumberOfMessages"]
            )["Attributes"]["ApproximateNumberOfMessages"]
            yield f"{outputs[name].rpartition('/')[2]:<28} {waiting} dead letters"


def _tell_function(clients: Clients, key: str, outputs: dict[str, str]) -> str:
    zappa = read_zappa_stage(key)
    if not is_deployed(clients, zappa):
        return "not deployed"
    config = read_zappa_config(key)
    try:
        config |= fill_settings(zappa, config, outputs, region=clients.session.region_name or "")
    except NotProvisioned as missing:
        return f"deployed, but: {missing}"
    wrong = find_wrong(clients.functions, zappa.function, config)
    return " ".join(wrong) if wrong else "deployed, as asked"
