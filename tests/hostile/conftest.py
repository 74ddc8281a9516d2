import ssl
from pathlib import Path

import pytest
import trustme

from probes.run import Prober


@pytest.fixture(scope="session")
def ca():
    return trustme.CA()


@pytest.fixture(scope="session")
def ca_file(ca, tmp_path_factory) -> str:
    path: Path = tmp_path_factory.mktemp("ca") / "ca.pem"
    ca.cert_pem.write_to_path(str(path))
    return str(path)


@pytest.fixture(scope="session")
def tls_context(ca) -> ssl.SSLContext:
    """A server context whose certificate is right for loopback."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ca.issue_cert("localhost", "127.0.0.1").configure_cert(context)
    return context


@pytest.fixture
def prober(ca_file):
    prober = Prober(allow_private=True, ca_file=ca_file)
    yield prober
    prober.close()


@pytest.fixture
def strict_prober(ca_file):
    """A prober that may not reach private addresses."""
    prober = Prober(allow_private=False, ca_file=ca_file)
    yield prober
    prober.close()
