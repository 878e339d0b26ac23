"""Every code that a schedule can show is said in words."""

import re
from pathlib import Path

import pytest

from dunwell.chasing import words
from dunwell.core.holds import HoldKind
from dunwell.core.outcomes import DeliveryState, Reason, SendState

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "chasing.md"


def documented() -> list[str]:
    """Read the codes of the table of reasons in the reference."""
    table = PAGE.read_text(encoding="utf-8").partition("## Reasons")[2].partition("\n## ")[0]
    rows = [line.split("|")[2] for line in table.splitlines() if line.count("|") >= 4]
    return [code for row in rows for code in re.findall(r"`(\w+)`", row)]


def test_the_reference_has_the_reasons() -> None:
    assert len(documented()) > 20


@pytest.mark.parametrize("code", sorted({*documented(), *Reason}))
def test_every_reason_is_explained_in_words(code: str) -> None:
    assert str(words.REASONS[code]) != code
    assert "_" not in words.send_words("failed", code)


@pytest.mark.parametrize("state", SendState)
def test_every_state_of_a_send_has_a_name(state: str) -> None:
    assert words.send_words(state, "")


@pytest.mark.parametrize("state", DeliveryState)
def test_every_state_of_a_delivery_has_a_name(state: str) -> None:
    assert words.delivery_words(state, "")


@pytest.mark.parametrize("kind", HoldKind)
def test_every_hold_says_why_the_send_was_skipped(kind: HoldKind) -> None:
    assert words.send_words("skipped", "paused", kind.value) == f"Skipped: {words.HELD[kind]}"
