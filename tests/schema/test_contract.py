"""schemathesis asks every operation what its document allows, and what it forbids; `make test-schema`.

In one process, by WSGI, with what nobody and with what a team's owner may send. A seed fixes the requests, so
that a failure comes again. SCHEMA_EXAMPLES=100 SCHEMA_SHARE=1 looks deeper.

One check of schemathesis' is left out. ``positive_data_acceptance`` wants a 2xx for every body that fits the
schema, but no schema can say that an id is one of this team's, that a slug is free, that one date lies before
another, or which fields ``config`` has for its kind: such bodies are refused with a sentence, and rightly.
"""

import logging
import os
import re
from itertools import islice

import hypothesis
import pytest
import schemathesis
from django.core.cache import caches
from django.core.wsgi import get_wsgi_application
from django.utils import timezone
from hypothesis import HealthCheck, Phase, given
from hypothesis.errors import Unsatisfiable
from schemathesis.checks import not_a_server_error
from schemathesis.config import SchemathesisConfig
from schemathesis.core.failures import AcceptedNegativeData, FailureGroup
from schemathesis.core.parameters import ParameterLocation
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_schema_conformance,
    status_code_conformance,
)

from accounts.models import Membership
from accounts.tokens import issue_tokens
from delivery.message import Outcome, Receipt
from probes.result import CheckResult, Status
from tests.sweeps.test_fuzz import undone
from tests.walks.operations import read_document
from tests.walks.test_strangers import _NAMES as NAMES
from tests.walks.test_strangers import world  # noqa: F401  # a fixture

pytestmark = pytest.mark.django_db

EXAMPLES = int(os.environ.get("SCHEMA_EXAMPLES", "6"))
"""Drawn by chance: of each kind, for each operation and person."""
SHARE = int(os.environ.get("SCHEMA_SHARE", "2"))
"""Of what schemathesis lists for the owner, every second request; of that for nobody, every tenth."""
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
    negative_data_rejection,
]
WRONG_TYPE = re.compile(r"Incorrect type|violates `type`")
DEEP = hypothesis.settings(
    max_examples=EXAMPLES,
    derandomize=True,
    database=None,
    deadline=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)


def load_schema():
    """Without the ways to authenticate: who asks is this test's affair."""
    config = SchemathesisConfig(seed=1)
    generation = config.projects.default.generation
    generation.with_security_parameters = False
    document = {**read_document(), "security": []}
    schema = schemathesis.openapi.from_dict(document, config=config)
    schema.app = get_wsgi_application()
    return schema


SCHEMA = load_schema()
OPERATIONS = [found.ok() for found in SCHEMA.get_all_operations()]
FAMILIES = sorted({operation.path.split("/")[3] for operation in OPERATIONS} - {"health"})
"""Health answers 503 on purpose, where nothing is scheduled as here: see tests/sentrypulse/views."""


def find_ids(path, ids):
    """The parameters of a path, so that there is what it names."""
    found = {}
    for plural, name in re.findall(r"([\w-]+)/{(\w+)}", path):
        found[name] = str(ids["month"] if name == "month" else ids[NAMES[plural]])
    return found


def list_cases(operation, ids, share):
    """What the document allows and forbids, one thing a request; every id in a path is one that there is,
    unless another is the point."""
    generation = SCHEMA.config.generation_for(operation=operation)
    for mode in GenerationMode:
        cases = SCHEMA.iter_coverage_cases(operation, generation_modes=[mode], generation_config=generation)
        for case in islice(cases, 0, None, share):
            if not case.meta.is_negative_at(ParameterLocation.PATH):
                case.path_parameters = find_ids(operation.path, ids)
            yield case


def draw_cases(operation, ids):
    """Several things at once, by chance, and by the seed."""
    drawn = []

    def keep(case):
        drawn.append(case)

    for mode in GenerationMode:
        try:
            strategy = operation.as_strategy(mode, path_parameters=find_ids(operation.path, ids))
            DEEP(given(strategy)(keep))()
        except Unsatisfiable:  # there is nothing to forbid: neither parameters nor a body
            continue
    return drawn


def is_lenient(case, found):
    """Whether the API took on purpose what the document forbids: DRF reads 5 as "5", "5" as 5 and "true" as
    true; a parameter that is empty, as a form for filters sends it, asks for nothing."""
    if not isinstance(found, AcceptedNegativeData):
        return False
    return "" in (case.query or {}).values() or bool(WRONG_TYPE.search(found.message))


def judge(case, answer):
    """What is wrong with the answer: a line for each finding."""
    try:
        case.validate_response(answer, checks=CHECKS)
    except FailureGroup as group:
        asked = f"{case.method} {case.formatted_path} {case.query} {str(case.body)[:300]}"
        told = f"{answer.status_code} {answer.text[:200]}"
        return [
            f"{type(found).__name__}: {asked}\n  -> {told}\n  {found.message}"
            for found in group.exceptions
            if not is_lenient(case, found)
        ]
    return []


@pytest.fixture
def outside(monkeypatch):
    """Whatever would be asked outside answers from here."""

    def probe(spec):
        fields = {"monitor_id": spec.monitor_id, "revision": spec.revision, "region": spec.region}
        at = {"scheduled_at": spec.scheduled_at, "checked_at": timezone.now()}
        return CheckResult(**fields, **at, status=Status.UP)

    def send(delivery):
        return Receipt(id=delivery.id, attempt=delivery.attempt, outcome=Outcome.SENT, at=timezone.now())

    monkeypatch.setattr("actions.checks.probe_now", probe)
    monkeypatch.setattr("actions.alerting.send_one", send)
    monkeypatch.setattr("statuspages.services.read_proofs", lambda domain: set())


@pytest.fixture(params=["owner", "nobody"])
def asker(request, world):  # noqa: F811
    """How many of the requests are made, and with which headers. The owner belongs to one team, so that it
    needs no name."""
    if request.param == "nobody":
        return 10, {}
    Membership.objects.filter(user=world["owner"]).exclude(team=world["team"]).delete()
    return SHARE, {"Authorization": f"Bearer {issue_tokens(world['owner'])['access']}"}


@pytest.mark.parametrize("family", FAMILIES)
def test_the_api_does_what_its_document_says(family, asker, world, outside, caplog):  # noqa: F811
    caplog.set_level(logging.CRITICAL)
    share, headers = asker
    findings, asked = [], 0
    for operation in OPERATIONS:
        if operation.path.split("/")[3] != family:
            continue
        cases = [*list_cases(operation, world["ids"], share), *draw_cases(operation, world["ids"])]
        for case in cases:
            caches["attempts"].clear()
            with undone():
                answer = case.call(headers={**headers, "Accept-Encoding": "identity"})
            findings += judge(case, answer)
            asked += 1
    assert asked > 2
    assert not findings, f"{len(findings)} findings of {asked} requests\n" + "\n".join(findings[:20])
