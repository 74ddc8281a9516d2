import json
import time
from datetime import UTC, datetime, timedelta

import pytest

from probes import rdap
from probes.config import check_config, check_target
from probes.config_error import ConfigError
from probes.kinds.domain import judge_expiry
from probes.rdap import Registries, read_bootstrap
from tests.hostile.servers import answer, drip, flood, hang_up, read_request, serve, stay_silent
from tests.probes.specs import make_spec

IN_A_YEAR, SOON, PAST = timedelta(days=365), timedelta(days=9, hours=12), timedelta(days=-3, hours=-12)
RDAP = ("Content-Type: application/rdap+json",)


def in_future(length):
    return (datetime.now(UTC) + length).isoformat()


def domain_body(expires, *, name="shop.example", status=("active",)):
    events = [{"eventAction": "registration", "eventDate": "1995-08-14T04:00:00Z"}]
    if expires is not None:
        date = in_future(expires) if isinstance(expires, timedelta) else expires
        events.append({"eventAction": "expiration", "eventDate": date})
    found = {"objectClassName": "domain", "ldhName": name.upper(), "status": status, "events": events}
    return json.dumps(found).encode()


def tell(expires, **fields):
    return answer(domain_body(expires, **fields), headers=RDAP)


def by_path(answers):
    """Answer by the path that is asked for; what is not among them is a 404 without a body."""

    def behave(connection, stop):
        path = read_request(connection).split(b" ")[1].decode()
        behaviour = answers.get(path, whole(b"", status="404 Not Found"))
        connection.sendall(behaviour) if isinstance(behaviour, bytes) else behaviour(connection, stop)

    return behave


def whole(body, *, status="200 OK", headers=RDAP):
    """An answer to a request that was read already."""
    lines = [f"HTTP/1.1 {status}", *headers, f"Content-Length: {len(body)}", "Connection: close", "", ""]
    return "\r\n".join(lines).encode() + body


def run(prober, server, *, name="shop.example", timeout_s=2.0, **config):
    spec = make_spec("domain", name, timeout_s=timeout_s, rdap_url=server.url, **config)
    return prober.run_one(spec)


def told(result):
    return result.status, result.error_code, result.error


def test_a_domain_that_is_registered_for_long_is_up_and_says_until_when(prober):
    with serve(tell("2999-08-13T04:00:00Z")) as server:
        result = run(prober, server)
    assert told(result) == ("up", "", "")
    assert result.domain_expires_at == datetime(2999, 8, 13, 4, tzinfo=UTC)
    assert (result.address, result.http_status, result.tls_expires_at) == ("127.0.0.1", 200, None)
    assert result.timings.total_ms is not None


def test_the_question_is_that_of_rfc_9082(prober):
    asked = []

    def listen(connection, stop):
        asked.append(read_request(connection).decode())
        connection.sendall(whole(domain_body(IN_A_YEAR, name="xn--mnchen-3ya.example")))

    with serve(listen) as server:
        result = run(prober, server, name=check_target("domain", "München.example"))
    assert result.status == "up"
    assert asked[0].startswith("GET /domain/xn--mnchen-3ya.example HTTP/1.1\r\n")
    assert "\r\nAccept: application/rdap+json, application/json\r\n" in asked[0]


def test_a_domain_that_expires_soon_is_degraded_and_says_when(prober):
    day = f"{datetime.now(UTC) + SOON:%Y-%m-%d}"
    with serve(tell(SOON)) as server:
        result, silent = run(prober, server), run(prober, server, expiry_days=0)
    sentence = f"The domain expires on {day}, in 9 days; expected at least 14 days."
    assert told(result) == ("degraded", "domain_expiring", sentence)
    assert silent.status == "up"


def test_a_domain_that_expired_is_down(prober):
    day = f"{datetime.now(UTC) + PAST:%Y-%m-%d}"
    with serve(tell(PAST)) as server:
        result = run(prober, server)
    assert told(result) == ("down", "domain_expired", f"The domain expired on {day}, 3 days ago.")


def test_a_registry_that_prolonged_it_by_itself_tells_a_lapsed_domain_by_its_status(prober):
    with serve(tell(IN_A_YEAR, status=["Redemption Period"])) as server:
        result = run(prober, server)
    assert told(result) == (
        "down",
        "domain_expired",
        "The domain was not renewed: the registry calls it “redemption period”.",
    )


