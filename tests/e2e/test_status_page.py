"""A target dies: the page, the letter and the webhook say so in seconds, and the page outlives us."""

import functools
import re
import sys
import threading
import time
from contextlib import contextmanager
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import httpx
import pytest
from aiosmtpd.controller import Controller

from tests.e2e.harness import free_port, wait_for
from tests.e2e.test_alerts import Mailbox, Receiver
from tests.e2e.test_new_user import sign_up


@contextmanager
def serve_directory(path):
    """What any web server does with a directory: no code of ours in it."""

    class Handler(SimpleHTTPRequestHandler):
        def log_message(self, *args):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Handler, directory=str(path)))
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


@pytest.fixture
def letters():
    """A mail server, and the letters it took: (when, to whom, letter)."""
    box, port = Mailbox(), free_port()
    controller = Controller(box, hostname="127.0.0.1", port=port)
    controller.start()
    yield f"smtp://127.0.0.1:{port}", box.came
    controller.stop()


@pytest.fixture
def hook():
    """A webhook's receiver."""
    made = Receiver()
    yield made
    made.server.shutdown()
    made.server.server_close()


def find_link(letter, kind):
    text = letter.get_body(("plain",)).get_content()
    found = re.search(rf"http://\S+/status/-/{kind}/\S+", text)
    assert found
    return found[0]


def test_a_dying_target_is_told_on_the_page_and_by_letter_and_the_page_outlives_us(
    sentrypulse, target, letters, hook, tmp_path
):
    published = tmp_path / "published"
    mail_url, mails = letters
    sentrypulse.environment |= {"PUBLISH_URL": f"file://{published}", "EMAIL_URL": mail_url}
    sentrypulse.start()
    with sign_up(sentrypulse) as api:
        body = {"name": "Internal name", "kind": "http", "url": target.url, "interval_s": 1, "timeout_s": 1}
        monitor = api.post("monitors/", json=body).json()["id"]
        asked = {"slug": "acme", "title": "Acme", "components": [{"name": "Shop", "monitors": [monitor]}]}
        assert api.post("status-pages/", json=asked).status_code == 201
    index, public = published / "acme" / "index.html", f"{sentrypulse.url}/status/acme"

    def says(text):
        return index.exists() and text in index.read_text()

    wait_for(lambda: says("All systems operational"))
    subscribe_both(public, mails, hook)

    died_at = time.time()
    target.stop()
    wait_for(lambda: says("We are investigating trouble with Shop"))
    after_s = {"page": time.time() - died_at}
    (news_at, _, letter) = wait_for(lambda: find_news(mails))[0]
    after_s |= {"letter": news_at - died_at}
    sys.stdout.write(f"told after {', '.join(f'{name} {s:.1f} s' for name, s in after_s.items())}\n")
    assert max(after_s.values()) < 60
    assert letter["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert letter["List-Unsubscribe"] == f"<{find_link(letter, 'unsubscribe')}>"
    assert "Internal name" not in letter.as_string() + index.read_text()
    assert '"state":"outage"' in (index.parent / "status.json").read_text()

    # One click, and the recovery is told to nobody.
    leave = find_link(letter, "unsubscribe")
    assert httpx.post(leave, data={"List-Unsubscribe": "One-Click"}).status_code == 200
    target.start()
    wait_for(lambda: says("The trouble with Shop is over."))
    assert len(find_news(mails)) == 1
    assert hook.came == []  # a stranger entered it, and it lies on this machine

    # The product and its database are gone; somebody else serves the copy.
    sentrypulse.kill()
    for path in tmp_path.rglob("*.sqlite3*"):
        path.unlink()
    with pytest.raises(httpx.TransportError):
        httpx.get(f"{public}/")
    with serve_directory(published) as elsewhere:
        page = httpx.get(f"{elsewhere}/acme/")
        assert page.status_code == 200
        assert "The trouble with Shop is over." in page.text
        for name in ("feed.atom", "status.json", "badge.svg", "badge-uptime-90d.svg", "embed.html"):
            assert httpx.get(f"{elsewhere}/acme/{name}").status_code == 200


def subscribe_both(public, mails, hook):
    """A subscriber by e-mail, confirmed by its link, and a webhook that leads to this machine."""
    assert httpx.post(f"{public}/subscribe", data={"email": "ada@example.com"}).status_code == 202
    assert httpx.post(f"{public}/subscribe", json={"webhook": hook.url}).status_code == 202
    asked = wait_for(lambda: [letter for _, to, letter in mails if to == ["ada@example.com"]])
    assert httpx.post(find_link(asked[0], "confirm")).status_code == 200


def find_news(mails):
    return [mail for mail in mails if mail[1] == ["ada@example.com"] and "[Acme]" in mail[2]["Subject"]]
