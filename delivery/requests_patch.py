"""Limits and records the requests of a library that hides them (Apprise, which uses requests).

Every such request passes ``HTTPAdapter.send``. Within a delivery, that gets our time limit, uses no proxy,
follows no redirect and reads only the beginning of the body. It also records the answer, which Apprise keeps
to itself. Outside of a delivery it works as before.

Written for requests 2.34 (``core.library_checks``): replaces ``HTTPAdapter.send`` (``requests/adapters.py``)
and ``requests.sessions.get_netrc_auth`` (https://github.com/psf/requests/issues/2773: nothing switches it off
alone), and writes ``Response._content`` and ``_content_consumed``.
"""

import logging
import os
from functools import cache
from typing import Any

import requests
import requests.sessions
from requests.adapters import HTTPAdapter

from delivery.attempt import Attempt, HttpAnswer
from delivery.egress_guard import current
from delivery.http import MAX_BODY_BYTES, decompress
from probes.charsets import read_text

# At DEBUG it logs the path of every request, and paths hold tokens.
logging.getLogger("urllib3").setLevel(logging.INFO)


class Enough(requests.RequestException):
    """The receiver asked us to wait, or is in trouble; the library would ask again at once."""


@cache
def patch_requests() -> None:
    """Replace both functions, once a process and for good."""
    sessions = vars(requests.sessions)
    send, read_netrc = HTTPAdapter.send, sessions["get_netrc_auth"]

    def send_watched(
        adapter: HTTPAdapter,
        request: requests.PreparedRequest,
        stream: bool = False,
        timeout: Any = None,
        verify: Any = True,
        cert: Any = None,
        proxies: Any = None,
    ) -> Any:
        attempt = current()
        if attempt is None:
            return send(adapter, request, stream, timeout, verify, cert, proxies)
        try:
            return _send(adapter, request, verify, cert, attempt, send)
        except Exception as fault:
            attempt.faults.append(fault)
            raise

    def read_netrc_outside(url: str, raise_errors: bool = False) -> Any:
        return (
            read_netrc(url, raise_errors) if current() is None else None
        )  # the file is the server's, not the user's

    HTTPAdapter.send = send_watched  # type: ignore[assignment,method-assign]  # the same name and arguments
    sessions["get_netrc_auth"] = read_netrc_outside


def _send(adapter: HTTPAdapter, request: Any, verify: Any, cert: Any, attempt: Attempt, send: Any) -> Any:
    if attempt.answers and (attempt.answers[-1].status == 429 or attempt.answers[-1].status >= 500):
        raise Enough("not asked again in the same attempt")
    if authorization := request.headers.get("Authorization"):
        attempt.secrets.add(str(authorization).rpartition(" ")[2])
    request.headers["Idempotency-Key"] = attempt.key
    request.headers["Accept-Encoding"] = "identity"
    verify = (
        os.environ.get("SSL_CERT_FILE") or verify or True
    )  # certificates are always verified, as in delivery.http
    response = send(
        adapter,
        request,
        stream=True,
        timeout=attempt.left_s,
        verify=verify,
        cert=cert,
        proxies={},
    )
    try:
        _ = attempt.left_s  # raises if the time is over: a head that was cut off looks like a whole one
        body = _read(response)
    finally:
        response.close()
    content_type = response.headers.get("Content-Type", "")
    text = read_text(body, content_type)
    # Apprise reads the text later. It must get what we read: Python accepts words that are no charsets.
    response._content, response._content_consumed, response.encoding = text.encode(), True, "utf-8"
    attempt.answers.append(
        HttpAnswer(
            status=response.status_code,
            headers={name.lower(): value for name, value in response.headers.items()},
            text=text,
        )
    )
    response.headers.pop("Location", None)  # so that requests does not follow it
    return response


def _read(response: Any) -> bytes:
    body = b""
    try:
        while len(body) < MAX_BODY_BYTES and (chunk := response.raw.read1(8_192, decode_content=False)):
            body += chunk
    except Exception:  # noqa: BLE001, S110  # the status came; a body that breaks off changes nothing about it
        pass
    return decompress(body, response.headers.get("Content-Encoding", ""))