@pytest.mark.parametrize(
    ("name", "hint"),
    [("shop.example", ""), ("www.shop.example", " If it is a part of shop.example, watch that.")],
)
def test_what_the_registry_does_not_know_is_unregistered(prober, name, hint):
    with serve(by_path({})) as server:
        result = run(prober, server, name=name)
    sentence = f"The registry knows no domain {name}: nobody has registered it.{hint}"
    assert told(result) == ("down", "domain_unregistered", sentence)


@pytest.mark.parametrize(
    ("behave", "sentence"),
    [
        (answer(b"{}", status="429 Slow"), "127.0.0.1 answered 429: it was asked too often."),
        (answer(b"oops", status="500 Oops"), "Expected 200 or 404 from 127.0.0.1, got 500."),
        (answer(b"{}", status="400 Bad"), "Expected 200 or 404 from 127.0.0.1, got 400."),
        (
            answer(b"<h1>?</h1>", status="404 No", headers=("Content-Type: text/html",)),
            "127.0.0.1 answered 404 with a web page, as no RDAP server does.",
        ),
        (answer(b"<html>"), "What 127.0.0.1 answered is not RDAP, or longer than 1 MiB."),
        (answer(b"\xff\xfe{"), "What 127.0.0.1 answered is not RDAP, or longer than 1 MiB."),
        (answer(b'{"a":' * 50_000), "What 127.0.0.1 answered is not RDAP, or longer than 1 MiB."),
        (answer(b'{"events": 7}'), "127.0.0.1 knows the domain, but names no date on which it expires."),
        (answer(b"[]"), "What 127.0.0.1 answered is not RDAP, or longer than 1 MiB."),
        (answer(b"{}"), "127.0.0.1 knows the domain, but names no date on which it expires."),
        (tell(None), "127.0.0.1 knows the domain, but names no date on which it expires."),
        (tell("soon"), "127.0.0.1 knows the domain, but names no date on which it expires."),
        (tell("0001-01-01T00:00:00+14:00"), "127.0.0.1 knows the domain, but names no date on which it "),
        (tell("0001-01-01T00:00:00Z"), "127.0.0.1 knows the domain, but names no date on which it expires."),
        (tell("1900-01-01"), "127.0.0.1 knows the domain, but names no date on which it expires."),
        (tell("1970-01-01T00:00:00Z"), "127.0.0.1 knows the domain, but names no date on which it expires."),
        (tell(PAST, name="other.example"), "127.0.0.1 answered for OTHER.EXAMPLE instead of shop.example."),
        (
            flood(b"HTTP/1.1 200 OK\r\n\r\n", b" " * 65_536),
            "What 127.0.0.1 answered is not RDAP, or longer than 1 MiB.",
        ),
        (
            hang_up,
            "127.0.0.1 could not be asked: The server closed the connection without an answer.",
        ),
    ],
)
def test_what_could_not_be_found_out_is_unknown_and_never_down(prober, behave, sentence):
    with serve(behave) as server:
        result = run(prober, server)
    assert (result.status, result.error_code) == ("unknown", "expiry_unknown")
    assert result.error.startswith(sentence)
    assert result.domain_expires_at is None


@pytest.mark.parametrize("behave", [stay_silent, drip])
def test_a_registry_that_hangs_is_unknown_in_time(prober, behave):
    began = time.perf_counter()
    with serve(behave) as server:
        result = run(prober, server, timeout_s=0.5)
    assert time.perf_counter() - began < 5
    assert told(result) == ("unknown", "expiry_unknown", "No registry answered within 0.5 s.")


def test_a_registry_that_is_away_is_unknown(prober):
    with serve(hang_up) as server:
        pass
    result = run(prober, server)
    sentence = "127.0.0.1 could not be asked: 127.0.0.1 refused the connection; nothing listens on the port."
    assert told(result) == ("unknown", "expiry_unknown", sentence)


def test_redirects_are_followed_and_bounded(prober):
    away = whole(b"", status="302 Found", headers=("Location: /registry/domain/shop.example",))
    with serve(
        by_path({"/domain/shop.example": away, "/registry/domain/shop.example": whole(domain_body(SOON))})
    ) as server:
        assert run(prober, server).error_code == "domain_expiring"
    round_about = whole(b"", status="302 Found", headers=("Location: /domain/shop.example",))
    with serve(by_path({"/domain/shop.example": round_about})) as server:
        result = run(prober, server)
        assert server.served == 6
    assert told(result)[:2] == ("unknown", "expiry_unknown")
    assert "Expected at most 5 redirects, got more" in result.error


