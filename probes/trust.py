"""Which certificates we trust: as libcurl does, whatever the defaults of this version of Python are."""

import os
import ssl
from pathlib import Path

_CA_CANDIDATES = (
    "/etc/ssl/certs/ca-certificates.crt",  # Debian, Alpine
    "/etc/pki/tls/certs/ca-bundle.crt",  # Amazon Linux, Fedora
    "/etc/ssl/ca-bundle.pem",  # SUSE
    "/etc/ssl/cert.pem",  # macOS, BSD
)


def find_ca_file() -> str:
    """The file of the system's certificate authorities; empty when none is found. The libcurl of pycurl's
    wheel knows none."""
    paths = ssl.get_default_verify_paths()
    for candidate in (os.environ.get("SSL_CERT_FILE"), paths.cafile, *_CA_CANDIDATES):
        if candidate and Path(candidate).is_file():
            return candidate
    return ""


def trust_as_libcurl(context: ssl.SSLContext) -> ssl.SSLContext:
    """Let a chain end in any certificate that is trusted, and accept authorities that lack what RFC 5280 asks
    of them. Python 3.13 refuses these by default (``VERIFY_X509_STRICT``); browsers accept them."""
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    return context
