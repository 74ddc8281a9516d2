"""HTTP and HTTPS: ask for a URL, follow its redirects, judge the answer.

Redirects are followed here and not by libcurl, one exchange each. So the phases are sums of what was
measured, every hop passes the guard, and credentials stay with the origin (scheme, host, port) they were
given for: libcurl keeps back ``Authorization`` and cookies at another host, but would hand it ``X-Api-Key``.
A chain that leaves the origin and comes back gets none either.

The body is read to ``BODY_CAP_BYTES`` of decoded data. When nothing has to be found in it, reading stops
there and the rest does not matter. When something has, a longer body is judged by what came if the keyword is
in it, and is ``body_too_large`` otherwise.
"""

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import Future
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

import msgspec
import pycurl

from probes.assertions import contains_keyword, is_expected_status, judge_json, read_charset
from probes.certificates import parse_openssl_time
from probes.check import Check, Engines, Verdict, judge_blocked, judge_bug
from probes.config import BasicAuth, BearerAuth, HttpConfig
from probes.connect import explain_resolve_failure
from probes.curl import Easy
from probes.curl_errors import E_QUIC_CONNECT, judge_curl_error
from probes.errors import ErrorCode
from probes.result import Status
from probes.targets import name_origin, read_scheme

logger = logging.getLogger(__name__)

_VERSIONS = {
    "any": pycurl.CURL_HTTP_VERSION_2TLS,
    "1.1": pycurl.CURL_HTTP_VERSION_1_1,
    "2": pycurl.CURL_HTTP_VERSION_2TLS,
    "3": pycurl.CURL_HTTP_VERSION_3ONLY,
}
_SHOWN_VERSIONS = {
    pycurl.CURL_HTTP_VERSION_1_0: "1.0",
    pycurl.CURL_HTTP_VERSION_1_1: "1.1",
    pycurl.CURL_HTTP_VERSION_2_0: "2",
    pycurl.CURL_HTTP_VERSION_3: "3",
}
_FAMILIES = {"any": pycurl.IPRESOLVE_WHATEVER, "4": pycurl.IPRESOLVE_V4, "6": pycurl.IPRESOLVE_V6}
_PHASES = ("dns_ms", "connect_ms", "tls_ms", "first_byte_ms", "download_ms")
_REDIRECTS = frozenset((301, 302, 303, 307, 308))
_CLOCKS = (
    pycurl.NAMELOOKUP_TIME_T,
    pycurl.CONNECT_TIME_T,
    pycurl.APPCONNECT_TIME_T,
    pycurl.STARTTRANSFER_TIME_T,
)
_NO_CONNECTION = (pycurl.E_COULDNT_CONNECT, E_QUIC_CONNECT)
SMALL_JSON_BYTES = 16 * 1024
USER_AGENT = "SentryPulse/1.0 (uptime check)"


def start(check: Check, *, engines: Engines) -> None:
    """Begin an HTTP check on the libcurl thread."""
    config = msgspec.convert(check.spec.config, HttpConfig)
    if config.http_version == "3" and not _has_http3():
        check.finish(
            Verdict(Status.UNKNOWN, ErrorCode.CONFIG_INVALID, "This prober's libcurl does not speak HTTP/3.")
        )
        return
    transfer = HttpTransfer(check, config, engines)
    check.cancel = transfer.cancel
    engines.curl.start(transfer)


@lru_cache(maxsize=1)
def _has_http3() -> bool:
    return bool(pycurl.version_info()[4] & pycurl.VERSION_HTTP3)


