import re

import pycurl
import pytest

from probes.curl_errors import explain_handshake, judge_curl_error, lacks_close_notify

OURS = {"internal", "out_of_resources"}
ALL_CODES = [code for code in range(1, 110) if code not in (3, 6, 28)]  # judged elsewhere
WORDS = (
    "",
    "Recv failure: Connection reset by peer",
    "OpenSSL SSL_read: OpenSSL/3.6.5: error:0A000126:SSL routines::unexpected eof while reading, errno 0",
    "OpenSSL SSL_read: error:0A00045C:SSL routines::tlsv13 alert certificate required, errno 0",
    "TLS connect error: error:0A000410:SSL routines::ssl/tls alert handshake failure",
    "Failure writing output to destination",
    "Malformed encoding found in chunked-encoding",
)


def judge(code: int, message: str = "", *, shaken: bool):
    return judge_curl_error(code, message, host="h.example", verify_result=20, os_errno=111, shaken=shaken)


@pytest.mark.parametrize("shaken", [False, True])
@pytest.mark.parametrize("message", WORDS)
def test_every_code_of_libcurl_has_a_sentence_without_its_number(message, shaken):
    for code in ALL_CODES:
        verdict = judge(code, message, shaken=shaken)
        assert verdict.code is not None
        assert verdict.status == ("unknown" if verdict.code.value in OURS else "down")
        assert verdict.sentence.endswith(".")
        assert not re.search(r"curl|\berror \d|\bE_", verdict.sentence)
        assert not shaken or "handshake" not in verdict.sentence, code


@pytest.mark.parametrize(
    ("code", "message", "shaken", "expected"),
    [
        (pycurl.E_RECV_ERROR, WORDS[1], True, "connection_reset"),
        (pycurl.E_RECV_ERROR, WORDS[2], True, "connection_closed"),
        (pycurl.E_RECV_ERROR, WORDS[3], True, "tls_handshake"),
        (pycurl.E_SSL_CONNECT_ERROR, WORDS[4], False, "tls_handshake"),
        (pycurl.E_SSL_CONNECT_ERROR, WORDS[1], False, "connection_reset"),
        (pycurl.E_RECV_ERROR, WORDS[6], False, "http_protocol"),
        (pycurl.E_WRITE_ERROR, WORDS[5], False, "internal"),
        (pycurl.E_GOT_NOTHING, "", True, "connection_closed"),
        (pycurl.E_RECV_ERROR, "SSL_read: decryption failed or bad record mac", True, "http_protocol"),
        (pycurl.E_RECV_ERROR, "SSL_read: ssl/tls alert internal error", True, "connection_closed"),
        (101, "", True, "connection_closed"),
    ],
)
def test_cases_are_told_apart_by_libcurls_words(code, message, shaken, expected):
    assert judge(code, message, shaken=shaken).code == expected


def test_a_missing_close_notify_is_known():
    assert lacks_close_notify(pycurl.E_RECV_ERROR, WORDS[2])
    assert not lacks_close_notify(pycurl.E_RECV_ERROR, WORDS[1])
    assert not lacks_close_notify(pycurl.E_SSL_CONNECT_ERROR, WORDS[2])


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (
            "error:0A000152:SSL routines::unsafe legacy renegotiation disabled",
            "secure renegotiation (RFC 5746)",
        ),
        ("[SSL: UNSAFE_LEGACY_RENEGOTIATION_DISABLED] unsafe legacy", "secure renegotiation (RFC 5746)"),
        ("error:0A00018A:SSL routines::dh key too small", "shorter than 2048 bits"),
        ("[SSL: LEGACY_SIGALG_DISALLOWED_OR_UNSUPPORTED]", "SHA-1"),
    ],
)
def test_a_handshake_that_we_broke_off_is_not_told_as_broken_off_by_the_server(words, said):
    verdict = judge(pycurl.E_SSL_CONNECT_ERROR, f"TLS connect error: {words}", shaken=False)
    assert verdict.code == "tls_handshake"
    assert verdict.sentence.startswith("This prober broke off the TLS handshake: ")
    assert said in verdict.sentence
    assert explain_handshake(words) == verdict.sentence
