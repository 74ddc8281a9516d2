"""Asks registries by RDAP over HTTP (RFC 7480), and reads IANA's list of which server answers for which TLD
(RFC 9224).

Redirects, the guard and the bounds are those of an HTTP check.
"""

import asyncio
import codecs
from collections.abc import Awaitable, Callable
from concurrent.futures import Future
from dataclasses import dataclass
from time import monotonic
from urllib.parse import urlsplit
from weakref import WeakKeyDictionary

import msgspec
import pycurl

from core import structs
from probes.bodies import TOO_LARGE
from probes.check import Check, Engines, Judgement, judge_bug
from probes.curl import Easy
from probes.http_config import HttpConfig
from probes.http_transfer import HttpTransfer

BOOTSTRAP_URL = "https://data.iana.org/rdap/dns.json"
REDIRECTOR_URL = "https://rdap.org/"
LIST_HOLDS_S = 86_400
ASK_AGAIN_S = 600
"""Seconds after which a list that could not be loaded is asked for again."""
_ASKING = HttpConfig(headers={"Accept": "application/rdap+json, application/json"})


@dataclass(frozen=True, slots=True)
class RdapAnswer:
    """The answer that came from ``url``, the address after the last redirect."""

    status: int
    content_type: str
    body: bytes
    url: str

    @property
    def host(self) -> str:
        return read_host(self.url)

    @property
    def of_redirector(self) -> bool:
        return self.url.startswith(REDIRECTOR_URL)


class Unanswered(Exception):
    """No answer came that can be read. ``judgement`` is that of an HTTP check."""

    def __init__(self, judgement: Judgement, url: str) -> None:
        super().__init__(judgement.sentence)
        self.judgement = judgement
        self.host = read_host(url)


class Question(HttpTransfer):
    """A GET whose answer is handed over and not judged. Its phases are measured as the check's own."""

    __slots__ = ("answer",)

    def __init__(self, check: Check, url: str, engines: Engines) -> None:
        super().__init__(check, _ASKING, engines)
        self._url = url
        self.answer: Future[RdapAnswer] = Future()

    def prepare(self, easy: Easy) -> None:
        super().prepare(easy)
        easy.keep = True

    def fail(self) -> None:
        self._finish(judge_bug())

    def _read_certificates(self, curl: object) -> None:
        """Does nothing: the registry's certificate is not what the monitor watches."""

    def is_settled(self, easy: Easy) -> bool:
        """Always False: the whole answer is needed."""
        return False

    def _judge_answer(self, easy: Easy, status: int, missing: Judgement | None) -> None:
        if missing is not None and missing is not TOO_LARGE:
            self._finish(missing)
            return
        content_type = (easy.curl.getinfo_raw(pycurl.CONTENT_TYPE) or b"").decode("latin-1")
        body = b"" if easy.capped else b"".join(easy.body)
        if not self.answer.done():
            self.answer.set_result(RdapAnswer(status, content_type, body, self._url))

    def _finish(self, judgement: Judgement) -> None:
        if not self.answer.done():
            self.answer.set_exception(Unanswered(judgement, self._url))


async def ask_registry(check: Check, url: str, *, engines: Engines) -> RdapAnswer:
    """Fetch ``url``. Raises ``Unanswered``. The body of an answer of more than 1 MiB is empty."""
    question = Question(check, url, engines)
    engines.curl.start(question)
    try:
        return await asyncio.wrap_future(question.answer)
    finally:
        engines.curl.stop(question)


def read_host(url: str) -> str:
    return urlsplit(url).hostname or url


class _Bootstrap(msgspec.Struct):
    services: list[tuple[list[str], list[str]]]


class Registries:
    """Which server answers for which domains. Each process reads the list when it is first needed, and again
    after a day."""

    def __init__(self) -> None:
        self._bases: dict[str, str] | None = None
        self._good_until = 0.0
        self._locks: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Lock] = WeakKeyDictionary()

    async def find_base(self, name: str, fetch: Callable[[str], Awaitable[bytes]]) -> str:
        """The base address of the server for ``name``; empty for a TLD that the list does not have. While the
        list cannot be loaded, it is the redirector's. ``fetch`` takes a URL and returns its body, or
        nothing."""
        async with self._locks.setdefault(asyncio.get_running_loop(), asyncio.Lock()):
            if monotonic() >= self._good_until:
                self._good_until = monotonic() + ASK_AGAIN_S  # also for whoever is cancelled meanwhile
                read = read_bootstrap(await fetch(BOOTSTRAP_URL))
                if read:
                    self._bases, self._good_until = read, monotonic() + LIST_HOLDS_S
        if self._bases is None:
            return REDIRECTOR_URL
        labels = name.split(".")
        suffixes = (".".join(labels[start:]) for start in range(len(labels)))  # the longest first
        return next((self._bases[suffix] for suffix in suffixes if suffix in self._bases), "")


registries = Registries()


async def find_base(check: Check, name: str, *, engines: Engines) -> str:
    """The base address of the server for ``name``; empty for a TLD that IANA's list does not have."""

    async def fetch(url: str) -> bytes:
        """Half of the time is the registry's."""
        try:
            async with asyncio.timeout(check.remaining_s() / 2):
                answer = await ask_registry(check, url, engines=engines)
        except (Unanswered, TimeoutError):
            return b""
        return answer.body if answer.status == 200 else b""

    return await registries.find_base(name, fetch)


def read_bootstrap(body: bytes) -> dict[str, str]:
    """The base address by suffix, https where there is a choice. Empty when ``body`` is no such list."""
    try:
        services = structs.read_struct(body.removeprefix(codecs.BOM_UTF8), _Bootstrap).services
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return {}
    bases = {}
    for suffixes, urls in services:
        usable = sorted((url for url in urls if url.startswith(("https://", "http://"))), reverse=True)
        for suffix in suffixes if usable else ():
            bases[suffix.lower()] = usable[0].rstrip("/") + "/"
    return bases
