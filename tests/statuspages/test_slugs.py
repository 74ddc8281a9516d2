"""Which slugs a page may have."""

import pytest

from statuspages.slugs import RESERVED, find_slug_fault
from tests.statuspages.factories import HOSTILE


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