class HttpTransfer:
    """One check: an exchange, and one more for every redirect."""

    __slots__ = (
        "_at_home",
        "_body",
        "_config",
        "_engines",
        "_hops",
        "_method",
        "_url",
        "_us",
        "check",
        "handle",
    )

    def __init__(self, check: Check, config: HttpConfig, engines: Engines) -> None:
        self.check = check
        self.handle: Easy | None = None
        self._config = config
        self._engines = engines
        self._url = check.spec.target
        self._method: str = config.method
        self._body = config.body
        self._at_home = True
        self._hops = 0
        self._us: dict[str, int] = {}

    def cancel(self) -> None:
        """Give up without a result."""
        self._engines.curl.stop(self)

    def fail(self) -> None:
        """Something of ours broke."""
        self.check.finish(judge_bug())

    def prepare(self, easy: Easy) -> None:
        """Set the options of the next exchange; a handle that last did the like gets URL and time only."""
        config = self._config
        easy.rewind(keep=bool(config.keyword or config.json_path))
        plain = not (config.headers or config.auth or self._body or self._method != "GET")
        secure = self._url.startswith("https:")
        profile = (config.ip_family, config.http_version, config.verify_tls, secure) if plain else None
        if profile is None or easy.profile != profile:
            easy.curl.reset()
            easy.set_up()
            self._set_options(easy.curl)
            easy.profile = profile
        easy.curl.setopt(pycurl.URL, self._url.encode())
        easy.curl.setopt(pycurl.TIMEOUT_MS, max(1, round(self.check.remaining_s() * 1_000)))
        easy.curl.setopt(pycurl.CONNECTTIMEOUT_MS, max(1, round(self.check.remaining_s() * 1_000)) + 1_000)

    def _set_options(self, curl: Any) -> None:
        config, option = self._config, curl.setopt
        option(pycurl.IPRESOLVE, _FAMILIES[config.ip_family])
        version = _VERSIONS[config.http_version]
        if config.http_version == "2" and self._url.startswith("http:"):
            version = pycurl.CURL_HTTP_VERSION_2_PRIOR_KNOWLEDGE
        option(pycurl.HTTP_VERSION, version)
        option(pycurl.SSL_VERIFYPEER, int(config.verify_tls))
        option(pycurl.SSL_VERIFYHOST, 2 if config.verify_tls else 0)
        option(pycurl.USERAGENT, USER_AGENT)
        if self._body:
            option(pycurl.POSTFIELDS, self._body.encode())
        if self._method == "HEAD":
            option(pycurl.NOBODY, 1)
        elif self._method != "GET" or self._body:
            option(pycurl.CUSTOMREQUEST, self._method)
        option(pycurl.HTTPHEADER, self._list_headers())
        if self._at_home and isinstance(config.auth, BasicAuth):
            option(pycurl.HTTPAUTH, pycurl.HTTPAUTH_BASIC)
            option(pycurl.USERNAME, config.auth.username.encode())
            option(pycurl.PASSWORD, config.auth.password.encode())

    def _list_headers(self) -> list[bytes]:
        config, given = self._config, dict[str, str]()
        for name, value in config.headers.items():
            text, secret = (value, False) if isinstance(value, str) else (value.value, value.secret)
            private = secret or name.lower() in ("authorization", "cookie", "host", "proxy-authorization")
            if self._at_home or not private:
                given[name] = text
        if self._at_home and isinstance(config.auth, BearerAuth):
            given["Authorization"] = f"Bearer {config.auth.token}"
        if self._body and "content-type" not in {name.lower() for name in given}:
            given["Content-Type"] = _guess_content_type(self._body)
        # "Name;" is libcurl's spelling of a header with an empty value.
        return [(f"{name}: {value}" if value else f"{name};").encode() for name, value in given.items()]

    # ---- what came ----

    def complete(self, easy: Easy, code: int, message: str) -> bool:
        """Measure one exchange; true if a redirect asks for another."""
        check, curl = self.check, easy.curl
        self._measure(easy)
        if code != pycurl.E_OK and not easy.capped:
            check.http_status = None  # an earlier hop's
            self._judge_failure(easy, code, message)
            return False
        status = curl.getinfo(pycurl.RESPONSE_CODE)
        check.http_status = status
        check.http_version = _SHOWN_VERSIONS.get(curl.getinfo(pycurl.INFO_HTTP_VERSION), "")
        check.size_bytes = easy.seen_bytes
        if self._url.startswith("https:"):
            self._read_certificates(curl)
        if status in _REDIRECTS and self._config.follow_redirects:
            location = (curl.getinfo_raw(pycurl.REDIRECT_URL) or b"").decode("utf-8", "replace")
            if location:
                return self._redirect(status, location)
        self._judge(easy, status)
        return False

    def _measure(self, easy: Easy) -> None:
        """Add this exchange's phases. libcurl's clocks run from the start of the exchange; 0: not reached."""
        info, check, us = easy.curl.getinfo, self.check, self._us
        secure = self._url.startswith("https:")
        total = info(pycurl.TOTAL_TIME_T)
        marks = [info(mark) for mark in _CLOCKS]
        phase, before = "dns_ms", 0
        for phase, after in zip(_PHASES, (*marks, total), strict=True):
            if phase == "tls_ms" and not secure:
                continue
            if not after or (phase == "download_ms" and not marks[-1]):
                break
            us[phase] = us.get(phase, 0) + max(0, after - before)
            check.timings[phase] = round(us[phase] / 1_000)
            before = after
        check.phase = phase  # the one it hung in, if it hung
        us["total_ms"] = us.get("total_ms", 0) + total
        check.total_ms = round(us["total_ms"] / 1_000)
        check.address = info(pycurl.PRIMARY_IP) or easy.tried

    def _read_certificates(self, curl: Any) -> None:
        chain = curl.getinfo_raw(pycurl.INFO_CERTINFO)  # raw: a subject may be in any encoding
        if not chain:
            return
        for name, value in chain[0]:
            if name == b"Expire date":
                self.check.tls_expires_at = parse_openssl_time(value.decode("latin-1"))
                break
        if self.check.show_certificates is not None:
            pems = [value.decode("latin-1") for fields in chain for name, value in fields if name == b"Cert"]
            self.check.show_certificates(self.check.spec, pems)

    def _redirect(self, status: int, location: str) -> bool:
        self._hops += 1
        if self._hops > self._config.max_redirects:
            followed, origin = self._config.max_redirects, name_origin(self._url)
            self._finish(
                Verdict(
                    Status.DOWN,
                    ErrorCode.REDIRECT_LOOP,
                    f"Expected at most {followed} redirects, got more; the last came from {origin}.",
                )
            )
            return False
        scheme = read_scheme(location)
        if scheme not in ("http", "https"):
            self._finish(
                Verdict(
                    Status.DOWN,
                    ErrorCode.REDIRECT_INVALID,
                    f"Redirected to a {scheme[:20] or 'malformed'} URL; only http and https are followed.",
                )
            )
            return False
        self._at_home = self._at_home and name_origin(location) == name_origin(self._url)
        if (status == 303 and self._method != "HEAD") or (status in (301, 302) and self._method == "POST"):
            self._method, self._body = "GET", ""  # RFC 9110, 15.4
        self._url = location
        return True

    # ---- what it means ----

    def _judge(self, easy: Easy, status: int) -> None:
        body = b"".join(easy.body) if easy.keep else b""
        wrong = self._judge_head(status) or self._judge_text(easy, body)
        if wrong is not None or not self._config.json_path:
            self._finish(wrong or self._judge_soft_limits())
        elif easy.capped:
            self._finish(_too_large("the JSON could not be read"))
        else:
            self._judge_json(body)

    def _judge_head(self, status: int) -> Verdict | None:
        config, version = self._config, self.check.http_version
        if not is_expected_status(status, config.expected_status):
            return Verdict(
                Status.DOWN, ErrorCode.HTTP_STATUS, f"Expected {config.expected_status}, got {status}."
            )
        if config.http_version not in ("any", version):
            sentence = f"Expected HTTP/{config.http_version}, got HTTP/{version}."
            return Verdict(Status.DOWN, ErrorCode.HTTP_PROTOCOL, sentence)
        return None

    def _judge_text(self, easy: Easy, body: bytes) -> Verdict | None:
        config = self._config
        if not config.keyword:
            return None
        content_type = easy.curl.getinfo_raw(pycurl.CONTENT_TYPE) or b""
        charset = read_charset(content_type.decode("latin-1"))
        found = contains_keyword(body, config.keyword, charset=charset)
        if found and config.keyword_absent:
            return _mismatch(f"Expected a body without {config.keyword!r}, but it is there.")
        if not found and easy.capped:
            return _too_large("the keyword could not be looked for in all of it")
        if not found and not config.keyword_absent:
            return _mismatch(f"Expected {config.keyword!r} in the body, but it is not there.")
        return None

    def _judge_json(self, body: bytes) -> None:
        """Judge a large document in a thread of its own: it must not hold up the others' transfers."""
        path, expected = self._config.json_path, self._config.json_equals
        if len(body) <= SMALL_JSON_BYTES:
            self._conclude(judge_json(body, path, expected))
            return
        judging = self._engines.loop.run_aside(lambda: asyncio.to_thread(judge_json, body, path, expected))
        judging.add_done_callback(lambda future: self._take(future, self._conclude))

    def _conclude(self, wrong: str) -> None:
        if wrong:
            self._finish(Verdict(Status.DOWN, ErrorCode.JSON_MISMATCH, wrong))
        else:
            self._finish(self._judge_soft_limits())

    def _judge_soft_limits(self) -> Verdict:
        config = self._config
        return self.check.judge_soft_limits(
            expiry_days=config.tls_expiry_days, degraded_ms=config.degraded_ms
        )

    def _take(self, future: "Future[Any]", use: Callable[[Any], None]) -> None:
        """Use what was found out aside; a bug there is ours."""
        if future.cancelled():
            self.fail()
        elif (trouble := future.exception()) is not None:
            logger.error("check monitor=%s broke aside", self.check.spec.monitor_id, exc_info=trouble)
            self.fail()
        else:
            use(future.result())

    def _judge_failure(self, easy: Easy, code: int, message: str) -> None:
        if easy.blocked is not None and easy.blocked.address == easy.tried and code in _NO_CONNECTION:
            self._finish(judge_blocked(easy.blocked))
        elif easy.exhausted:
            self._finish(
                Verdict(Status.UNKNOWN, ErrorCode.INTERNAL, "This prober has too many sockets open to check.")
            )
        elif code == pycurl.E_OPERATION_TIMEDOUT:
            self._finish(self.check.judge_time_out())
        elif code == pycurl.E_COULDNT_RESOLVE_HOST:
            self._ask_why_unresolved()
        elif code == pycurl.E_URL_MALFORMAT:
            self._finish(_judge_bad_url(redirected=self._hops > 0))
        else:
            if self.check.phase == "connect_ms" and code in (pycurl.E_SEND_ERROR, pycurl.E_RECV_ERROR):
                code = E_QUIC_CONNECT  # UDP has no connect that could fail; its first packet does
            info = easy.curl.getinfo
            self._finish(
                judge_curl_error(
                    code,
                    message,
                    host=urlsplit(self._url).hostname or "",
                    verify_result=info(pycurl.SSL_VERIFYRESULT),
                    os_errno=info(pycurl.OS_ERRNO),
                )
            )

    def _ask_why_unresolved(self) -> None:
        """libcurl does not tell an unknown name from a failing server; ask again, away from its thread."""
        check, host = self.check, urlsplit(self._url).hostname or ""
        limit_s = min(2.0, max(0.3, check.remaining_s()))
        asked = self._engines.loop.run_aside(
            lambda: explain_resolve_failure(host, family=self._config.ip_family, limit_s=limit_s)
        )
        asked.add_done_callback(lambda future: self._take(future, self._finish))

    def _finish(self, verdict: Verdict) -> None:
        if verdict.sentence:
            sentence = self._redact(verdict.sentence)
            if self._hops and verdict.code not in (ErrorCode.REDIRECT_LOOP, ErrorCode.REDIRECT_INVALID):
                sentence = f"After a redirect to {name_origin(self._url)}: {sentence}"
            verdict = Verdict(verdict.status, verdict.code, sentence)
        self.check.finish(verdict)

    def _redact(self, sentence: str) -> str:
        """Take secrets out of the sentence: a server may echo them, and the sentence quotes the body."""
        for secret in _list_secrets(self._config):
            sentence = sentence.replace(secret, "•••")
        return sentence


def _list_secrets(config: HttpConfig) -> list[str]:
    secrets = [
        value.value for value in config.headers.values() if not isinstance(value, str) and value.secret
    ]
    if isinstance(config.auth, BasicAuth):
        secrets.append(config.auth.password)
    if isinstance(config.auth, BearerAuth):
        secrets.append(config.auth.token)
    return [secret for secret in secrets if len(secret) >= 3]


def _mismatch(sentence: str) -> Verdict:
    return Verdict(Status.DOWN, ErrorCode.BODY_MISMATCH, sentence)


def _too_large(consequence: str) -> Verdict:
    return Verdict(Status.DOWN, ErrorCode.BODY_TOO_LARGE, f"The body is larger than 1 MiB, so {consequence}.")


def _judge_bad_url(*, redirected: bool) -> Verdict:
    if redirected:
        return Verdict(Status.DOWN, ErrorCode.REDIRECT_INVALID, "Redirected to something that is not a URL.")
    return Verdict(Status.UNKNOWN, ErrorCode.CONFIG_INVALID, "The monitor's URL is malformed.")


def _guess_content_type(body: str) -> str:
    return "application/json" if body.lstrip()[:1] in ("{", "[") else "text/plain; charset=utf-8"
