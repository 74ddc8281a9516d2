"""What stands of a stage, in lines for a person."""

import json
from collections.abc import Iterator
from typing import Any

from infra.callbacks import fill_settings, find_wrong
from infra.clients import Clients
from infra.deploy import ROOT, is_deployed
from infra.outputs import NotProvisioned, find_api_domain, find_stacks
from infra.stacks import ALL, REDIS, known_outputs
from infra.stages import read_zappa_stage, stack_name, zappa_stages

DEAD = ("ChecksDeadQueueUrl", "ResultsDeadQueueUrl", "DeliveriesDeadQueueUrl", "ReceiptsDeadQueueUrl")


def read_zappa_config(key: str) -> dict[str, Any]:
    """A stage of zappa_settings.json with what it extends, shallowly, as Zappa reads it."""
    stages = json.loads((ROOT / "zappa_settings.json").read_text())
    config: dict[str, Any] = dict(stages[key])
    while base := config.pop("extends", None):
        config = {**stages[base], **config}
    return config


def tell(clients: Clients, stage: str) -> Iterator[str]:
    """Stacks, functions with what is wrong with them, dead letters, addresses. Reads only."""
    found = find_stacks(clients, stage)
    outputs = known_outputs(stage)
    for stack in ALL:
        one = found.get(stack.part)
        if one is not None or stack is not REDIS:
            yield f"{stack_name(stage, stack.part):<28} {one.status if one else 'not there'}"
        outputs |= one.outputs if one else {}
    for zappa in zappa_stages(stage):
        yield f"{zappa.function:<28} {_tell_function(clients, zappa.key, outputs)}"
    for name in DEAD:
        if name in outputs:
            waiting = clients.sqs.get_queue_attributes(
                QueueUrl=outputs[name], AttributeNames=["ApproximateNumberOfMessages"]
            )["Attributes"]["ApproximateNumberOfMessages"]
            yield f"{outputs[name].rpartition('/')[2]:<28} {waiting} dead letters"
    yield f"{'the app and the API':<28} {outputs.get('PublicUrl', 'not there')}"
    yield f"{'published status pages':<28} {outputs.get('StatusUrl', 'not there')}"
    yield f"{'behind them':<28} {find_api_domain(clients, stage) or 'no API yet'}"


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
