"""What libcurl's and OpenSSL's error numbers mean to a person."""

import errno
import re
from collections.abc import Sequence

import pycurl

from core.descriptors import EXHAUSTED, note_shortage
from probes.check import Judgement
from probes.errors import SHORT, ErrorCode
from probes.result import Status

# X509_V_ERR_* of OpenSSL's x509_vfy.h
_VERIFY_RESULTS: dict[int, tuple[ErrorCode, str]] = {
    9: (ErrorCode.TLS_NOT_YET_VALID, "The certificate is not valid yet."),
    10: (ErrorCode.TLS_EXPIRED, "The certificate has expired."),
    18: (ErrorCode.TLS_SELF_SIGNED, "The certificate is signed by itself, not by a trusted authority."),
    19: (ErrorCode.TLS_SELF_SIGNED, "The certificate chain ends in an unknown root that signs itself."),
    20: (
        ErrorCode.TLS_UNTRUSTED,
        "The certificate's issuer is unknown; often the server does not send its intermediate certificate.",
    ),
    21: (
        ErrorCode.TLS_UNTRUSTED,
        "The certificate cannot be verified; often the server does not send its intermediate certificate.",
    ),
    23: (ErrorCode.TLS_UNTRUSTED, "The certificate has been revoked."),
    62: (ErrorCode.TLS_NAME_MISMATCH, "The certificate is for other names."),
    64: (ErrorCode.TLS_NAME_MISMATCH, "The certificate is not for this IP address."),
    66: (ErrorCode.TLS_UNTRUSTED, "The certificate's key is too weak, such as RSA of less than 2048 bits."),
    67: (
        ErrorCode.TLS_UNTRUSTED,
        "An issuer's key in the certificate chain is too weak, such as RSA of less than 2048 bits.",
    ),
    68: (
        ErrorCode.TLS_UNTRUSTED,
        "The certificate chain is signed with a weak digest such as SHA-1 or MD5.",
    ),
}
_PROTOCOL = (
    ErrorCode.HTTP_PROTOCOL,
    "The server answered with something that is not valid HTTP.",
)
_BROKEN_HTTP = {
    "without colon": "a line of its head has no colon",
    "content-length": "its Content-Length is no number, or there are two that differ",
    "nul byte": "there is a NUL byte in its head",
    "multiple location": "it names two Locations that differ",
    "http/0.9": "it does not begin as an answer of HTTP does",
    "unsupported http version": "its version of HTTP is not known",
    "subversion": "its status line cannot be read",
    "chunk": "its chunks are broken",
}
"""By words of libcurl's message, what is wrong with the head."""
_CLOSED = (ErrorCode.CONNECTION_CLOSED, "The server closed the connection before it had answered completely.")
_RESET = (ErrorCode.CONNECTION_RESET, "The server reset the connection.")
_HEADER = (
    ErrorCode.HEADER_TOO_LARGE,
    "The server sent more header than is read, 300 kB in all or 100 kB a line.",
)
ASKS_FOR_CERTIFICATE = (ErrorCode.TLS_HANDSHAKE, "The server asks for a client certificate.")
_ALERT = (
    ErrorCode.CONNECTION_CLOSED,
    "The server broke the TLS connection off with an alert before it had answered completely.",
)
_UNREADABLE_TLS = (ErrorCode.HTTP_PROTOCOL, "What came over the TLS connection could not be decrypted.")

_NOT_TLS = ("wrong version number", "packet length too long", "http request", "record layer failure")
# Once TLS is agreed on, a server says these of the client's certificate alone.
_OF_OUR_CERTIFICATE = (
    "certificate required",
    "bad certificate",
    "certificate unknown",
    "handshake failure",
    "access denied",
    "unknown ca",
)

# Numbers that pycurl has no names for, from curl/curl.h.
E_WEIRD_SERVER_REPLY, E_HTTP2_STREAM, E_HTTP3, E_QUIC_CONNECT, E_TOO_LARGE = 8, 92, 95, 96, 100
_E_RECURSIVE_API_CALL, _E_AUTH_ERROR, _E_PROXY, _E_SSL_CLIENTCERT, _E_UNRECOVERABLE_POLL = 93, 94, 97, 98, 99

