"""A file of a page, as it is served or published."""

from dataclasses import dataclass

MAX_AGE_S, WHILE_REVALIDATE_S, IF_ERROR_S = 10, 60, 7 * 86_400
CACHE_CONTROL = (
    f"public, max-age={MAX_AGE_S}, stale-while-revalidate={WHILE_REVALIDATE_S}, stale-if-error={IF_ERROR_S}"
)
"""Caches keep a file for ten seconds. When the server does not answer, they may show it for a week (RFC
5861)."""


@dataclass(frozen=True, slots=True)
class PageFile:
    """``policy`` is the Content-Security-Policy of the file; files that are no HTML have the strictest.
    ``embeddable``: other sites may show the file in a frame or fetch it."""

    media_type: str
    body: bytes
    policy: str = "default-src 'none'"
    embeddable: bool = False
