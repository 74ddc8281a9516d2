"""Which slugs may a page have? Pure."""

import re

SHAPE = re.compile(r"[a-z0-9](?:[a-z0-9-]{1,61}[a-z0-9])", re.ASCII)
RESERVED = frozenset(
    """
    about account accounts admin api app apps assets auth badge badges billing blog collect confirm contact
    dashboard demo docs embed favicon feed feeds health help history home index info js login logout mail
    media metrics monitor monitors new page pages ping plans press pricing privacy robots root rss schema
    security sentrypulse settings shop signin signup sites sitemap static status statuspage subscribe support
    system team teams terms test unsubscribe user users webhook webhooks well-known www
    """.split()  # noqa: SIM905  # easier to read
)
"""Words for paths that we or a proxy may serve one day, and words with which a stranger could pose as us."""


def find_slug_fault(slug: str) -> str | None:
    """What is wrong with the slug, as a sentence for the user; None for a slug that may be used."""
    if not SHAPE.fullmatch(slug):
        return (
            "A slug is 3 to 63 small letters, digits and hyphens, such as acme-shop;"
            " it begins and ends with a letter or digit."
        )
    if slug in RESERVED:
        return f"The slug {slug!r} is reserved; choose another one, such as {slug}-status."
    return None