@pytest.mark.parametrize("location", ["file:///etc/passwd", "gopher://127.0.0.1/"])
def test_a_redirect_to_anything_but_http_is_not_followed(prober, location):
    with serve(answer(status="302 Found", headers=(f"Location: {location}",))) as server:
        result = run(prober, server)
    assert (result.status, result.error_code) == ("unknown", "expiry_unknown")


def test_a_private_address_is_refused_and_nothing_is_sent(strict_prober):
    with serve(tell(IN_A_YEAR)) as server:
        result = run(strict_prober, server)
        assert server.served == 0
    sentence = (
        "127.0.0.1 could not be asked: "
        "The target leads to a loopback address, which this prober may not reach."
    )
    assert told(result) == ("unknown", "expiry_unknown", sentence)


# ---- which registry ----


@pytest.fixture
def lists(monkeypatch):
    """Let ``server`` be IANA and the redirector; nothing is known from earlier."""

    def use(server):
        monkeypatch.setattr(rdap, "registries", Registries())
        monkeypatch.setattr(rdap, "BOOTSTRAP_URL", f"{server.url}dns.json")
        monkeypatch.setattr(rdap, "REDIRECTOR_URL", f"{server.url}redirector/")

    return use


def list_of(server_port, *suffixes):
    urls = [f"http://127.0.0.1:{server_port}/registry/"]
    return json.dumps({"version": "1.0", "services": [[list(suffixes), urls]]}).encode()


def ask_several(prober, *names):
    specs = [make_spec("domain", name, monitor_id=number) for number, name in enumerate(names)]
    found = {result.monitor_id: result for chunk in prober.run(specs) for result in chunk}
    return [found[number] for number in range(len(names))]


def test_the_registry_is_found_by_ianas_list_which_is_read_once(prober, lists):
    answers = {"/registry/domain/shop.example": whole(domain_body(SOON))}
    with serve(by_path(answers)) as server:
        answers["/dns.json"] = whole(list_of(server.port, "example"))
        lists(server)
        results = ask_several(prober, *["shop.example"] * 8)
        assert server.served == 9
    assert {result.error_code for result in results} == {"domain_expiring"}


def test_a_tld_without_rdap_is_unknown_and_says_what_to_do(prober, lists):
    answers = {}
    with serve(by_path(answers)) as server:
        answers["/dns.json"] = whole(list_of(server.port, "example"))
        lists(server)
        (result,) = ask_several(prober, "shop.test")
    sentence = "IANA lists no RDAP server for .test; if you know one, set rdap_url."
    assert told(result) == ("unknown", "expiry_unknown", sentence)


@pytest.mark.parametrize("broken", [whole(b"", status="503 Away"), whole(b"<html>"), b""])
def test_without_ianas_list_the_redirector_is_asked(prober, lists, broken):
    location = ("Location: /registry/domain/shop.example",)
    answers = {
        "/dns.json": broken,
        "/redirector/domain/shop.example": whole(b"", status="302 Found", headers=location),
        "/registry/domain/shop.example": whole(domain_body(SOON)),
    }
    with serve(by_path(answers)) as server:
        lists(server)
        known, unlisted = ask_several(prober, "shop.example", "shop.test")
    assert known.error_code == "domain_expiring"
    # A redirector's own 404 is about the TLD.
    sentence = "127.0.0.1 knows no RDAP server for .test."
    assert told(unlisted) == ("unknown", "expiry_unknown", sentence)


def test_a_list_that_hangs_leaves_time_for_the_redirector(prober, lists):
    answers = {"/dns.json": stay_silent, "/redirector/domain/shop.example": whole(domain_body(SOON))}
    with serve(by_path(answers)) as server:
        lists(server)
        result = prober.run_one(make_spec("domain", "shop.example", timeout_s=1.0))
    assert result.error_code == "domain_expiring"


def test_the_list_is_read_by_the_longest_suffix_and_https_first():
    services = [
        [["example", "TEST"], ["http://a.test/v1", "https://a.test/v1"]],
        [["co.example"], ["https://b.test/"]],
        [["none"], ["ldap://c.test/"]],
    ]
    bases = read_bootstrap(json.dumps({"services": services}).encode())
    a, b = "https://a.test/v1/", "https://b.test/"
    assert bases == {"example": a, "test": a, "co.example": b}
    assert read_bootstrap(b'{"services": [["example"]]}') == {}


