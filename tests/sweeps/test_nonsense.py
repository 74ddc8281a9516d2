"""What a request asks for and cannot mean is refused with the field named: never ignored, never a 500."""

import pytest
from django.test import Client
from django.utils import timezone
from rest_framework.test import APIClient

from accounts.models import Team
from alerts.models import Rule
from monitors.models import Monitor
from statuspages.models import StatusPage
from tests.factories import TeamFactory
from tests.walks.operations import list_operations
from tests.walks.test_strangers import world  # noqa: F401  # a fixture

pytestmark = pytest.mark.django_db


@pytest.fixture
def client(world):  # noqa: F811
    client = APIClient()
    client.force_authenticate(world["owner"])
    return client


def list_filters():
    """Each parameter of each query that is no text to look for."""
    for operation in list_operations():
        for part in operation.document.get("parameters", ()):
            schema = part["schema"].get("items", part["schema"])
            any_text = schema["type"] == "string" and not {"enum", "format"} & set(schema)
            if operation.method == "get" and part["in"] == "query" and not any_text:
                yield operation, part["name"]


def test_a_filter_with_nonsense_is_refused_by_its_name(client, world):  # noqa: F811
    tried = 0
    for operation, name in list_filters():
        address, team = operation.address(world["ids"]), f"&team={world['ids']['team']}"
        if "{month}" in operation.path or (operation.path.endswith("/graphs") and name != "team"):
            if name == "team":
                continue  # tells a stranger 404, whatever the team is
            address = f"{address}?{name}={{}}{team}"
        else:
            address = f"{address}?{name}={{}}"
        for nonsense in ("null", "none", "-1.5", "9" * 20):
            answer = client.get(address.format(nonsense))
            assert (answer.status_code, list(answer.json())) == (400, [name]), (address, nonsense)
            tried += 1
    assert tried > 250


def test_an_id_is_written_in_plain_digits(client):
    for asked in ("\u0663", "1.0", "1e2", "+1", "0x1"):
        answer = client.get("/api/v1/monitors/", {"team": asked})
        assert (answer.status_code, list(answer.json())) == (400, ["team"]), asked


@pytest.mark.parametrize("asked", ["0", "-1", "201", "9" * 30, "1.5", "x", "%D9%A3"])
def test_a_page_has_a_size_that_there_is(client, asked):
    answer = client.get(f"/api/v1/monitors/?page_size={asked}")
    assert (answer.status_code, answer.json()) == (
        400,
        {"page_size": ["Give a whole number from 1 to 200."]},
    )


def test_results_have_one_order_and_say_so(client, world):  # noqa: F811
    answer = client.get(f"/api/v1/monitors/{world['ids']['monitor']}/results?ordering=-status")
    assert (answer.status_code, list(answer.json())) == (400, ["ordering"])


def test_a_format_that_there_is_not_is_a_wrong_parameter(client):
    answer = client.get("/api/v1/monitors/?format=xml")
    assert (answer.status_code, list(answer.json())) == (400, ["format"])


def test_a_dry_run_that_is_misspelt_imports_nothing(client, world):  # noqa: F811
    rows = [{"name": "New", "kind": "tcp", "url": "example.com:1"}]
    before = Monitor.objects.count()
    body = {"team": world["ids"]["team"], "monitors": rows}
    answer = client.post("/api/v1/monitors/import?dry_run=ture", body, format="json")
    assert (answer.status_code, list(answer.json())) == (400, ["dry_run"])
    assert Monitor.objects.count() == before


@pytest.mark.parametrize("asked", ["999999", "x", "\u0663", "1,,2"])
def test_a_template_names_components_that_there_are(client, world, asked):  # noqa: F811
    answer = client.get(f"/api/v1/status-pages/{world['ids']['page']}/post-templates?components={asked}")
    assert (answer.status_code, list(answer.json())) == (400, ["components"])


