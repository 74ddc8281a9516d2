"""Which file an address of the app is, and with which headers it is served."""

import brotli
import pytest
import yaml
from django.test import Client

from sentrypulse import app_files
from tests.e2e.harness import ROOT

pytestmark = pytest.mark.django_db  # a request that ends looks after its connection

PAGES = {
    "index.html": "the overview",
    "404.html": "no such page",
    "monitors/_/index.html": "a monitor",
    "monitors/_/edit/index.html": "its form",
    "incidents/index.html": "the incidents",
    "version.json": '{"build":"b1"}',
    "_next/static/chunks/a1b2.js": "let script;" * 200,
    "icons/up.svg": "<svg/>",
}
BROWSER = {"accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


@pytest.fixture
def app(tmp_path, settings):
    """A built app of a few files, served by the whole chain of middleware."""
    for name, text in PAGES.items():
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    settings.WHITENOISE_AUTOREFRESH = False
    script = tmp_path / "_next/static/chunks/a1b2.js"
    script.with_name("a1b2.js.br").write_bytes(brotli.compress(script.read_bytes()))
    settings.APP_DIR = settings.WHITENOISE_ROOT = tmp_path
    app_files._read_page.cache_clear()
    return Client()


@pytest.fixture
def no_app(tmp_path, settings):
    settings.APP_DIR = tmp_path / "none"
    app_files._read_page.cache_clear()
    return Client()


def body(answer):
    text = b"".join(answer.streaming_content) if answer.streaming else answer.content
    answer.close()
    return text.decode(errors="replace")


def headers_of(answer):
    answer.close()
    return answer.headers


@pytest.mark.parametrize(
    ("path", "page"),
    [
        ("/", "index.html"),
        ("/monitors/7", "monitors/_/index.html"),
        ("/monitors/7/", "monitors/_/index.html"),
        ("/monitors/123/edit", "monitors/_/edit/index.html"),
        ("/incidents", "incidents/index.html"),
    ],
)
def test_a_number_in_an_address_is_looked_up_as_its_place(app, path, page):
    answer = app.get(path)
    assert answer.status_code == 200
    assert body(answer) == PAGES[page]
    assert answer["Cache-Control"] == "public, no-cache"
    assert answer["Content-Security-Policy"] == app_files.CONTENT_SECURITY_POLICY
    assert "ETag" in answer
    assert "Access-Control-Allow-Origin" not in answer


def test_a_script_is_kept_for_ever_and_sent_packed(app):
    headers = headers_of(app.get("/_next/static/chunks/a1b2.js", headers={"accept-encoding": "br"}))
    assert headers["Content-Encoding"] == "br"
    assert "immutable" in headers["Cache-Control"]
    assert "Content-Security-Policy" not in headers


@pytest.mark.parametrize("part", ["bytes=0-0", "bytes=-1", "bytes=0-9", "bytes=99999999-", "bytes=5-2"])
@pytest.mark.parametrize("coding", ["br", "identity"])
def test_whoever_asks_for_a_part_of_a_file_gets_all_of_it(app, part, coding):
    script = "_next/static/chunks/a1b2.js"
    asked = {"accept-encoding": coding, "range": part, "if-range": '"of another build"'}
    answer = app.get(f"/{script}", headers=asked)
    assert answer.status_code == 200
    assert "Content-Range" not in answer
    sent = b"".join(answer.streaming_content)
    answer.close()
    assert (brotli.decompress(sent) if coding == "br" else sent).decode() == PAGES[script]


@pytest.mark.parametrize("path", ["/monitors/\u0667/", "/monitors/\uff17/edit"])
def test_only_plain_digits_are_a_number(app, path):
    answer = app.get(path, headers=BROWSER)
    assert (answer.status_code, body(answer)) == (404, PAGES["404.html"])


def test_an_icon_is_kept_for_a_day_and_the_version_is_asked_for_each_time(app):
    assert headers_of(app.get("/icons/up.svg"))["Cache-Control"] == "public, max-age=86400"
    assert headers_of(app.get("/version.json"))["Cache-Control"] == "public, no-cache"


def test_a_browser_that_is_lost_gets_the_apps_own_page(app):
    answer = app.get("/nowhere/at/all", headers=BROWSER)
    assert (answer.status_code, body(answer)) == (404, PAGES["404.html"])
    assert answer["Content-Security-Policy"] == app_files.CONTENT_SECURITY_POLICY
    assert body(app.get("/nowhere")) != PAGES["404.html"]


def test_below_the_api_nothing_is_a_page(app):
    answer = app.get("/api/v1/nope", headers=BROWSER)
    assert answer.status_code == 404
    assert answer.json() == {"detail": "There is no such address; /api/docs/ has those there are."}


def test_what_is_not_the_apps_is_answered_as_before(app):
    assert app.get("/api/v1/auth/me").status_code == 401
    assert app.get("/admin/login/").status_code == 200
    assert "<svg" in body(app.get("/static/favicon.svg"))
    assert app.post("/monitors/7").status_code == 405


def test_without_an_app_the_door_says_what_is_missing(no_app):
    answer = no_app.get("/")
    assert answer.status_code == 200
    assert all(link in body(answer) for link in ("make run", 'href="/api/docs/"', 'href="/admin/"'))


@pytest.mark.parametrize(
    ("path", "links"),
    [
        ("/incidents/7", ["/admin/incidents/incident/7/change/", "/api/v1/incidents/7/"]),
        ("/monitors/12/", ["/admin/monitors/monitor/12/change/", "/api/v1/monitors/12/"]),
        ("/reset-password/", ["/api/docs/"]),
    ],
)
def test_without_an_app_its_addresses_say_so_and_lead_on(no_app, path, links):
    answer = no_app.get(path, headers=BROWSER)
    text = body(answer)
    assert answer.status_code == 404
    assert f"Only the app could show <code>{path}</code>." in text
    assert all(f'href="{link}"' in text for link in [*links, "/admin/"])


def test_without_an_app_a_status_page_that_is_not_there_says_nothing_of_the_app(no_app):
    answer = no_app.get("/status/nowhere/", headers=BROWSER)
    assert (answer.status_code, "app" in body(answer)) == (404, False)


def test_cloudfront_sends_the_same_policy():
    class Loader(yaml.SafeLoader):
        """Reads CloudFormation's own tags as nothing."""

    Loader.add_multi_constructor("!", lambda loader, suffix, node: None)
    template = yaml.load((ROOT / "infra/frontend.yaml").read_text(), Loader)  # noqa: S506  # a SafeLoader
    assert template["Parameters"]["ContentSecurityPolicy"]["Default"] == app_files.CONTENT_SECURITY_POLICY
