"""What people write cannot run, fetch or break out: CSS, Markdown, names, titles, addresses."""

import json
import re
from html.parser import HTMLParser
from xml.etree import ElementTree

import pytest

from incidents.services import open_manual
from statuspages.markdown import render_markdown
from statuspages.models import StatusPage
from statuspages.posts import write_post
from statuspages.rendering import render_page
from statuspages.stylesheets import CssRefused, clean_css
from tests.factories import make_member
from tests.statuspages.factories import HOSTILE, NOW, make_old, make_page

CSS_REFUSED = (
    "@import 'https://evil.example/x.css';",
    "@import url(//evil.example/x.css);",
    "@font-face{font-family:x;src:url(https://evil.example/x.woff)}",
    "@namespace url(http://www.w3.org/1999/xhtml);",
    "@charset 'utf-7';",
    "@property --x{syntax:'<url>';inherits:true}",
    "@\\69mport 'x';",
    "a{background:url(https://evil.example/)}",
    "a{background:url('https://evil.example/')}",
    "a{background:u\\72l(https://evil.example/)}",
    "a{background:URL(//evil.example)}",
    "a{background:image-set('https://evil.example/' 1x)}",
    "a{background:-webkit-image-set('https://evil.example/' 1x)}",
    "a{background:image('https://evil.example/')}",
    "a{background:cross-fade(red, blue)}",
    "a{background:src('https://evil.example/')}",
    "a{background:element(#x)}",
    "a{background:paint(x)}",
    "a{--x:url(https://evil.example/)}",
    "a{--x:foo(url(https://evil.example/))}",
    "a{background:var(--x,url(https://evil.example/))}",
    "@supports (background:url(//evil.example)){a{color:red}}",
    "@media screen{@import 'x';}",
    "@media (width < 600px){a{color:red}}",
    "a{width:expression(alert(1))}",
    "a{behavior:url(x.htc)}",
    "a{behavior:none}",
    "a{-moz-binding:none}",
    "a{content:'</style><script>alert(1)</script>'}",
    "a[href='</style>']{color:red}",
    "</style><script>alert(1)</script>",
    "a{color:red}}</style>",
    "a{color:'red'}",
    "a{b{color:red}}",
    "a{color:red;&:hover{color:blue}}",
    "> a{color:red}",
    "a,{color:red}",
    "{color:red}",
    "a{color" + "(" * 5000,
    "a" * 20_001,
)


@pytest.mark.parametrize("css", CSS_REFUSED)
def test_css_that_fetches_or_breaks_out_is_refused(css):
    with pytest.raises(CssRefused) as refused:
        clean_css(css)
    assert str(refused.value)


def test_a_refusal_names_the_place():
    with pytest.raises(CssRefused, match=r"Line 2, column 11: a page fetches nothing"):
        clean_css("h1{color:red}\na{content:url(x)}")


@pytest.mark.parametrize(
    ("css", "cleaned"),
    [
        ("h2{color:red}", ".page h2{color:red}"),
        ("a,b > c{margin:1px 2px!important}", ".page a,.page b > c{margin:1px 2px!important}"),
        (":root{--x:1px}", ".page{--x:1px}"),
        ("body.x{color:#fff}", ".page.x{color:#fff}"),
        ("html{color:red}", ".page{color:red}"),
        ("@media (max-width:600px){a{color:red}}", "@media (max-width:600px){.page a{color:red}}"),
        ("@keyframes k{from{opacity:0}to{opacity:1}}", "@keyframes k{from{opacity:0}to{opacity:1}}"),
        ("a:before{content:'→ ok'}", '.page a:before{content:"→ ok"}'),
        ("/* note */ a{color:rgb(1 2 3 / 50%)}", ".page a{color:rgb(1 2 3 / 50%)}"),
        ("a{color:\nred", ".page a{color:red}"),
        ("<!-- a{color:red} -->", ".page a{color:red}"),
    ],
)
def test_plain_css_is_taken_and_stays_below_the_page(css, cleaned):
    assert clean_css(css) == cleaned


