"""One HTTP request, bounded in time and size, over a connection of its own."""

import logging
import ssl
from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING

from delivery.attempt import Attempt, HttpAnswer
from probes.charsets import read_text
from probes.trust import trust_as_libcurl
from probes.unpacking import make_unpacker

if TYPE_CHECKING:
    import httpx

MAX_BODY_BYTES = 65_536
USER_AGENT = "SentryPulse"

# Both log the address of every request, and addresses hold tokens.
logging.getLogger("httpx").setLevel(logging.WARNING)
logging.getLogger("httpcore").setLevel(logging.WARNING)


@cache
def trusted() -> ssl.SSLContext:
    """The certificates that we trust. Reading them takes 20 ms, so it is done once. SSL_CERT_FILE adds the
    operator's own."""
    import httpx

    context = httpx.create_ssl_context()
    context.load_default_certs()
    return trust_as_libcurl(context)


def send_request(
    method: str, url: str, *, content: bytes, headers: Mapping[str, str], attempt: Attempt
) -> HttpAnswer:
    """Send one request and read the beginning of the answer (``MAX_BODY_BYTES``). Redirects are not followed.

    Raises ``httpx.HTTPError``, ``httpx.InvalidURL`` and ``OSError``. A body that breaks off or does not end
    is cut: the status came before it and counts.
    """
    import httpx  # here, because the core imports kinds for their forms, and never sends

    sent = {"User-Agent": USER_AGENT, "Accept-Encoding": "identity", **headers}
    with (
        httpx.Client(verify=trusted(), trust_env=False, timeout=attempt.left_s) as client,
        client.stream(method, url, content=content, headers=sent) as response,
    ):
        return HttpAnswer(
            status=response.status_code,
            headers=dict(response.headers),
            text=read_text(_read(response), response.headers.get("content-type", "")),
        )


def _read(response: "httpx.Response") -> bytes:
    import httpx

    body = b""
    try:
        for chunk in response.iter_raw(8_192):
            body += chunk
            if len(body) >= MAX_BODY_BYTES:
                break
    except (httpx.HTTPError, OSError):
        pass
    return decompress(body, response.headers.get("content-encoding", ""))


def decompress(body: bytes, encodings: str) -> bytes:
    """The first ``MAX_BODY_BYTES`` of a body, unpacked if the receiver compressed it although we did not ask
    for that."""
    unpacker = make_unpacker(encodings)
    if unpacker is not None:
        body = unpacker.feed(body, MAX_BODY_BYTES)
    return body[:MAX_BODY_BYTES]
