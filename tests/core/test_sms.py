"""Segments of text messages, and the words that mean stop and start."""

import pytest

from dunwell.core.sms import is_opt_in, is_opt_out, segments


@pytest.mark.parametrize(
    ("text", "encoding", "units", "count"),
    [
        ("", "GSM-7", 0, 0),
        ("a" * 160, "GSM-7", 160, 1),
        ("a" * 161, "GSM-7", 161, 2),
        ("a" * 306, "GSM-7", 306, 2),
        ("a" * 307, "GSM-7", 307, 3),
        ("€" * 80, "GSM-7", 160, 1),
        ("€" * 81, "GSM-7", 162, 2),
        ("a" * 152 + "€" + "a" * 10, "GSM-7", 164, 2),
        ("a" * 152 + "€" + "a" * 152, "GSM-7", 306, 3),  # € is never torn: 152 + 153 + 1
        ("Fällig: 5 Ñandú é", "UCS-2", 17, 1),
        ("Fällig: grüße ñ é à", "GSM-7", 19, 1),
        ("ж" * 70, "UCS-2", 70, 1),
        ("ж" * 71, "UCS-2", 71, 2),
        ("🙂" * 35, "UCS-2", 70, 1),
        ("🙂" * 67, "UCS-2", 134, 3),  # 33 to a part, never torn
    ],
)
def test_a_text_is_counted_as_carriers_count(
    text: str, encoding: str, units: int, count: int
) -> None:
    found = segments(text)
    assert (found.encoding, found.units, found.count) == (encoding, units, count)


def test_the_characters_that_cost_are_named() -> None:
    assert segments("Zahlen Sie “heute” – bitte").odd == ("“", "”", "–")


@pytest.mark.parametrize("word", ["STOP", " stop. ", "Stopp", "ARRÊT", "désabonner", "alto", "END"])
def test_stop_words(word: str) -> None:
    assert is_opt_out(word)
    assert not is_opt_in(word)


@pytest.mark.parametrize("word", ["Start", "UNSTOP", "démarrer", "alta"])
def test_start_words(word: str) -> None:
    assert is_opt_in(word)
    assert not is_opt_out(word)
