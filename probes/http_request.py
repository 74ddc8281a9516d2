"""What an HTTP check sends: its options on a libcurl handle, for one exchange."""

from typing import Any

import pycurl

from probes.config_fields import BasicAuth
from probes.credentials import USER_AGENT, list_headers
from probes.http_config import HttpConfig
from probes.unpacking import ACCEPTED

_VERSIONS = {
    "any": pycurl.CURL_HTTP_VERSION_2TLS,
    "1.1": pycurl.CURL_HTTP_VERSION_1_1,
    "2": pycurl.CURL_HTTP_VERSION_2TLS,
    "3": pycurl.CURL_HTTP_VERSION_3ONLY,
}
_FAMILIES = {"any": pycurl.IPRESOLVE_WHATEVER, "4": pycurl.IPRESOLVE_V4, "6": pycurl.IPRESOLVE_V6}
_SAYS_ITS_LENGTH = ("POST", "PUT", "PATCH")


def set_request(
    curl: Any, config: HttpConfig, *, method: str, body: str, secure: bool, at_home: bool
) -> None:
    """Set the request's options. ``secure``: the URL is https. ``at_home``: the request goes to the origin
    that the credentials are for."""
    option = curl.setopt
    option(pycurl.IPRESOLVE, _FAMILIES[config.ip_family])
    version = _VERSIONS[config.http_version]
    if config.http_version == "2" and not secure:
        version = pycurl.CURL_HTTP_VERSION_2_PRIOR_KNOWLEDGE
    option(pycurl.HTTP_VERSION, version)
    option(pycurl.SSL_VERIFYPEER, int(config.verify_tls))
    option(pycurl.SSL_VERIFYHOST, 2 if config.verify_tls else 0)
    option(pycurl.USERAGENT, USER_AGENT)
    if body or method in _SAYS_ITS_LENGTH:
        option(pycurl.POSTFIELDS, body.encode())  # without a body: Content-Length: 0 (RFC 9110, 8.6)
    if method == "HEAD":
        option(pycurl.NOBODY, 1)
    elif method != "GET" or body:
        option(pycurl.CUSTOMREQUEST, method)
    headers = list_headers(config, at_home=at_home)
    cookie = next((headers.pop(name) for name in list(headers) if name.lower() == "cookie"), "")
    if cookie:
        option(pycurl.COOKIE, cookie.encode())  # one header for these and for those that were set on the way
    given = {name.lower() for name in headers}
    if "accept-encoding" not in given:
        headers["Accept-Encoding"] = ACCEPTED
    if body and "content-type" not in given:
        headers["Content-Type"] = _guess_content_type(body)
    # "Name;" is libcurl's spelling of a header with an empty value, "Name:" of one that it must not send.
    lines = [(f"{name}: {value}" if value else f"{name};").encode() for name, value in headers.items()]
    if not body and method in _SAYS_ITS_LENGTH and "content-type" not in given:
        lines.append(b"Content-Type:")
    option(pycurl.HTTPHEADER, lines)
    if at_home and isinstance(config.auth, BasicAuth):
        option(pycurl.HTTPAUTH, pycurl.HTTPAUTH_BASIC)
        option(pycurl.USERNAME, config.auth.username.encode())
        option(pycurl.PASSWORD, config.auth.password.encode())


def _guess_content_type(body: str) -> str:
    return "application/json" if body.lstrip()[:1] in ("{", "[") else "text/plain; charset=utf-8"
