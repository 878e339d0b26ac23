"""What a customer wrote is told from what their mail program quoted."""

import pytest

from dunwell.core.mail.new_text import new_text
from dunwell.core.mail.page_text import page_text
from tests.core.mail.shapes import PAGES, SHAPES


@pytest.mark.parametrize("name", SHAPES)
def test_the_new_part_of_a_reply_is_found(name: str) -> None:
    whole, new = SHAPES[name]
    assert new_text(whole) == new


@pytest.mark.parametrize("name", PAGES)
def test_the_new_part_of_a_page_is_found(name: str) -> None:
    page, new = PAGES[name]
    assert new_text(page_text(page)) == new


def test_a_megabyte_of_nonsense_is_read_at_once() -> None:
    for line in ("> " * 40, "On 1 a b c d ", "From: a\nTo: b\n", "_" * 30):
        new_text((line + "\n") * 20_000)