# ---- pure ----

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("left", "code", "words"),
    [
        (timedelta(days=14), None, ""),
        (timedelta(days=14) - timedelta(seconds=1), "domain_expiring", "on 2026-03-15, in 13 days;"),
        (timedelta(days=1, hours=3), "domain_expiring", "on 2026-03-02, in 1 day;"),
        (timedelta(seconds=1), "domain_expiring", "on 2026-03-01, in 0 days;"),
        (timedelta(0), "domain_expired", "on 2026-03-01, 0 days ago."),
        (timedelta(days=-1), "domain_expired", "on 2026-02-28, 1 day ago."),
    ],
)
def test_what_is_left_decides(left, code, words):
    verdict = judge_expiry(NOON + left, lapsed="", expiry_days=14, now=NOON)
    assert verdict.code == code
    assert words in verdict.sentence


@pytest.mark.parametrize(
    ("target", "stored"),
    [(" Example.COM. ", "example.com"), ("münchen.de", "xn--mnchen-3ya.de"), ("a.co.uk", "a.co.uk")],
)
def test_a_target_is_a_domain_in_one_spelling(target, stored):
    assert check_target("domain", target) == stored


@pytest.mark.parametrize("target", ["", "com", "https://example.com", "example.com/x", "192.0.2.1", "::1"])
def test_what_nobody_can_register_is_refused(target):
    with pytest.raises(ConfigError) as refused:
        check_target("domain", target)
    assert list(refused.value.errors) == ["url"]


def test_the_servers_address_is_completed_and_judged():
    assert check_config("domain", {}) == {"expiry_days": 14, "rdap_url": ""}
    config = check_config("domain", {"rdap_url": "https://RDAP.example/v1"})
    assert config["rdap_url"] == "https://rdap.example/v1/"
    assert check_config("domain", config) == config
    for url in ("rdap.example", "ftp://rdap.example", "https://rdap.example/?x=1"):
        with pytest.raises(ConfigError) as refused:
            check_config("domain", {"rdap_url": url})
        assert list(refused.value.errors) == ["rdap_url"]


BOM = b"\xef\xbb\xbf"


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("shop.example", BOM + domain_body(SOON)),
        ("shop.example", domain_body(SOON).decode().encode("utf-16")),
        ("shop.example", b'{"remarks": "Gr\xfc\xdfe\n\\ud800", ' + domain_body(SOON)[1:]),
        ("shop.example", BOM + domain_body(SOON, status=("x" * 200_000,))),
        ("shop.example", domain_body("2035-01-01t00:00:00z")),
        ("shop.example", domain_body("2035-01-01 00:00:00 UTC")),
        ("shop.example", domain_body("2035-01-01T00:00:00.1234567Z")),
        ("shop.example", json.dumps({"ldhName": None, "status": None, "events": [
            None, {"eventAction": None},
            {"eventAction": "Expiration", "eventDate": "2035-01-01T00:00:00Z"}]}).encode()),
        ("xn--strae-oqa.de", json.dumps({"ldhName": "straße.de", "events": [
            {"eventAction": "expiration", "eventDate": "2035-01-01T00:00:00Z"}]}).encode()),
        ("xn--strae-oqa.de", json.dumps({"unicodeName": "straße.de", "events": [
            {"eventAction": "expiration", "eventDate": "2035-01-01T00:00:00Z"}]}).encode()),
        ("shop.example", domain_body(SOON, name="shop.example.")),
        *(("shop.example", json.dumps({"events": [
            {"eventAction": "expiration", "eventDate": "2035-01-01T00:00:00Z"},
            {"eventAction": "expiration", "eventDate": other}]}).encode())
          for other in ("soon", None, "0001-01-01T00:00:00Z", "1970-01-01T00:00:00Z")),
    ],
)  # fmt: skip
def test_what_registries_write_is_read(prober, name, body):
    with serve(answer(body, headers=RDAP)) as server:
        result = run(prober, server, name=name, expiry_days=1)
    assert told(result) == ("up", "", "")
    assert result.domain_expires_at is not None


@pytest.mark.parametrize("status", ["pendingDelete", "pending delete", "Pending_Delete", "redemptionPeriod"])
def test_epps_spelling_of_a_lapsed_domain_is_read(prober, status):
    with serve(tell(IN_A_YEAR, status=(status,))) as server:
        result = run(prober, server)
    assert (result.status, result.error_code) == ("down", "domain_expired")


def test_one_status_that_is_no_list_is_read(prober):
    with serve(tell(IN_A_YEAR, status="pendingDelete")) as server:
        assert run(prober, server).error_code == "domain_expired"
