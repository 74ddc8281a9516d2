"""Further regions of a stage. Each has an edge with a queue of checks, and nothing else.

The list of regions is kept at home, in one parameter for each region, so that two people who add two regions
do not undo each other's work. The parameter's value is the queue's URL while an edge reads the queue. Home
sends checks to no other region.
"""

from typing import TYPE_CHECKING

from core.queue_addresses import aws_region_of
from infra.clients import Clients
from infra.stages import infra_path

if TYPE_CHECKING:
    from mypy_boto3_ssm import SSMClient

CLOSED = "-"
"""The value while nobody reads the queue: not yet, or no more. The parameter store takes no empty one."""


class WrongRegion(Exception):
    """A region that cannot have an edge of its own; its text is a sentence."""


def check_edge_region(home: Clients, region: str) -> Clients:
    """The clients of ``region``. Raises ``WrongRegion`` when there is no such region, and for home itself."""
    if aws_region_of("", region=region) is None:
        raise WrongRegion(f"An edge's region is called as AWS calls it, such as us-east-1, not {region!r}.")
    if region == home.session.region_name:
        raise WrongRegion(f"{region} is home: an edge runs there already. Leave --edge-region out.")
    return Clients(region)


def read_edge_queues(ssm: "SSMClient", stage: str) -> dict[str, str]:
    """The queue's URL by region, in order; empty where no edge reads it."""
    edges = {
        parameter["Name"].rpartition("/")[2]: parameter["Value"]
        for page in ssm.get_paginator("get_parameters_by_path").paginate(Path=_path(stage))
        for parameter in page["Parameters"]
    }
    return {region: "" if edges[region] == CLOSED else edges[region] for region in sorted(edges)}


def list_edge(ssm: "SSMClient", stage: str, region: str) -> None:
    """Note at home that something exists in ``region``. A region that is open stays open."""
    try:
        ssm.put_parameter(Name=f"{_path(stage)}/{region}", Value=CLOSED, Type="String", Overwrite=False)
    except ssm.exceptions.ParameterAlreadyExists:
        return


def open_edge(ssm: "SSMClient", stage: str, region: str, queue_url: str) -> None:
    """Let home send checks to ``queue_url``, from the next deployment of its functions on."""
    ssm.put_parameter(Name=f"{_path(stage)}/{region}", Value=queue_url, Type="String", Overwrite=True)


def close_edge(ssm: "SSMClient", stage: str, region: str) -> None:
    open_edge(ssm, stage, region, CLOSED)


def forget_edge(ssm: "SSMClient", stage: str, region: str) -> None:
    ssm.delete_parameters(Names=[f"{_path(stage)}/{region}"])  # unlike the singular, no error for none


def spell_edges(edges: dict[str, str]) -> str:
    """Those that are open, as ``CHECKS_QUEUE_URL`` has them."""
    return ",".join(f"{region}={url}" for region, url in edges.items() if url)


def _path(stage: str) -> str:
    return f"{infra_path(stage)}/edges"
