"""A file of a page, as it is served and published."""

from dataclasses import dataclass

MAX_AGE_S, WHILE_REVALIDATE_S, IF_ERROR_S = 10, 60, 7 * 86_400
CACHE_CONTROL = (
    f"public, max-age={MAX_AGE_S}, stale-while-revalidate={WHILE_REVALIDATE_S}, stale-if-error={IF_ERROR_S}"
)
"""Seconds old at most while we are there, and for a week when we are not (RFC 5861)."""


@dataclass(frozen=True, slots=True)
class PageFile:
    """``policy`` is its Content-Security-Policy; what is no page has the strictest. ``embeddable``: other
    sites may show it in a frame."""

    media_type: str
    body: bytes
    policy: str = "default-src 'none'"
    embeddable: bool = False