_TARGETS: dict[int, tuple[ErrorCode, str]] = {
    pycurl.E_GOT_NOTHING: (
        ErrorCode.CONNECTION_CLOSED,
        "The server closed the connection without an answer.",
    ),
    pycurl.E_PARTIAL_FILE: _CLOSED,
    pycurl.E_SEND_FAIL_REWIND: (ErrorCode.SEND_FAILED, "The request would have had to be sent twice."),
    pycurl.E_UPLOAD_FAILED: (ErrorCode.SEND_FAILED, "The server did not take all of the request."),
    pycurl.E_HTTP2: _PROTOCOL,
    E_HTTP2_STREAM: _PROTOCOL,
    E_HTTP3: _PROTOCOL,
    E_WEIRD_SERVER_REPLY: _PROTOCOL,
    pycurl.E_UNSUPPORTED_PROTOCOL: _PROTOCOL,  # an answer of HTTP/0.9
    pycurl.E_CHUNK_FAILED: _PROTOCOL,
    pycurl.E_HTTP_RANGE_ERROR: _PROTOCOL,
    pycurl.E_LOGIN_DENIED: (ErrorCode.HTTP_STATUS, "The server refused the user name and password."),
    _E_AUTH_ERROR: (ErrorCode.HTTP_PROTOCOL, "The server asks for a way to sign in that is not spoken here."),
    pycurl.E_SSL_ISSUER_ERROR: (ErrorCode.TLS_UNTRUSTED, "The certificate's issuer is not the expected one."),
    pycurl.E_SSL_PINNEDPUBKEYNOTMATCH: (ErrorCode.TLS_UNTRUSTED, "The certificate's key is another one."),
    pycurl.E_SSL_INVALIDCERTSTATUS: (ErrorCode.TLS_UNTRUSTED, "The certificate's status is not good (OCSP)."),
    pycurl.E_SSL_SHUTDOWN_FAILED: _CLOSED,
    _E_SSL_CLIENTCERT: ASKS_FOR_CERTIFICATE,
    E_QUIC_CONNECT: (ErrorCode.CONNECT_FAILED, "No HTTP/3 connection could be made (QUIC over UDP)."),
    E_TOO_LARGE: _HEADER,
}
_OURS: dict[int, str] = {
    pycurl.E_FAILED_INIT: "The HTTP library could not be started.",
    pycurl.E_NOT_BUILT_IN: "The HTTP library here lacks what this check needs.",
    pycurl.E_COULDNT_RESOLVE_PROXY: "This prober must not use a proxy, but was told to.",
    _E_PROXY: "This prober must not use a proxy, but was told to.",
    pycurl.E_INTERFACE_FAILED: "This prober cannot use its own network interface.",
    pycurl.E_NO_CONNECTION_AVAILABLE: "This prober has too many connections open.",
    pycurl.E_READ_ERROR: "The request's body could not be read on our side.",
    pycurl.E_WRITE_ERROR: "The answer could not be taken in: something failed on our side, see the log.",
    pycurl.E_ABORTED_BY_CALLBACK: "The check was given up on our side, see the log.",
    pycurl.E_SSL_CACERT_BADFILE: "This prober cannot read its list of trusted certificate authorities.",
    pycurl.E_SSL_CRL_BADFILE: "This prober cannot read its list of revoked certificates.",
    pycurl.E_SSL_CERTPROBLEM: "This prober's own certificate cannot be used.",
    pycurl.E_SSL_CIPHER: "The ciphers that this prober is set to cannot be used.",
    pycurl.E_SSL_ENGINE_NOTFOUND: "This prober's TLS library cannot be used.",
    pycurl.E_SSL_ENGINE_SETFAILED: "This prober's TLS library cannot be used.",
    pycurl.E_SSL_ENGINE_INITFAILED: "This prober's TLS library cannot be used.",
    _E_RECURSIVE_API_CALL: "The HTTP library was used wrongly on our side, see the log.",
    pycurl.E_BAD_FUNCTION_ARGUMENT: "The HTTP library was used wrongly on our side, see the log.",
    pycurl.E_UNKNOWN_OPTION: "The HTTP library here lacks what this check needs.",
    _E_UNRECOVERABLE_POLL: "This prober could not wait for its connections.",
}
_UNSENT = (ErrorCode.SEND_FAILED, "The request could not be sent: the connection broke.")
_BROKE_OFF = (ErrorCode.CONNECTION_CLOSED, "The exchange broke off before the whole answer had come.")


def judge_verify_result(result: int, *, host: str) -> Judgement:
    """Turn OpenSSL's verify result into a judgement; ``host`` is the name that was asked for."""
    code, sentence = _VERIFY_RESULTS.get(
        result,
        (ErrorCode.TLS_UNTRUSTED, f"The certificate was not accepted (OpenSSL verify result {result})."),
    )
    if code is ErrorCode.TLS_NAME_MISMATCH:
        sentence = f"Expected a certificate for {host}, got one for other names."
    return Judgement(Status.DOWN, code, sentence)


_TOO_OLD = {
    "unsafe legacy renegotiation": "the server does not know secure renegotiation (RFC 5746)",
    "dh key too small": "the server's Diffie-Hellman key is shorter than 2048 bits",
    "legacy sigalg": "the server signs by SHA-1 or MD5, which are no longer safe",
    "wrong signature type": "the server signs in a way that is no longer safe",
}
"""Weak handshakes that OpenSSL refuses by itself. Some browsers still connect; libcurl has no option for
it."""


