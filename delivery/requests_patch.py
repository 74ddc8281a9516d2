"""Where the requests of a library that hides them (Apprise, by requests) are bounded, seen and kept.

``HTTPAdapter.send`` is the one place that every such request passes. Within a delivery it has our time limit,
no proxy and no redirect, reads the beginning of the body only, and writes down what came back, which Apprise
keeps to itself. Outside of a delivery it is as it was.

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
from delivery.http import MAX_BODY_BYTES, unpack
from probes.charsets import read_text

# At DEBUG it logs the path of every request, and paths hold tokens.
logging.getLogger("urllib3").setLevel(logging.INFO)


class Enough(requests.RequestException):
    """The receiver asked to be left alone, or is in trouble; the library would ask again at once."""


@cache
def install() -> None:
    """Once a process, for good."""
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
        return read_netrc(url, raise_errors) if current() is None else None  # it is the server's own

    HTTPAdapter.send = send_watched  # type: ignore[assignment,method-assign]  # by name and arguments the same
    sessions["get_netrc_auth"] = read_netrc_outside


def _send(adapter: HTTPAdapter, request: Any, verify: Any, cert: Any, attempt: Attempt, send: Any) -> Any:
    if attempt.answers and (attempt.answers[-1].status == 429 or attempt.answers[-1].status >= 500):
        raise Enough("not asked again in the same attempt")
    if authorization := request.headers.get("Authorization"):
        attempt.secrets.add(str(authorization).rpartition(" ")[2])
    request.headers["Idempotency-Key"] = attempt.key
    request.headers["Accept-Encoding"] = "identity"
    verify = os.environ.get("SSL_CERT_FILE") or verify or True  # always, and as delivery.http
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
        _ = attempt.left_s  # a head that was cut off in the middle reads like a whole one
        body = _read(response)
    finally:
        response.close()
    content_type = response.headers.get("Content-Type", "")
    text = read_text(body, content_type)
    # What asks for the text later reads it as we do: Python takes words for charsets that are none.
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
    return unpack(body, response.headers.get("Content-Encoding", ""))
