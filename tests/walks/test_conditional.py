"""What the client has already is not sent again: ETag, If-None-Match, 304 (RFC 9110, 13.1.2)."""

import pytest

from tests.factories import make_member, make_monitor, make_team
from tests.walks.operations import list_operations

pytestmark = pytest.mark.django_db
LISTS = sorted(
    operation.path
    for operation in list_operations()
    if "304" in operation.document["responses"] and "{" not in operation.path
)
GZIP = {"Accept-Encoding": "gzip"}


@pytest.fixture
def member(client):
    team = make_team()
    for number in range(50):
        make_monitor(team, name=f"monitor {number}")
    client.force_login(make_member(team))
    return client


def test_the_document_names_the_lists_that_can_be_asked_so():
    assert {path.split("/")[3] for path in LISTS} == {
        "alert-rules", "alert-templates", "channels", "deliveries", "incidents", "maintenance", "monitors",
        "sla-reports", "slos", "status-pages", "tags",
    }  # fmt: skip


@pytest.mark.parametrize("path", LISTS)
def test_an_answer_is_the_clients_own_and_is_asked_for_before_it_is_used_again(member, path):
    first = member.get(path)
    assert (first.status_code, first["Cache-Control"]) == (200, "private, no-cache")
    again = member.get(path, headers={"If-None-Match": first["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert (again["ETag"], again["Cache-Control"]) == (first["ETag"], first["Cache-Control"])


def test_a_compressed_answer_is_known_again_although_it_is_padded_at_random(member):
    first = member.get("/api/v1/monitors/", headers=GZIP)
    assert (first["Content-Encoding"], first["ETag"][:2]) == ("gzip", "W/")
    again = member.get("/api/v1/monitors/", headers={**GZIP, "If-None-Match": first["ETag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_what_nobody_may_keep_has_no_etag(client):
    assert "ETag" not in client.get("/api/v1/health")