def judge_curl_error(
    code: int, message: str, *, host: str, verify_result: int, os_errno: int, shaken: bool
) -> Judgement:
    """Turn libcurl's code and message into a judgement, for all but failed lookups, timeouts and the guard.

    ``shaken``: the TLS handshake was complete. The message serves to tell cases apart. It is never shown,
    because it can quote the URL.
    """
    if code == pycurl.E_COULDNT_CONNECT:
        return _judge_connect(os_errno, host)
    if code == pycurl.E_PEER_FAILED_VERIFICATION:
        # libcurl compares names itself, whatever OpenSSL thinks of the chain.
        return judge_verify_result(62 if "subject name" in message else verify_result, host=host)
    if code == pycurl.E_OUT_OF_MEMORY:
        return Judgement(Status.UNKNOWN, *SHORT)
    if code in _OURS:
        return Judgement(Status.UNKNOWN, ErrorCode.INTERNAL, _OURS[code])
    found = _TARGETS.get(code) or _tell_by_words(code, message.lower(), shaken=shaken)
    if found is _PROTOCOL:
        why = next((why for words, why in _BROKEN_HTTP.items() if words in message.lower()), "")
        return Judgement(Status.DOWN, found[0], f"{found[1][:-1]}: {why}." if why else found[1])
    return Judgement(Status.DOWN, *found)


def is_read_over(code: int, message: str, status: int, head: Sequence[bytes]) -> bool:
    """Whether libcurl gave up in the middle of ``head``, at a line that browsers skip."""
    if code != E_WEIRD_SERVER_REPLY or status < 200:
        return False
    words = message.lower()
    seen = any(line.lower().startswith(b"content-length:") for line in head)
    return "without colon" in words or ("content-length" in words and not seen)


def judge_bad_url(*, redirected: bool) -> Judgement:
    if redirected:
        return Judgement(
            Status.DOWN, ErrorCode.REDIRECT_INVALID, "Redirected to something that is not a URL."
        )
    return Judgement(Status.UNKNOWN, ErrorCode.CONFIG_INVALID, "The monitor's URL is malformed.")


def lacks_close_notify(code: int, message: str) -> bool:
    """Whether the server closed TCP without closing TLS first. Old servers and small devices do so after an
    answer."""
    return code == pycurl.E_RECV_ERROR and "unexpected eof" in message.lower()


def _judge_connect(os_errno: int, host: str) -> Judgement:
    if os_errno == errno.ECONNREFUSED:
        return Judgement(
            Status.DOWN,
            ErrorCode.CONNECT_REFUSED,
            f"{host} refused the connection; nothing listens on the port.",
        )
    if os_errno in EXHAUSTED:
        note_shortage()
        return Judgement(Status.UNKNOWN, *SHORT)
    why = {
        errno.ENETUNREACH: "there is no route to its network",
        errno.EHOSTUNREACH: "there is no route to the host",
        errno.ECONNRESET: "the connection was reset",
    }.get(os_errno, "the network reported an error")
    return Judgement(Status.DOWN, ErrorCode.CONNECT_FAILED, f"Could not connect to {host}: {why}.")


def _tell_by_words(code: int, words: str, *, shaken: bool) -> tuple[ErrorCode, str]:
    was_reset = "reset by peer" in words or "errno 104" in words or "broken pipe" in words
    if code in (pycurl.E_SSL_CONNECT_ERROR, pycurl.E_USE_SSL_FAILED) and not shaken:
        return _RESET if was_reset else (ErrorCode.TLS_HANDSHAKE, explain_handshake(words))
    if "header" in words and ("large" in words or "long" in words):
        return _HEADER
    if "alert" in words:
        return explain_alert(words)
    if was_reset:
        return _RESET
    if "unexpected eof" in words:
        return _CLOSED
    if re.search(r"chunk|invalid|malformed|hyper|nul byte|content-length|transfer-encoding", words):
        return _PROTOCOL
    if "ssl" in words or "tls" in words:
        return _UNREADABLE_TLS
    if code == pycurl.E_SEND_ERROR:
        return _UNSENT
    return _CLOSED if code == pycurl.E_RECV_ERROR else _BROKE_OFF


def explain_alert(words: str) -> tuple[ErrorCode, str]:
    """Turn OpenSSL's words for an alert or a broken connection after the TLS handshake into a code and a
    sentence."""
    words = words.lower().replace("_", " ")
    if any(sign in words for sign in _OF_OUR_CERTIFICATE):
        return ASKS_FOR_CERTIFICATE
    return _ALERT if "alert" in words else _CLOSED


def explain_handshake(words: str) -> str:
    """Turn OpenSSL's words for a broken handshake into a sentence."""
    words = words.lower().replace("_", " ")
    if any(sign in words for sign in _NOT_TLS):
        return "Expected TLS, but the server does not speak TLS on this port."
    if "unsupported protocol" in words or "protocol version" in words:
        return "The server and this prober share no TLS version (1.2 or newer is needed)."
    if "unexpected eof" in words:
        return "The server closed the connection during the TLS handshake."
    if weakness := next((say for sign, say in _TOO_OLD.items() if sign in words), ""):
        return f"This prober broke off the TLS handshake: {weakness}."
    if "handshake failure" in words or "no shared cipher" in words:
        return (
            "The server broke off the TLS handshake: there is no common cipher, it does not know this name, "
            "or it asks for a client certificate."
        )
    if "unrecognized name" in words or "unrecognised" in words:
        return "The server has no certificate for this name and broke off the TLS handshake."
    if "certificate required" in words:
        return ASKS_FOR_CERTIFICATE[1]
    return "The TLS handshake failed: the server broke it off or sent something else."
