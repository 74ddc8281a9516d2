"""Custom domains, proven against a name server of ours."""

import socketserver
import threading

import dns.message
import dns.rrset
import pytest

from core.errors import RuleViolation
from statuspages.domain_checks import verify_pending
from statuspages.models import StatusPage
from statuspages.services import update_page, verify_domain
from tests.statuspages.factories import NOW, make_page

pytestmark = pytest.mark.django_db
DOMAIN = "status.example.com"


class Zone:
    """TXT records by name, and what becomes of a question: answered, or left alone."""

    def __init__(self):
        self.texts, self.silent = {}, False


@pytest.fixture
def zone(settings):
    kept = Zone()

    class Handler(socketserver.BaseRequestHandler):
        def handle(self):
            if kept.silent:
                return
            asked = dns.message.from_wire(self.request[0])
            name = asked.question[0].name.to_text(omit_final_dot=True)
            answer = dns.message.make_response(asked)
            if texts := kept.texts.get(name):
                quoted = [f'"{text}"' for text in texts]
                answer.answer.append(dns.rrset.from_text(f"{name}.", 60, "IN", "TXT", *quoted))
            else:
                answer.set_rcode(3)
            self.request[1].sendto(answer.to_wire(), self.client_address)

    with socketserver.ThreadingUDPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        settings.DNS_SERVER = f"127.0.0.1:{server.server_address[1]}"
        yield kept
        server.shutdown()


def prove(zone, *pages):
    zone.texts[f"_sentrypulse.{DOMAIN}"] = [f"sentrypulse-verification={page.domain_token}" for page in pages]


def test_a_record_with_the_token_proves_the_domain(zone):
    page = make_page(custom_domain=DOMAIN)
    with pytest.raises(RuleViolation, match=r"Found no TXT record _sentrypulse\.status\.example\.com"):
        verify_domain(page, now=NOW)
    prove(zone, page)
    assert verify_domain(page, now=NOW)
    page.refresh_from_db()
    assert (page.verified_domain, page.verified_at) == (DOMAIN, NOW)


def test_another_pages_token_proves_nothing(zone):
    page, other = make_page(custom_domain=DOMAIN), make_page(custom_domain=DOMAIN)
    prove(zone, other)
    with pytest.raises(RuleViolation, match="Found no TXT record"):
        verify_domain(page, now=NOW)


def test_a_domain_goes_to_whom_its_record_names_now(zone):
    first, second = make_page(custom_domain=DOMAIN), make_page(custom_domain=DOMAIN)
    prove(zone, first)
    verify_domain(first, now=NOW)
    prove(zone, first, second)
    with pytest.raises(RuleViolation, match="Another page shows this domain"):
        verify_domain(second, now=NOW)
    prove(zone, second)
    verify_domain(second, now=NOW)
    first.refresh_from_db()
    assert first.verified_domain is None


def test_name_servers_that_do_not_answer_are_told_as_such(zone, monkeypatch):
    monkeypatch.setattr("statuspages.domains.LOOK_UP_S", 0.2)
    page = make_page(custom_domain=DOMAIN)
    zone.silent = True
    with pytest.raises(RuleViolation, match="did not answer"):
        verify_domain(page, now=NOW)


def test_another_domain_must_be_proven_anew(zone):
    page = make_page(custom_domain=DOMAIN)
    prove(zone, page)
    verify_domain(page, now=NOW)
    assert update_page(page, now=NOW, title="Still proven").verified_domain == DOMAIN
    assert update_page(page, now=NOW, custom_domain="other.example.com").verified_domain is None


def test_the_job_proves_what_waits_and_leaves_the_rest(zone):
    page, other = make_page(custom_domain=DOMAIN), make_page(custom_domain="other.example.com")
    make_page()
    prove(zone, page)
    StatusPage.objects.update(updated_at=NOW)
    assert verify_pending(now=NOW) == 1
    other.refresh_from_db()
    assert other.verified_domain is None
    assert verify_pending(now=NOW) == 0
