"""Colours, and the palettes that are made of them, can be read."""

import math
from itertools import combinations
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from statuspages.colours import contrast_of, make_readable, parse_colour, spell_colour, text_on
from statuspages.models import Theme
from statuspages.rendering.palette import DARK, LIGHT, STATES, make_palette, spell_palette

COLOURS = st.tuples(*[st.integers(0, 255)] * 3).map(spell_colour)


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


# As the app's colours are tested, frontend/src/styles/tokens.test.ts

# Machado, Oliveira, Fernandes 2009, severity 1, on linear RGB.
SIGHTS = {
    "normal": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    "protan": (
        (0.152286, 1.052583, -0.204868),
        (0.114503, 0.786281, 0.099216),
        (-0.003882, -0.048116, 1.051998),
    ),
    "deutan": (
        (0.367322, 0.860646, -0.227968),
        (0.280085, 0.672501, 0.047413),
        (-0.01182, 0.04294, 0.968881),
    ),
    "tritan": (
        (1.255528, -0.076749, -0.178779),
        (-0.078411, 0.930809, 0.147602),
        (0.004733, 0.691367, 0.3039),
    ),
}
# Björn Ottosson's OKLab.
TO_LMS = (
    (0.4122214708, 0.5363325363, 0.0514459929),
    (0.2119034982, 0.6806995451, 0.1073969566),
    (0.0883024619, 0.2817188376, 0.6299787005),
)
TO_LAB = (
    (0.2104542553, 0.793617785, -0.0040720468),
    (1.9779984951, -2.428592205, 0.4505937099),
    (0.0259040371, 0.7827717662, -0.808675766),
)


def times(matrix, vector):
    return [sum(a * b for a, b in zip(row, vector, strict=True)) for row in matrix]


def seen_by(sight, colour):
    """The colour in OKLab, of which a hundredth is the unit."""
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in (n / 255 for n in colour)]
    lms = times(TO_LMS, [min(1, max(0, one)) for one in times(SIGHTS[sight], linear)])
    return [100 * one for one in times(TO_LAB, [one ** (1 / 3) for one in lms])]


@pytest.mark.parametrize("sight", SIGHTS)
@pytest.mark.parametrize("base", [LIGHT, DARK], ids=["light", "dark"])
def test_every_kind_of_sight_tells_the_bars_apart(base, sight):
    """A partial outage's bar is in two parts, of two of these colours."""
    apart = [state for state in STATES if state != "partial"]
    seen = {state: seen_by(sight, parse_colour(base[f"bar-{state}"])) for state in apart}
    for one, other in combinations(apart, 2):
        assert math.dist(seen[one], seen[other]) >= 10, (one, other)


def test_states_have_the_colours_that_the_app_gives_them():
    css = (Path(__file__).parents[2] / "frontend/src/styles/tokens.css").read_text()
    tokens = {"operational": "up", "degraded": "degraded", "outage": "down", "maintenance": "maintenance"}
    for state, token in tokens.items():
        for name, own in ((token, state), (f"{token}-area", f"bar-{state}")):
            assert f"--{name}: light-dark({LIGHT[own]}, {DARK[own]});" in css, own
    assert f"--quiet-area: light-dark({LIGHT['bar-unknown']}, {DARK['bar-unknown']});" in css


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
