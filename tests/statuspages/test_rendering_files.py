"""What lies beside a page: feed, badges, logo."""

from xml.etree import ElementTree

import pytest

from monitors.transitions import State
from statuspages.models import Logo
from statuspages.posts import write_post
from statuspages.rendering import render_page
from statuspages.services import set_logo
from tests.analytics.factories import HOUR, MINUTE, store_at
from tests.factories import make_member
from tests.statuspages.factories import NOW, make_old, make_page
from tests.statuspages.test_logos import PNG
from tests.statuspages.test_rendering import believe, roll_day, roll_until

pytestmark = pytest.mark.django_db
ATOM = "{http://www.w3.org/2005/Atom}"


def test_the_feed_is_valid_atom_with_an_entry_a_post():
    page = make_page(title="Acme & Söhne")
    author = make_member(page.team)
    post, _ = write_post(page, author=author, now=NOW - HOUR, title="Slow <shop>", text="We *look*.")
    feed = ElementTree.fromstring(render_page(page, now=NOW)["feed.atom"].body)  # noqa: S314  # our own
    assert feed.tag == f"{ATOM}feed"
    for name in ("id", "title", "updated", "link", "author"):
        assert feed.find(f"{ATOM}{name}") is not None, name
    (entry,) = feed.findall(f"{ATOM}entry")
    assert entry.findtext(f"{ATOM}title") == "Investigating: Slow <shop>"
    assert entry.findtext(f"{ATOM}content") == "<p>We <em>look</em>.</p>"
    assert entry.findtext(f"{ATOM}id", "").endswith(f"/posts/{post.pk}")
    assert entry.findtext(f"{ATOM}updated") == (NOW - HOUR).isoformat().replace("+00:00", "Z")


def test_badges_say_status_uptime_and_response():
    monitor = make_old()
    believe(monitor, State.UP)
    roll_day(monitor, ago=20, down_s=2160)
    store_at(monitor, (NOW - MINUTE, "U", 42))
    roll_until(NOW.replace(hour=0, minute=0))
    files = render_page(make_page(None, monitor), now=NOW)
    said = {name: file.body.decode() for name, file in files.items() if name.endswith(".svg")}
    assert set(said) == {
        *("badge.svg", "badge-uptime-7d.svg", "badge-uptime-30d.svg", "badge-uptime-90d.svg"),
        "badge-response.svg",
    }
    assert "<title>Status: Operational</title>" in said["badge.svg"]
    assert "<title>Uptime 7 d: 100%</title>" in said["badge-uptime-7d.svg"]
    assert "<title>Uptime 30 d: 97.50%</title>" in said["badge-uptime-30d.svg"]
    assert "<title>Response: 42 ms</title>" in said["badge-response.svg"]


def test_a_logo_is_a_file_beside_the_page():
    page = make_page()
    set_logo(page, PNG)
    files = render_page(page, now=NOW)
    assert files["logo.png"].body == PNG
    assert files["logo.png"].media_type == "image/png"
    assert '<img src="logo.png" alt="">' in files["index.html"].body.decode()
    assert Logo.objects.count() == 1
