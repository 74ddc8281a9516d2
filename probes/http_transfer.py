"""One HTTP check on libcurl: its exchanges, what they measure and what they mean.

Redirects are followed here and not by libcurl, each by an exchange of its own. So each phase is the sum over
all exchanges, every hop passes the guard, and credentials go only to the origin (scheme, host, port) that
they were given for. (libcurl sends no ``Authorization`` and no cookies to another host, but would send it
``X-Api-Key``.) Once a redirect has left the origin, no credentials are sent any more, even if a later
redirect leads back. Cookies that are set on the way are sent back by libcurl's rules, and are forgotten at
the end of the check.
"""

import logging
from collections.abc import Callable
from concurrent.futures import Future
from functools import partial
from time import monotonic
from typing import Any
from urllib.parse import urlsplit

import pycurl

from core.hosts import name_origin, read_scheme
from probes.assertions import is_expected_status
from probes.bodies import (
    TOO_LARGE,
    UNREADABLE,
    Body,
    asks_for_body,
    is_quick_to_judge,
    is_settled,
    judge_body,
)
from probes.certificate_names import judge_common_name
from probes.chains import EXPLAINED, explain_certificate, note_sent
from probes.check import Check, Engines, Judgement, judge_blocked, judge_bug
from probes.connect import explain_resolve_failure
from probes.credentials import redact
from probes.curl import ENDED, Easy
from probes.curl_errors import (
    E_QUIC_CONNECT,
    is_read_over,
    judge_bad_url,
    judge_curl_error,
    lacks_close_notify,
)
from probes.errors import SHORT, ErrorCode
from probes.handshake import explain_refusal, shake_hands
from probes.head import Head, is_complete
from probes.http_config import HttpConfig
from probes.http_request import set_request
from probes.http_versions import read_version
from probes.redirects import resolve_location
from probes.result import Status
from probes.routes import is_out_of_ports

logger = logging.getLogger(__name__)

_PHASES = ("dns_ms", "connect_ms", "tls_ms", "first_byte_ms", "download_ms")
_REDIRECTS = frozenset((301, 302, 303, 307, 308))
_CLOCKS = (
    pycurl.NAMELOOKUP_TIME_T,
    pycurl.CONNECT_TIME_T,
    pycurl.APPCONNECT_TIME_T,
    pycurl.STARTTRANSFER_TIME_T,
)
_NO_CONNECTION = (pycurl.E_COULDNT_CONNECT, E_QUIC_CONNECT)
_MAY_BE_REFUSED = (ErrorCode.SEND_FAILED, ErrorCode.CONNECTION_RESET)
_UNENDED = (ENDED, pycurl.E_OPERATION_TIMEDOUT)
PATIENCE_S = 2.0
"""Seconds for which an answer of unknown length is read on although the judgement is known."""


