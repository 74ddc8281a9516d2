"""Tells a person in lines what exists of a stage."""

from collections.abc import Iterator
from datetime import UTC, datetime

from infra import account, aurora
from infra.callbacks import fill_settings, find_wrong
from infra.clients import Clients
from infra.cloudformation import Found
from infra.edges import check_edge_region, read_edge_queues
from infra.outputs import (
    NotProvisioned,
    check_home,
    find_api_domain,
    find_stacks,
    gather_outputs,
    is_deployed,
)
from infra.stacks import ALL, BASTION, DATABASE, EDGE_STACKS, PARAMETERS, choose_stacks
from infra.stages import ZappaStage, read_zappa_config, read_zappa_stage, stack_name, zappa_stages
from infra.wishes import has_cdn

DEAD = ("ChecksDeadQueueUrl", "ResultsDeadQueueUrl", "DeliveriesDeadQueueUrl", "ReceiptsDeadQueueUrl")


def tell_stage(clients: Clients, stage: str) -> Iterator[str]:
    """Stacks, functions with what is wrong with them, dead letters, further edges, addresses. Reads only."""
    found = find_stacks(clients, stage)
    check_home(clients, stage, found)
    outputs = gather_outputs(clients, stage, found)
    cdn = has_cdn(found) is not False
    wanted = choose_stacks(redis=False, cdn=cdn)
    for stack in (*ALL, BASTION):
        one = found.get(stack.part)
        if one is not None or stack in wanted:
            yield f"{stack_name(stage, stack.part):<28} {one.status if one else 'not there'}"
    for zappa in zappa_stages(stage):
        yield f"{zappa.function:<28} {_tell_function(clients, zappa.key, outputs)}"
    yield from _tell_dead_letters(clients, outputs)
    yield from _tell_limits(clients, stage, found)
    for region in read_edge_queues(clients.ssm, stage):
        yield from _tell_edge(clients, stage, region)
    yield f"{'the app and the API':<28} {outputs.get('PublicUrl', 'not there')}"
    yield f"{'published status pages':<28} {outputs.get('StatusUrl', 'not there')}"
    yield from _indent([] if cdn else [account.WITHOUT_CDN])
    yield f"{'behind them':<28} {find_api_domain(clients, stage) or 'no API yet'}"


def _tell_limits(clients: Clients, stage: str, found: dict[str, Found]) -> Iterator[str]:
    """What AWS lets this account do, and until when it supports the database."""
    if DATABASE.part in found:
        version = found[DATABASE.part].parameters.get("EngineVersion", "")
        trouble = aurora.find_trouble(version, today=datetime.now(UTC).date())
        yield f"{'database':<28} Aurora MySQL {version.removeprefix(aurora.PREFIX)}"
        yield from _indent([trouble] if trouble else [])
    sender = found[PARAMETERS.part].parameters["FromEmail"] if PARAMETERS.part in found else ""
    wrong = account.find_limits(clients, stage, sender=sender) if sender else []
    yield f"{'the account':<28} {'may do less than we ask for:' if wrong else 'may do what we ask for'}"
    yield from _indent(wrong)


def _indent(sentences: list[str]) -> Iterator[str]:
    return (f"{'':<28} {sentence}" for sentence in sentences)


def tell_edge(home: Clients, stage: str, region: str) -> Iterator[str]:
    """What exists of an edge in a further region. Reads only. Raises ``WrongRegion``."""
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
    if lack := account.find_lack_of_functions(there, stage, home=False):
        yield from _indent([lack])
    if not read_edge_queues(home.ssm, stage).get(region):
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
