"""One HTTP request of ours, bounded in time and size, over a connection of its own."""

import logging
import ssl
from collections.abc import Mapping
from functools import cache

import httpx

from delivery.attempt import Answer, Attempt

MAX_BODY_BYTES = 65_536
USER_AGENT = "SentryPulse"

# They log the address of every request, and addresses hold tokens.
logging.getLogger("httpx").setLevel(logging.WARNING)
logging.getLogger("httpcore").setLevel(logging.WARNING)


@cache
def trusted() -> ssl.SSLContext:
    """The certificates we trust; reading them takes 20 ms, so once. SSL_CERT_FILE adds an operator's own."""
    context = httpx.create_ssl_context()
    context.load_default_certs()
    return context


def ask(method: str, url: str, *, content: bytes, headers: Mapping[str, str], attempt: Attempt) -> Answer:
    """Send one request and read the beginning of the answer. Redirects are not followed.

    Raises ``httpx.HTTPError``, ``httpx.InvalidURL`` and ``OSError``. A body that does not end changes nothing
    about the status that came before it.
    """
    sent = {"User-Agent": USER_AGENT, "Accept-Encoding": "identity", **headers}
    with (
        httpx.Client(verify=trusted(), trust_env=False, timeout=attempt.left_s) as client,
        client.stream(method, url, content=content, headers=sent) as response,
    ):
        return Answer(
            status=response.status_code,
            headers=dict(response.headers),
            text=_read(response),
        )


def _read(response: httpx.Response) -> str:
    if response.headers.get("content-encoding", "identity").lower() != "identity":
        return ""  # not asked for; unpacking it could take any amount of memory
    body = b""
    try:
        for chunk in response.iter_raw(8_192):
            body += chunk
            if len(body) >= MAX_BODY_BYTES:
                break
    except (httpx.HTTPError, OSError):
        pass
    return body[:MAX_BODY_BYTES].decode(response.charset_encoding or "utf-8", "replace")
