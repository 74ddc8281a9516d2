import ssl
from functools import cache

import pytest
import trustme

from delivery.http import trusted
from delivery.send import Courier
from tests.delivery.receivers import lead_to, receive


@pytest.fixture
def make_courier():
    made = []

    def make(**options):
        made.append(Courier(**({"allow_private": True} | options)))
        return made[-1]

    yield make
    for courier in made:
        courier.close()


@pytest.fixture
def courier(make_courier):
    return make_courier()


@pytest.fixture(scope="session")
def authority(tmp_path_factory):
    """The file of an authority of ours, and a server's context that has a certificate for every name."""
    authority = trustme.CA()

    @cache
    def make_context(name):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert(name).configure_cert(context)
        return context

    def answer_as(connection, name, _):
        connection.context = make_context(name)

    context = make_context("any.example")
    context.sni_callback = answer_as
    file = tmp_path_factory.mktemp("authority") / "ca.pem"
    authority.cert_pem.write_to_path(file)
    return file, context


@pytest.fixture
def services(authority, monkeypatch):
    """Real TLS: the name of every service leads here; ``asked`` are the names looked up."""
    file, context = authority
    monkeypatch.setenv("SSL_CERT_FILE", str(file))
    trusted.cache_clear()
    with receive(context=context) as receiver:
        receiver.asked = lead_to(receiver.port, monkeypatch=monkeypatch)
        yield receiver
    trusted.cache_clear()
