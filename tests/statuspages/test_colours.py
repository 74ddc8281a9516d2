"""Colours, and the palettes that are made of them, can be read."""

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
