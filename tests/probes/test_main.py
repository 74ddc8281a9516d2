import json

import pytest

from probes.__main__ import main
from tests.hostile.servers import answer, serve


def test_a_good_url_prints_phases_certificate_and_verdict_and_exits_0(capsys, ca_file, tls_context):
    with serve(answer(), context=tls_context) as server:
        assert main([server.url, "--ca-file", ca_file]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == server.url
    assert [line[2:16].strip() for line in lines[1:7]] == [
        "Name lookup",
        "Connect",
        "TLS handshake",
        "First byte",
        "Download",
        "Total",
    ]
    assert any("█" in line or "▏" in line for line in lines)
    assert any(line.startswith("  Valid until   3000-01-01 00:00 UTC, ") for line in lines)
    assert "  Names         localhost, 127.0.0.1" in lines
    assert lines[-1] == "UP – HTTP 200, over HTTP/1.1, 5 bytes, from 127.0.0.1"
    assert "\x1b" not in "".join(lines)


def test_a_refused_certificate_is_shown_and_exits_1(capsys, tls_context):
    with serve(answer(), context=tls_context) as server:
        assert main([server.url, "--timeout", "2"]) == 1
    out = capsys.readouterr().out
    assert "  Names         localhost, 127.0.0.1" in out
    assert out.splitlines()[-1].startswith("DOWN: ")
    assert "(tls_untrusted)" in out


def test_json_is_the_result_as_the_message_has_it(capsys):
    with serve(answer(status="500 Oops")) as server:
        assert main([server.url, "--json", "--config", '{"degraded_ms": 500}']) == 1
    body = json.loads(capsys.readouterr().out)
    assert (body["status"], body["error_code"], body["http_status"]) == ("down", "http_status", 500)
    assert body["error"] == "Expected 200-299, got 500."


def test_the_kind_is_guessed_from_the_target(capsys):
    with serve(answer()) as server:
        assert main([server.address]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "UP – from 127.0.0.1"


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["ftp://example.com"], "url: The URL must start with http:// or https://.\n"),
        (
            ["127.0.0.1:1", "--config", '{"sned": "x"}'],
            "sned: There is no field 'sned'. Did you mean send?\n",
        ),
        (
            ["127.0.0.1:1", "--timeout", "0"],
            "timeout: Must be a number of seconds, above 0 and at most 300.\n",
        ),
    ],
)
def test_a_question_that_makes_no_sense_exits_2(capsys, arguments, sentence):
    assert main(arguments) == 2
    assert capsys.readouterr().err == sentence


def test_a_domain_says_until_when_it_is_registered(capsys):
    body = b'{"events": [{"eventAction": "expiration", "eventDate": "2999-08-13T04:00:00Z"}]}'
    with serve(answer(body)) as server:
        config = json.dumps({"rdap_url": server.url})
        assert main(["Shop.Example", "--kind", "domain", "--config", config]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "shop.example"
    assert any(line.startswith("  Registered until 2999-08-13 04:00 UTC, ") for line in lines)
    assert lines[-1].startswith("UP – HTTP 200, over HTTP/1.1, ")
