"""What libcurl's and OpenSSL's error numbers mean to a person."""

import errno
import re

import pycurl

from probes.check import Verdict
from probes.errors import ErrorCode
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
}
_PROTOCOL = (
    ErrorCode.HTTP_PROTOCOL,
    "The server answered with something that is not valid HTTP.",
)
_CLOSED = (ErrorCode.CONNECTION_CLOSED, "The server closed the connection before it had answered completely.")
_RESET = (ErrorCode.CONNECTION_RESET, "The server reset the connection.")
_ZLIB = (ErrorCode.BODY_UNDECODABLE, "The body's compression is broken, so it could not be read.")
_HEADER = (
    ErrorCode.HEADER_TOO_LARGE,
    "The server sent more header than is read, 300 kB in all or 100 kB a line.",
)

_NOT_TLS = ("wrong version number", "packet length too long", "http request", "record layer failure")

# Numbers that pycurl has no names for, from curl/curl.h.
E_HTTP2_STREAM, E_HTTP3, E_QUIC_CONNECT, E_TOO_LARGE, E_WEIRD_SERVER_REPLY = 92, 95, 96, 100, 8

_SIMPLE: dict[int, tuple[ErrorCode, str]] = {
    pycurl.E_GOT_NOTHING: (
        ErrorCode.CONNECTION_CLOSED,
        "The server closed the connection without an answer.",
    ),
    pycurl.E_PARTIAL_FILE: _CLOSED,
    pycurl.E_SEND_ERROR: (ErrorCode.SEND_FAILED, "The request could not be sent: the connection broke."),
    pycurl.E_BAD_CONTENT_ENCODING: _ZLIB,
    pycurl.E_HTTP2: _PROTOCOL,
    E_HTTP2_STREAM: _PROTOCOL,
    E_HTTP3: _PROTOCOL,
    E_WEIRD_SERVER_REPLY: _PROTOCOL,
    pycurl.E_UNSUPPORTED_PROTOCOL: _PROTOCOL,  # an answer of HTTP/0.9
    E_QUIC_CONNECT: (ErrorCode.CONNECT_FAILED, "No HTTP/3 connection could be made (QUIC over UDP)."),
    E_TOO_LARGE: _HEADER,
}
_OURS = {pycurl.E_OUT_OF_MEMORY, pycurl.E_FAILED_INIT, pycurl.E_SSL_CACERT_BADFILE, pycurl.E_NOT_BUILT_IN}


def judge_verify_result(result: int, *, host: str) -> Verdict:
    """Turn OpenSSL's verify result into a verdict; ``host`` is the name that was asked for."""
    code, sentence = _VERIFY_RESULTS.get(
        result,
        (ErrorCode.TLS_UNTRUSTED, f"The certificate was not accepted (OpenSSL verify result {result})."),
    )
    if code is ErrorCode.TLS_NAME_MISMATCH:
        sentence = f"Expected a certificate for {host}, got one for other names."
    return Verdict(Status.DOWN, code, sentence)


def judge_curl_error(code: int, message: str, *, host: str, verify_result: int, os_errno: int) -> Verdict:
    """Turn libcurl's code and words into a verdict, for everything but names, timeouts and the guard.

    libcurl's own words are used to tell cases apart, never shown: they can quote the URL.
    """
    if code == pycurl.E_COULDNT_CONNECT:
        return _judge_connect(os_errno, host)
    if code == pycurl.E_PEER_FAILED_VERIFICATION:
        # libcurl compares names itself, whatever OpenSSL thinks of the chain.
        return judge_verify_result(62 if "subject name" in message else verify_result, host=host)
    if code in _OURS:
        return Verdict(
            Status.UNKNOWN, ErrorCode.INTERNAL, f"The check could not be run (libcurl error {code})."
        )
    found = _SIMPLE.get(code) or _tell_by_words(code, message)
    if found is None:
        found = ErrorCode.HTTP_PROTOCOL, f"The exchange failed (libcurl error {code})."
    return Verdict(Status.DOWN, *found)


def _judge_connect(os_errno: int, host: str) -> Verdict:
    if os_errno == errno.ECONNREFUSED:
        return Verdict(
            Status.DOWN,
            ErrorCode.CONNECT_REFUSED,
            f"{host} refused the connection; nothing listens on the port.",
        )
    if os_errno in (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM):
        return Verdict(Status.UNKNOWN, ErrorCode.INTERNAL, "This prober is out of sockets or memory.")
    why = {
        errno.ENETUNREACH: "there is no route to its network",
        errno.EHOSTUNREACH: "there is no route to the host",
        errno.ECONNRESET: "the connection was reset",
    }.get(os_errno, "the network reported an error")
    return Verdict(Status.DOWN, ErrorCode.CONNECT_FAILED, f"Could not connect to {host}: {why}.")


def _tell_by_words(code: int, message: str) -> tuple[ErrorCode, str] | None:
    words = message.lower()
    was_reset = "reset by peer" in words or "errno 104" in words or "broken pipe" in words
    if code == pycurl.E_SSL_CONNECT_ERROR:
        return _RESET if was_reset else (ErrorCode.TLS_HANDSHAKE, explain_handshake(words))
    if code in (pycurl.E_SSL_CIPHER, pycurl.E_USE_SSL_FAILED, pycurl.E_SSL_CERTPROBLEM):
        return ErrorCode.TLS_HANDSHAKE, explain_handshake(words)
    if "header" in words and ("large" in words or "long" in words):
        return _HEADER
    if code == pycurl.E_RECV_ERROR:
        if was_reset:
            return _RESET
        if "alert" in words or "ssl" in words:
            return ErrorCode.TLS_HANDSHAKE, explain_handshake(words)
        if re.search(r"chunk|invalid|malformed|hyper|nul byte|content-length|transfer-encoding", words):
            return _PROTOCOL
        return _CLOSED
    return None


def explain_handshake(words: str) -> str:
    """Turn OpenSSL's words for a broken handshake into a sentence."""
    words = words.lower().replace("_", " ")
    if any(sign in words for sign in _NOT_TLS):
        return "Expected TLS, but the server does not speak TLS on this port."
    if "unsupported protocol" in words or "protocol version" in words:
        return "The server and this prober share no TLS version (1.2 or newer is needed)."
    if "handshake failure" in words or "no shared cipher" in words:
        return "The server broke off the TLS handshake: no common cipher, or it does not know this name."
    if "unrecognized name" in words or "unrecognised" in words:
        return "The server has no certificate for this name and broke off the TLS handshake."
    if "certificate required" in words:
        return "The server asks for a client certificate."
    return "The TLS handshake failed: the server broke it off or sent something else."