MARKDOWN = (
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "[x](javascript:alert(1))",
    "[x](JaVaScRiPt:alert(1))",
    "[x](data:text/html,<script>alert(1)</script>)",
    "[x](vbscript:x)",
    "[x]: javascript:alert(1)\n\n[x]",
    "<javascript:alert(1)>",
    "![x](https://evil.example/pixel.png)",
    '[a](https://x.example/"onmouseover=alert(1))',
    "[a](<https://x.example/> \"t' onclick='alert(1)\")",
    "<a href='https://x.example' style='position:fixed'>x</a>",
    "<style>*{display:none}</style>",
    "<iframe src=//evil.example></iframe>",
    "<form action=//evil.example><input></form>",
    "`</code><script>alert(1)</script>`",
    "> " * 500 + "x",
    "[" * 2000,
    "*" * 2000,
)
ATOM = "{http://www.w3.org/2005/Atom}"
_TAGS = {"p", "br", "strong", "em", "del", "code", "pre", "blockquote", "ul", "ol", "li", "a", "hr"}


class Reader(HTMLParser):
    """Collects every element with its attributes."""

    def __init__(self):
        super().__init__()
        self.found = []

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))


def read_xml(body):
    return ElementTree.fromstring(body)  # noqa: S314  # our own


def read_elements(html):
    reader = Reader()
    reader.feed(html)
    return reader.found


@pytest.mark.parametrize("text", [*MARKDOWN, *HOSTILE])
def test_markdown_becomes_harmless_elements_and_nothing_else(text):
    for tag, attributes in read_elements(render_markdown(text)):
        assert tag in _TAGS
        assert set(attributes) <= {"href", "rel", "start"}
        if tag == "a":
            assert attributes["rel"] == "nofollow noopener noreferrer"
            assert attributes.get("href", "https:").partition(":")[0] in {"https", "http", "mailto"}


@pytest.mark.django_db
@pytest.mark.parametrize("text", HOSTILE)
def test_no_name_or_text_runs_on_the_page_in_whatever_field_it_stands(text):
    monitor = make_old(name=text[:100])
    line = " ".join(text.split())[:100]
    page = make_page(
        None,
        monitor,
        title=line,
        description=line,
        components=[{"name": line, "group": line, "description": line, "monitors": [monitor]}],
    )
    author = make_member(page.team)
    incident = open_manual(page.team, title=line, author=author, now=NOW)
    write_post(
        page, author=author, now=NOW, incident=incident, text=text, components=list(page.components.all())
    )
    files = render_page(page, now=NOW)

    for name in ("index.html", "embed.html"):
        elements = read_elements(files[name].body.decode())
        tags = [tag for tag, _ in elements]
        assert tags.count("script") == 1  # ours
        assert tags.count("style") == 1
        assert not {"iframe", "object", "base"} & set(tags)
        assert "img" not in tags
        for tag, attributes in elements:
            assert not [key for key in attributes if key.startswith("on") or key == "style"], tag
            assert not re.match(
                r"\s*(?:javascript|vbscript|data:text)", str(attributes.get("href", "")), re.I
            )
    assert json.loads(files["status.json"].body)["page"]["title"] == line
    feed = read_xml(files["feed.atom"].body)
    assert feed.findtext(f"{ATOM}title") == line
    for name, file in files.items():
        if name.endswith(".svg"):
            read_xml(file.body)
            assert b"<script" not in file.body


@pytest.mark.django_db
def test_texts_with_control_characters_still_make_a_valid_feed():
    page = make_page()
    author = make_member(page.team)
    write_post(page, author=author, now=NOW, title="Trouble", text="a\x00b\x0b\x1f\ufffe c")
    feed = read_xml(render_page(page, now=NOW)["feed.atom"].body)
    assert "�" in (feed.findtext(f"{ATOM}entry/{ATOM}content") or "")


@pytest.mark.django_db
def test_css_that_came_past_the_form_is_left_out_of_the_page():
    page = make_page(custom_css="h2{color:red}")
    assert b".page h2{color:red}" in render_page(page, now=NOW)["index.html"].body
    StatusPage.objects.filter(pk=page.pk).update(custom_css="</style><script>alert(1)</script>")
    page.refresh_from_db()
    assert b"alert(1)" not in render_page(page, now=NOW)["index.html"].body
