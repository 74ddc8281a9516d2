import ssl

import pytest

from core.hostnames import to_ascii
from probes.config import check_target
from tests.hostile.servers import Server, answer, hold, serve
from tests.probes.kinds.test_http import record
from tests.probes.specs import make_spec


@pytest.mark.parametrize(
    ("name", "ascii_name"),
    [
        # where IDNA 2008 and 2003 differ
        ("straße.de", "xn--strae-oqa.de"),
        ("faß.example", "xn--fa-hia.example"),
        ("ςας.gr", "xn--mxa7ab.gr"),
        ("نامه\u200cای.ir", "xn--mgba3gch31f060k.ir"),
        ("ශ්\u200dරී.lk", "xn--10cl1a0b660p.lk"),
        # mapped, as people type them
        ("BÜCHER.Example", "xn--bcher-kva.example"),
        ("ΣΑΣ.gr", "xn--mxa9ab.gr"),  # no final sigma out of capitals
        ("bu\u0308cher.example", "xn--bcher-kva.example"),
        ("日本語。ｊｐ", "xn--wgv71a119e.jp"),
        ("faß。DE．", "xn--fa-hia.de."),
        ("１２７.0．０.1", "127.0.0.1"),
        ("a\u00adü.de", "xn--a-eha.de"),
        # what browsers take although nobody registers it
        ("💩.la", "xn--ls8h.la"),
        ("☕\ufe0f.example", "xn--53h.example"),
        ("I♥NY.example", "xn--iny-zx5a.example"),
        ("my_host.ü.de", "my_host.xn--tda.de"),
        ("-ü.de", "xn----eha.de"),
        # from right to left, with digits of both kinds
        ("موقع١.example", "xn--4gbrim1k.example"),
        ("א1.com", "xn--1-zhc.com"),
        # ASCII stays, A-labels as well
        ("Example.COM.", "example.com."),
        ("_dmarc.XN--strae-oqa.de", "_dmarc.xn--strae-oqa.de"),
        ("", ""),
    ],
)
def test_a_name_is_spelled_as_browsers_and_registries_do(name, ascii_name):
    assert to_ascii(name) == ascii_name
    assert to_ascii(ascii_name) == ascii_name


@pytest.mark.parametrize(
    "name",
    [
        "a／b.de",  # a slash, once it is mapped
        "℀.de",
        "user＠ü.de",
        "\u0301e.de",
        "ü\u200d.de",
        "1א.com",
        "١٢٣.example",
        "\ud800.de",
        "ﷺ.com",
        "ü.de\u2028",
        "ü" * 2_000,
    ],
)
def test_what_is_no_name_is_refused_with_a_sentence(name):
    with pytest.raises(ValueError, match="is not a valid international domain name") as refused:
        to_ascii(name)
    assert str(refused.value).isprintable()


@pytest.mark.parametrize(
    ("kind", "target", "normal"),
    [
        ("http", "https://straße.de/ä", "https://xn--strae-oqa.de/%C3%A4"),
        ("http", "http://ΣΑΣ.gr:8080/", "http://xn--mxa9ab.gr:8080/"),
        ("http", "http://bücher．example/", "http://xn--bcher-kva.example/"),
        ("tls", "straße.de", "xn--strae-oqa.de:443"),
        ("tcp", "💩.la:25", "xn--ls8h.la:25"),
        ("dns", "_dmarc.straße.de", "_dmarc.xn--strae-oqa.de"),
        ("ping", "faß.de", "xn--fa-hia.de"),
        ("domain", "straße.de.", "xn--strae-oqa.de"),
    ],
)
def test_every_kind_reads_a_host_alike(kind, target, normal):
    assert check_target(kind, target) == normal
    assert check_target(kind, normal) == normal


def test_the_host_that_a_browser_would_ask_is_asked(prober):
    holder: list[Server] = []
    with serve(record(holder)) as server:
        holder.append(server)
        target = check_target("http", f"http://straße.localhost:{server.port}/")
        assert prober.run_one(make_spec("http", target)).status == "up"
    assert f"Host: xn--strae-oqa.localhost:{server.port}\r\n" in server.heard[0]


def test_a_certificate_is_held_against_the_name_in_ascii(prober, ca):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ca.issue_cert("xn--strae-oqa.localhost").configure_cert(context)
    with serve(answer(), context=context) as server:
        target = check_target("http", f"https://straße.localhost:{server.port}/")
        assert prober.run_one(make_spec("http", target)).error == ""
    with serve(hold, context=context) as server:
        right = make_spec("tls", server.address, server_name="straße.localhost")
        wrong = make_spec("tls", server.address, server_name="strasse.localhost")
        assert prober.run_one(right).error == ""
        assert prober.run_one(wrong).error_code == "tls_name_mismatch"
