"""Readable colours: contrast by WCAG 2.2 (success criterion 1.4.3). Pure."""

import re
from functools import lru_cache

SHAPE = re.compile(r"#[0-9a-f]{6}", re.ASCII)
AA = 4.5
"""The least contrast between a text and its background."""
STEPS = 50

Rgb = tuple[int, int, int]


def parse_colour(text: str) -> Rgb:
    """``#rrggbb`` as three numbers from 0 to 255. Raises ``ValueError`` with a sentence for the user."""
    if not SHAPE.fullmatch(text.lower()):
        raise ValueError("Write a colour as # and six hexadecimal digits, such as #0b7285.")
    return int(text[1:3], 16), int(text[3:5], 16), int(text[5:7], 16)


def spell_colour(colour: Rgb) -> str:
    return "#{:02x}{:02x}{:02x}".format(*colour)


def contrast_of(one: Rgb, other: Rgb) -> float:
    """The contrast of two colours: from 1 (the same colour) to 21 (black and white)."""
    dark, light = sorted((_luminance(one), _luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour: Rgb) -> float:
    red, green, blue = (
        c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in (n / 255 for n in colour)
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@lru_cache(maxsize=256)
def make_readable(text: str, background: str, *, least: float = AA) -> str:
    """``text`` as a colour with a contrast of ``least`` or more on ``background``: the colour itself, or the
    colour mixed with black or white. Raises ``ValueError`` for what is no colour."""
    wanted, behind = parse_colour(text), parse_colour(background)
    white, black = (255, 255, 255), (0, 0, 0)
    end = white if contrast_of(white, behind) > contrast_of(black, behind) else black
    for step in range(STEPS + 1):
        mixed = _mix(wanted, end, step / STEPS)
        if contrast_of(mixed, behind) >= least:
            return spell_colour(mixed)
    return spell_colour(end)


def text_on(background: str) -> str:
    """Black or white, whichever has more contrast with ``background``. The better one always has 4.58 or
    more."""
    behind = parse_colour(background)
    return "#ffffff" if contrast_of((255, 255, 255), behind) >= contrast_of((0, 0, 0), behind) else "#000000"


def mix(one: str, other: str, share: float) -> str:
    """``one`` mixed with ``other``. ``share`` is the part of ``other``, from 0 to 1."""
    return spell_colour(_mix(parse_colour(one), parse_colour(other), share))


def _mix(one: Rgb, other: Rgb, share: float) -> Rgb:
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(one, other, strict=True))
    return red, green, blue
