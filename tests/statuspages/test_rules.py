"""Slugs, colours, pictures, domains and standings: the rules without a database."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitors.transitions import State
from statuspages.colours import contrast_of, make_readable, parse_colour, spell_colour, text_on
from statuspages.component_status import grade_day, stand_component, stand_page
from statuspages.domains import find_domain_fault, fold_domain
from statuspages.logos import MAX_BYTES, find_media_type, find_picture_fault
from statuspages.models import Theme
from statuspages.rendering.palette import DARK, LIGHT, STATES, make_palette, spell_palette
from statuspages.slugs import RESERVED, find_slug_fault
from tests.statuspages.factories import HOSTILE

UP, DOWN, DEGRADED, PENDING, NO_DATA = State.UP, State.DOWN, State.DEGRADED, State.PENDING, State.NO_DATA
PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + b"\0" * 40
COLOURS = st.tuples(*[st.integers(0, 255)] * 3).map(spell_colour)


@pytest.mark.parametrize("slug", ["acme", "a1b", "acme-shop", "0-9", "x" * 63])
def test_a_slug_of_small_letters_digits_and_hyphens_is_taken(slug):
    assert find_slug_fault(slug) is None


@pytest.mark.parametrize(
    "slug",
    ["", "ab", "-acme", "acme-", "Acme", "ac me", "acmé", "a/b", "..", "a.b", "x" * 64, "acme\n", *HOSTILE],
)
def test_any_other_slug_is_refused_with_an_example(slug):
    assert "acme-shop" in (find_slug_fault(slug) or "")


@pytest.mark.parametrize("slug", sorted(RESERVED))
def test_a_word_that_we_need_ourselves_names_no_page(slug):
    assert find_slug_fault(slug)


@given(accent=COLOURS, base=st.sampled_from([LIGHT, DARK]))
def test_whatever_the_accent_is_texts_in_it_and_on_it_can_be_read(accent, base):
    palette = make_palette(base, accent, "operational")
    for behind in ("bg", "card"):
        assert contrast_of(parse_colour(palette["accent"]), parse_colour(palette[behind])) >= 4.5
    assert contrast_of(parse_colour(palette["button-ink"]), parse_colour(palette["button"])) >= 4.5


@pytest.mark.parametrize("base", [LIGHT, DARK], ids=["light", "dark"])
def test_every_text_of_the_palette_can_be_read_and_every_bar_be_seen(base):
    for name in ("ink", "soft", *STATES):
        for behind in ("bg", "card"):
            assert contrast_of(parse_colour(base[name]), parse_colour(base[behind])) >= 4.5, (name, behind)
    for state in STATES[:-1]:  # what has no data is meant to recede
        assert contrast_of(parse_colour(base[f"bar-{state}"]), parse_colour(base["card"])) >= 3, state
    for state in STATES:
        tint = parse_colour(make_palette(base, "#0b7285", state)["tint"])
        for name in ("ink", "soft", state):
            assert contrast_of(parse_colour(base[name]), tint) >= 4.5, (state, name)
    assert contrast_of(parse_colour(base["card"]), parse_colour(base["degraded"])) >= 4.5  # the stale banner


def test_black_on_white_has_the_contrast_that_wcag_says():
    assert contrast_of((0, 0, 0), (255, 255, 255)) == pytest.approx(21)
    assert contrast_of(parse_colour("#767676"), (255, 255, 255)) == pytest.approx(4.54, abs=0.01)


def test_a_colour_that_can_be_read_stays_as_it_is():
    assert make_readable("#0b5fff", "#ffffff") == "#0b5fff"
    assert make_readable("#ffff00", "#ffffff") != "#ffff00"
    assert text_on("#ffff00") == "#000000"


@pytest.mark.parametrize("text", ["red", "#fff", "#12345g", "#1234567", "", "#0b7285;}body{"])
def test_anything_but_six_digits_is_no_colour(text):
    with pytest.raises(ValueError, match="#0b7285"):
        parse_colour(text)


def test_a_theme_is_one_palette_and_auto_is_both():
    assert "prefers-color-scheme" in spell_palette("#0b7285", Theme.AUTO)
    assert "color-scheme:dark" in spell_palette("#0b7285", Theme.DARK)
    assert "prefers-color-scheme" not in spell_palette("#0b7285", Theme.DARK)


@pytest.mark.parametrize(
    ("data", "media_type"),
    [
        (PNG, "image/png"),
        (b"\xff\xd8\xff\xe0" + b"\0" * 20 + b"\xff\xd9", "image/jpeg"),
        (b"RIFF\x24\0\0\0WEBPVP8 ", "image/webp"),
    ],
)
def test_a_picture_is_what_its_first_bytes_say(data, media_type):
    assert find_media_type(data) == media_type
    assert find_picture_fault(data) is None


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>",
        b"GIF89a",
        b"\x89PNG",
        b"%PDF-1.7",
        PNG * 3000,
    ],
)
def test_what_is_none_of_these_or_too_big_is_refused(data):
    assert find_picture_fault(data)
    assert len(PNG * 3000) > MAX_BYTES


OWN = ["sentry.example.net", "127.0.0.1"]


@pytest.mark.parametrize(
    "domain", ["status.example.com", "a.co", "x-1.example.org", "status.xn--bcher-kva.example"]
)
def test_a_host_name_may_be_asked_for(domain):
    assert find_domain_fault(domain, own_hosts=OWN) is None


@pytest.mark.parametrize(
    "domain",
    [
        "localhost",
        "127.0.0.1",
        "[::1]",
        "https://x.example",
        "x.example/",
        "x.example:80",
        "*.example.com",
        "-a.example",
        "a..b",
        "sentry.example.net",
        "evil.sentry.example.net",
        "a" * 64 + ".example",
        "x.1",
    ],
)
def test_anything_else_and_our_own_names_are_refused(domain):
    assert find_domain_fault(domain, own_hosts=OWN)


def test_a_domain_is_compared_in_small_ascii_letters():
    assert fold_domain(" Status.BÜCHER.example. ") == "status.xn--bcher-kva.example"


@pytest.mark.parametrize(
    ("monitors", "severities", "state"),
    [
        ([], [], "unknown"),
        ([(None, False)], [], "unknown"),  # paused
        ([(PENDING, False)], [], "unknown"),
        ([(UP, False), (PENDING, False)], [], "operational"),
        ([(UP, False), (DEGRADED, False)], [], "degraded"),
        ([(UP, False), (DOWN, False)], [], "partial"),
        ([(DOWN, False), (DOWN, False)], [], "outage"),
        ([(DOWN, False), (None, False)], [], "outage"),
        ([(NO_DATA, False)], [], "no_data"),
        ([(UP, False), (NO_DATA, False)], [], "no_data"),  # nobody can call that operational
        ([(NO_DATA, False), (UP, True)], [], "no_data"),
        ([(NO_DATA, True)], [], "maintenance"),
        ([(NO_DATA, False), (DEGRADED, False)], [], "degraded"),
        ([(NO_DATA, False), (DOWN, False)], [], "partial"),
        ([(NO_DATA, False)], ["minor"], "degraded"),
        ([(DOWN, True)], [], "maintenance"),  # planned trouble is none
        ([(DOWN, True), (UP, False)], [], "maintenance"),
        ([(DOWN, True), (DOWN, False)], [], "partial"),
        ([(UP, False)], ["minor"], "degraded"),
        ([(UP, False)], ["minor", "critical"], "outage"),
        ([(DOWN, False)], ["minor"], "outage"),
    ],
)
def test_a_component_stands_as_its_monitors_and_its_incidents_say(monitors, severities, state):
    assert stand_component(monitors, severities) == state


@pytest.mark.parametrize(
    ("components", "severities", "state"),
    [
        ([], [], "unknown"),
        (["operational", "unknown"], [], "operational"),
        (["operational", "no_data"], [], "no_data"),
        (["no_data", "no_data", "unknown"], [], "no_data"),
        (["maintenance", "no_data"], [], "no_data"),
        (["operational", "maintenance"], [], "maintenance"),
        (["operational", "outage"], [], "partial"),
        (["outage", "outage"], [], "outage"),
        (["operational"], ["critical"], "outage"),
        (["degraded", "maintenance"], [], "degraded"),
    ],
)
def test_a_page_is_out_only_when_nothing_works(components, severities, state):
    assert stand_page(components, severities) == state


@pytest.mark.parametrize(
    ("uptime", "serviced", "grade"),
    [
        (1.0, False, "operational"),
        (0.999999, False, "degraded"),
        (0.99, False, "degraded"),
        (0.98, False, "partial"),
        (0.5, False, "outage"),
        (None, True, "maintenance"),
        (None, False, "unknown"),
    ],
)
def test_a_day_is_graded_by_its_uptime(uptime, serviced, grade):
    assert grade_day(uptime, serviced=serviced) == grade
