import pytest
from hypothesis import given
from hypothesis import strategies as st

from probes.redirects import resolve_location

BASE = "http://ex.example:8080/a/b?c=d"


@pytest.mark.parametrize(
    ("location", "url"),
    [
        ("/x", "http://ex.example:8080/x"),
        ("x?y#z", "http://ex.example:8080/a/x?y"),
        ("?q=1", "http://ex.example:8080/a/b?q=1"),
        ("../y", "http://ex.example:8080/y"),
        ("//other.example/z", "http://other.example/z"),
        ("/\\other.example\\z", "http://other.example/z"),
        ("///other.example", "http://other.example/"),
        ("http:/x", "http://ex.example:8080/x"),
        ("https:/safe.example/x", "https://safe.example/x"),
        ("HTTPS://Safe.Example/P", "https://safe.example/P"),
        ("https://straße.de/über?ä=ö#ß", "https://xn--strae-oqa.de/%C3%BCber?%C3%A4=%C3%B6"),
        ("//bücher。example:81/", "http://xn--bcher-kva.example:81/"),
        ("http://💩.la", "http://xn--ls8h.la/"),
        ("http://ex%61mple.com/", "http://example.com/"),
        ("http://my_host.example/", "http://my_host.example/"),
        ("http://[2001:db8::1]:99/", "http://[2001:db8::1]:99/"),
        ("http://u:p@h.example/", "http://u:p@h.example/"),
        ("  /a b\t ", "http://ex.example:8080/a%20b"),
        ("/%C3%BC%zz", "http://ex.example:8080/%C3%BC%zz"),
        ("/x;y=[1]|~", "http://ex.example:8080/x;y=[1]|~"),
        ("ftp://x.example/ü", "ftp://x.example/ü"),
        ("javascript:alert(1)", "javascript:alert(1)"),
        ("mailto:a@b.example", "mailto:a@b.example"),
    ],
)
def test_a_location_is_read_as_browsers_read_it(location, url):
    assert resolve_location(BASE, location.encode()) == url


def test_bytes_that_are_no_utf_8_are_kept():
    assert resolve_location(BASE, b"/caf\xe9") == "http://ex.example:8080/caf%E9"


@pytest.mark.parametrize(
    "location",
    [
        "http://[bad/",
        "http://a:99999/",
        "http://a:0/",
        "http:///",
        "//",
        "http://a b/",
        "http://a%2fb/",
        "http://a／b/",
    ],
)
def test_what_is_no_url_is_refused(location):
    with pytest.raises(ValueError):
        resolve_location(BASE, location.encode())


@given(st.binary(max_size=60))
def test_whatever_comes_is_a_url_in_ascii_or_refused(location):
    try:
        url = resolve_location(BASE, location)
    except ValueError:
        return
    if url.startswith(("http://", "https://")):
        assert url.isascii()
        assert url.isprintable()
        assert " " not in url