def any_rows(told):
    """In a list's ``results``, or in its columns."""
    rows = told.get("results", told.get("monitors"))
    return any(rows.values()) if isinstance(rows, dict) else rows


def test_a_list_does_not_tell_whether_there_is_a_team(client, time_machine):
    time_machine.move_to(timezone.now(), tick=False)  # the overview says when it was made
    theirs = TeamFactory().pk
    lists = [
        o.path for o in list_operations() if o.method == "get" and "team" in o.queries and "{" not in o.path
    ]
    assert len(lists) > 10
    for path in lists:
        answers = [client.get(f"{path}?team={pk}") for pk in (theirs, theirs + 1_000)]
        told, other = [(answer.status_code, answer.json()) for answer in answers]
        assert told == other, path
        assert told[0] == 400 or not any_rows(told[1]), path


def test_a_patch_of_a_rule_takes_a_step_without_its_minutes(client, world):  # noqa: F811
    rule, channel = world["ids"]["rule"], world["ids"]["channel"]
    steps = [{"channels": [channel]}, {"after_min": 5, "channels": [channel]}]
    answer = client.patch(f"/api/v1/alert-rules/{rule}/", {"steps": steps}, format="json")
    assert (answer.status_code, answer.json().get("steps")) == (200, [{"after_min": 0, **steps[0]}, steps[1]])


def test_a_patch_does_not_excuse_what_is_missing_in_its_parts(client, world):  # noqa: F811
    ids = world["ids"]
    before = Rule.objects.get(pk=ids["rule"]).steps.count()
    answer = client.patch(f"/api/v1/alert-rules/{ids['rule']}/", {"steps": [{"after_min": 0}]}, format="json")
    assert (answer.status_code, answer.json()) == (
        400,
        {"steps.0.channels": ["This field is required."]},
    )
    assert Rule.objects.get(pk=ids["rule"]).steps.count() == before
    answer = client.patch(f"/api/v1/status-pages/{ids['page']}/", {"components": [{}]}, format="json")
    assert (answer.status_code, answer.json()) == (
        400,
        {"components.0.name": ["This field is required."]},
    )
    assert StatusPage.objects.get(pk=ids["page"]).components.count() == 1


JSON = b'{"name": "Crew"}'
PART = b'--x\r\nContent-Disposition: form-data; name="name"\r\n\r\nCrew\r\n--x--\r\n'
FORMS = {"application/x-www-form-urlencoded": b"name=Crew", "multipart/form-data; boundary=x": PART}
FORMS |= dict.fromkeys(["text/plain", "", "nonsense", ";;;", "application/jsonx"], JSON)


@pytest.mark.parametrize("content_type", FORMS)
def test_a_body_is_json_and_nothing_else(client, content_type):
    teams = Team.objects.count()
    answer = client.generic("POST", "/api/v1/teams/", FORMS[content_type], content_type)
    assert answer.status_code == 415
    assert answer.json()["detail"].startswith("Unsupported media type")
    assert Team.objects.count() == teams


def test_a_body_that_is_no_object_is_refused_in_a_sentence(client, world):  # noqa: F811
    for operation in list_operations():
        for body in (b"[]", b"[1]", b"1", b'"x"', b"true") if operation.fields else ():
            if operation.path.endswith("/import") and body.startswith(b"["):
                continue  # a list of rows is a file, too
            address = operation.address(world["ids"])
            answer = client.generic(operation.method.upper(), address, body, "application/json")
            assert answer.status_code in {400, 404, 409}, (operation.name, body, answer.content)
            assert any(" " in str(why) for why in answer.json().values()), answer.content


def test_people_browse_and_send_json(world):  # noqa: F811
    browser = Client(headers={"Accept": "text/html"})
    browser.force_login(world["owner"])
    page = browser.get("/api/v1/teams/").content.decode()
    assert 'value="application/json"' in page
    assert "form-urlencoded" not in page
    assert "multipart" not in page