class HttpTransfer:
    """One check: an exchange, and another for every redirect."""

    __slots__ = (
        "_at_home",
        "_body",
        "_config",
        "_engines",
        "_first_end_at",
        "_hops",
        "_listened_since",
        "_looked_at_bytes",
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
        self._first_end_at = ""
        self._hops = 0
        self._us: dict[str, int] = {}

    def cancel(self) -> None:
        """Give up without a result."""
        self._engines.curl.stop(self)

    def fail(self) -> None:
        """End the check for a fault of our own."""
        self.check.finish(judge_bug())

    def prepare(self, easy: Easy) -> None:
        """Set the options of the next exchange. A handle whose last exchange had the same options gets only
        URL and time limits."""
        config = self._config
        self._listened_since, self._looked_at_bytes = 0.0, 0
        easy.rewind(keep=asks_for_body(config))
        plain = not (config.headers or config.auth or self._body or self._method != "GET")
        secure = self._url.startswith("https:")
        profile = (config.ip_family, config.http_version, config.verify_tls, secure) if plain else None
        if profile is None or easy.profile != profile:
            easy.curl.reset()
            easy.set_up()
            set_request(
                easy.curl,
                config,
                method=self._method,
                body=self._body,
                secure=secure,
                at_home=self._at_home,
            )
            easy.profile = profile
        easy.curl.setopt(pycurl.URL, self._url.encode())
        easy.curl.setopt(pycurl.TIMEOUT_MS, max(1, round(self.check.remaining_s() * 1_000)))
        easy.curl.setopt(pycurl.CONNECTTIMEOUT_MS, max(1, round(self.check.remaining_s() * 1_000)) + 1_000)

    # ---- what came ----

    def is_settled(self, easy: Easy) -> bool:
        """Whether the judgement is known although the answer goes on: its end is not announced, or it is a
        redirect."""
        if not is_complete(easy.head):
            return False
        head, status = easy.read_head(), easy.curl.getinfo(pycurl.RESPONSE_CODE)
        if self._redirects(status) and head.location:
            return True
        if not head.open_ended or not self._was_patient(head):
            return False
        self.check.http_version = read_version(easy.curl)
        if self._judge_head(status) is not None or not asks_for_body(self._config):
            return True
        if easy.seen_bytes < 2 * self._looked_at_bytes:
            return False  # looking again and again into what grows must not take the square of its length
        self._looked_at_bytes = max(easy.seen_bytes, 1)
        return is_settled(b"".join(easy.body), head.content_type, self._config)

    def _was_patient(self, head: Head) -> bool:
        """Whether the answer was read for long enough. An answer that is only slow must be measured to its
        end."""
        if head.is_stream:
            return True
        self._listened_since = self._listened_since or monotonic()
        limit_ms = self._config.degraded_ms
        slow_anyway = limit_ms is None or self.check.elapsed_ms() > limit_ms
        return slow_anyway and monotonic() - self._listened_since >= PATIENCE_S

    def complete(self, easy: Easy, code: int, message: str) -> bool:
        """Measure one exchange, and judge it unless it is a redirect. True: the redirect asks for another
        exchange."""
        check, curl = self.check, easy.curl
        status, broken = (
            curl.getinfo(pycurl.RESPONSE_CODE),
            code != pycurl.E_OK and not is_complete(easy.head),
        )
        if broken and (self._redirects(status) or not is_read_over(code, message, status, easy.head)):
            self._measure(easy, endless=False)
            check.http_status = None  # an earlier hop's
            self._judge_failure(easy, code, message)
            return False
        self._measure(easy, endless=code in _UNENDED and easy.read_head().is_stream)
        check.http_status = status
        check.http_version = read_version(curl)
        check.size_bytes = easy.seen_bytes
        if self._url.startswith("https:") and (wrong := self._read_certificates(curl)):
            self._finish(wrong)
            return False
        if self._redirects(status) and (location := easy.read_head().location):
            return self._redirect(status, location)
        self._judge_answer(easy, status, self._find_missing(easy, code, message))
        return False

    def _measure(self, easy: Easy, *, endless: bool) -> None:
        """Add this exchange's phases to those of the check. libcurl's clocks run from the start of the
        exchange; 0: not reached.

        ``endless``: the answer is a stream, which is measured to its first byte.
        """
        info, check, us = easy.curl.getinfo, self.check, self._us
        secure = self._url.startswith("https:")
        marks = [info(mark) for mark in _CLOCKS]
        total = marks[-1] if endless else info(pycurl.TOTAL_TIME_T)
        phase, before = "dns_ms", 0
        for phase, after in zip(_PHASES, (*marks, total), strict=True):
            if phase == "tls_ms" and not secure:
                continue
            if not after or (phase == "download_ms" and (endless or not marks[-1])):
                break
            us[phase] = us.get(phase, 0) + max(0, after - before)
            check.timings[phase] = round(us[phase] / 1_000)
            before = after
        check.phase = phase  # the one it hung in, if it hung
        us["total_ms"] = us.get("total_ms", 0) + total
        check.total_ms = round(us["total_ms"] / 1_000)
        check.address = info(pycurl.PRIMARY_IP) or easy.tried
        check.tried, check.port = easy.addresses, easy.port  # libcurl's own is -1 where nobody connected

    def _read_certificates(self, curl: Any) -> Judgement | None:
        """Keep the date on which the chain ends. Returns what is wrong with the certificate's names; None
        when nothing is. libcurl has compared them, but it takes a common name, too."""
        chain = curl.getinfo_raw(pycurl.INFO_CERTINFO)  # raw: a subject may be in any encoding
        if not chain:
            return None
        named = not self._config.verify_tls
        for name, value in chain[0]:
            if name == b"X509v3 Subject Alternative Name":
                named = named or b"DNS:" in value or b"IP Address:" in value
                break
        if note_sent(self.check, chain, verifies=self._config.verify_tls):
            self._first_end_at = name_origin(self._url)
        return None if named else judge_common_name(urlsplit(self._url).hostname or "")

    def _redirects(self, status: int) -> bool:
        return status in _REDIRECTS and self._config.follow_redirects

    def _redirect(self, status: int, location: bytes) -> bool:
        self._hops += 1
        if self._hops > self._config.max_redirects:
            followed, origin = self._config.max_redirects, name_origin(self._url)
            sentence = f"Expected at most {followed} redirects, got more; the last came from {origin}."
            self._finish(Judgement(Status.DOWN, ErrorCode.REDIRECT_LOOP, sentence))
            return False
        try:
            url = resolve_location(self._url, location)
        except ValueError:
            url = ""
        scheme = read_scheme(url)
        if scheme not in ("http", "https"):
            where = f"a {scheme[:20]} URL; only http and https are followed" if scheme else "no URL"
            self._finish(Judgement(Status.DOWN, ErrorCode.REDIRECT_INVALID, f"Redirected to {where}."))
            return False
        self._at_home = self._at_home and name_origin(url) == name_origin(self._url)
        if (status == 303 and self._method != "HEAD") or (status in (301, 302) and self._method == "POST"):
            self._method, self._body = "GET", ""  # RFC 9110, 15.4
        self._url = url
        return True

    # ---- what it means ----

    def _judge_answer(self, easy: Easy, status: int, missing: Judgement | None) -> None:
        """Judge the answer. ``missing`` says why a part of the body is not known; None: all of it is."""
        config = self._config
        wrong = self._judge_head(status)
        if wrong is not None or not asks_for_body(config):
            self._conclude(wrong)
            return
        content_type = (easy.curl.getinfo_raw(pycurl.CONTENT_TYPE) or b"").decode("latin-1")
        body = Body(b"".join(easy.body), content_type, missing)
        if is_quick_to_judge(body, config):
            self._conclude(judge_body(body, config))
            return
        judging = self._engines.judges.submit(judge_body, body, config)
        judging.add_done_callback(lambda future: self._take(future, self._conclude))

    def _judge_head(self, status: int) -> Judgement | None:
        config, version = self._config, self.check.http_version
        if not is_expected_status(status, config.expected_status):
            return Judgement(
                Status.DOWN, ErrorCode.HTTP_STATUS, f"Expected {config.expected_status}, got {status}."
            )
        if config.http_version not in ("any", version):
            sentence = f"Expected HTTP/{config.http_version}, got HTTP/{version}."
            return Judgement(Status.DOWN, ErrorCode.HTTP_PROTOCOL, sentence)
        return None

    def _find_missing(self, easy: Easy, code: int, message: str) -> Judgement | None:
        if easy.capped:
            return TOO_LARGE
        unpacker = easy.unpacker
        if unpacker is not None and unpacker.broken:
            return UNREADABLE
        if code == ENDED:
            return self.check.judge_time_out()
        if code != pycurl.E_OK and not (lacks_close_notify(code, message) and easy.read_head().to_the_close):
            return self._explain_failure(easy, code, message)
        return UNREADABLE if unpacker is not None and unpacker.cut_off else None

    def _conclude(self, wrong: Judgement | None) -> None:
        self._finish(wrong or self._judge_soft_limits())

    def _judge_soft_limits(self) -> Judgement:
        config = self._config
        return self.check.judge_soft_limits(
            expiry_days=config.tls_expiry_days, degraded_ms=config.degraded_ms
        )

    def _take(self, future: "Future[Any]", use: Callable[[Any], None]) -> None:
        """Pass on what another thread has found out. An error there is our own fault."""
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
            self._finish(Judgement(Status.UNKNOWN, *SHORT))
        elif code == pycurl.E_COULDNT_RESOLVE_HOST:
            self._ask_why_unresolved()
        elif code == pycurl.E_URL_MALFORMAT:
            self._finish(judge_bad_url(redirected=self._hops > 0))
        else:
            judgement = self._explain_failure(easy, code, message)
            if self._is_shaken() and not easy.head and judgement.code in _MAY_BE_REFUSED:
                self._ask_why_refused(judgement)
            elif judgement.code in EXPLAINED:
                self._ask_which_certificate(judgement)
            else:
                self._finish(judgement)

    def _is_shaken(self) -> bool:
        return self._url.startswith("https:") and self.check.phase in ("first_byte_ms", "download_ms")

    def _explain_failure(self, easy: Easy, code: int, message: str) -> Judgement:
        if code == pycurl.E_OPERATION_TIMEDOUT:
            return self.check.judge_time_out()
        if self.check.phase == "connect_ms" and code in (pycurl.E_SEND_ERROR, pycurl.E_RECV_ERROR):
            code = E_QUIC_CONNECT  # UDP has no connect that could fail; its first packet does
        info = easy.curl.getinfo
        if code in _NO_CONNECTION and is_out_of_ports(info(pycurl.OS_ERRNO), easy.addresses):
            return Judgement(Status.UNKNOWN, *SHORT)
        return judge_curl_error(
            code,
            message,
            host=urlsplit(self._url).hostname or "",
            verify_result=info(pycurl.SSL_VERIFYRESULT),
            os_errno=info(pycurl.OS_ERRNO),
            shaken=self._is_shaken(),
        )

    def _ask(self, why: Callable[[str, float], Any]) -> None:
        """Find out more on another thread than libcurl's. ``why`` gets the host and the seconds that it may
        take."""
        host, limit_s = urlsplit(self._url).hostname or "", min(2.0, max(0.3, self.check.remaining_s()))
        asked = self._engines.loop.run_aside(lambda: why(host, limit_s))
        asked.add_done_callback(lambda future: self._take(future, self._finish))

    def _ask_why_unresolved(self) -> None:
        """Find out whether the name does not exist or a name server failed: libcurl does not say."""
        family = self._config.ip_family
        self._ask(lambda host, limit_s: explain_resolve_failure(host, family=family, limit_s=limit_s))

    def _ask_why_refused(self, judgement: Judgement) -> None:
        """Find out whether the server wants a client certificate. Such a server says so and closes the
        connection, but we may see only the close."""
        port, family = urlsplit(self._url).port or 443, self._config.ip_family
        self._ask(
            lambda host, limit_s: explain_refusal(
                self.check, host, port, family=family, limit_s=limit_s, otherwise=judgement
            )
        )

    def _ask_which_certificate(self, judgement: Judgement) -> None:
        """Find out which certificate of the chain is wrong: libcurl only says what is wrong."""
        port, family = urlsplit(self._url).port or 443, self._config.ip_family
        self._ask(
            lambda host, limit_s: explain_certificate(
                self.check,
                partial(shake_hands, host=host, port=port, name=host, family=family, verify=False),
                limit_s=limit_s,
                otherwise=judgement,
            )
        )

    def _finish(self, judgement: Judgement) -> None:
        if judgement.sentence:
            sentence = redact(judgement.sentence, self._config)
            if self._hops and judgement.code not in (ErrorCode.REDIRECT_LOOP, ErrorCode.REDIRECT_INVALID):
                origin = name_origin(self._url)
                where = f"After a redirect to {origin}"
                if judgement.code is ErrorCode.TLS_EXPIRING and self._first_end_at != origin:
                    where = f"At {self._first_end_at}, which redirects"
                sentence = f"{where}: {sentence}"
            judgement = Judgement(judgement.status, judgement.code, sentence)
        self.check.finish(judgement)
