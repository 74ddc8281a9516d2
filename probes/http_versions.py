"""Which version of HTTP was used, and which can be used."""

from functools import lru_cache
from typing import Any

import pycurl

_SHOWN_VERSIONS = {
    pycurl.CURL_HTTP_VERSION_1_0: "1.0",
    pycurl.CURL_HTTP_VERSION_1_1: "1.1",
    pycurl.CURL_HTTP_VERSION_2_0: "2",
    pycurl.CURL_HTTP_VERSION_3: "3",
}


@lru_cache(maxsize=1)
def has_http3() -> bool:
    return bool(pycurl.version_info()[4] & pycurl.VERSION_HTTP3)


def read_version(curl: Any) -> str:
    """The HTTP version of the last exchange, as people write it; empty when there was no exchange."""
    return _SHOWN_VERSIONS.get(curl.getinfo(pycurl.INFO_HTTP_VERSION), "")
