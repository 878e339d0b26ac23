"""What a text message costs and what a reply by text message means.

Segments: 3GPP TS 23.038 (the GSM 7-bit alphabet) and 23.040 (parts of a longer message).
"""

import unicodedata
from dataclasses import dataclass
from typing import Final

_BASIC: Final = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡"
    "ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENDED: Final = frozenset("\f^{}\\[~]|€")
# How many units one message holds, and each part of a longer one.
_GSM: Final = (160, 153)
_UCS2: Final = (70, 67)

_STOP: Final = frozenset(
    (
        *("stop", "stopall", "unsubscribe", "cancel", "end", "quit", "revoke", "optout"),
        *("stopp", "abmelden", "abbestellen"),  # German
        *("arret", "desabonner", "desinscrire", "desabonnement"),  # French
        *("alto", "baja", "cancelar", "parar"),  # Spanish
    )
)
_START: Final = frozenset(
    ("start", "unstop", "starten", "anmelden", "demarrer", "reprendre", "alta", "iniciar")
)


@dataclass(frozen=True, slots=True)
class Segments:
    """How a text travels: `encoding` is GSM-7 or UCS-2, `units` its length in that, `count` parts.

    `odd` are the characters that make it UCS-2, each once, in order.
    """

    encoding: str
    units: int
    count: int
    odd: tuple[str, ...] = ()


def segments(text: str) -> Segments:
    """Count the parts in which a text is sent and paid for."""
    odd = tuple(dict.fromkeys(c for c in text if c not in _BASIC and c not in _EXTENDED))
    if odd:
        pieces = [len(character.encode("utf-16-le")) // 2 for character in text]
        return Segments("UCS-2", sum(pieces), _parts(pieces, _UCS2), odd)
    pieces = [2 if character in _EXTENDED else 1 for character in text]
    return Segments("GSM-7", sum(pieces), _parts(pieces, _GSM))


def _parts(pieces: list[int], room: tuple[int, int]) -> int:
    """Fill parts one after the other; a character of two units is never torn."""
    whole, part = room
    if sum(pieces) <= whole:
        return 1 if pieces else 0
    count, left = 1, part
    for size in pieces:
        if size > left:
            count, left = count + 1, part
        left -= size
    return count


def is_opt_out(text: str) -> bool:
    """Tell whether a reply asks for no more text messages: one word, in any of our languages."""
    return _word(text) in _STOP


def is_opt_in(text: str) -> bool:
    """Tell whether a reply asks for text messages again."""
    return _word(text) in _START


def _word(text: str) -> str:
    """Return the letters of a text without accents, in lower case."""
    plain = unicodedata.normalize("NFKD", text).casefold()
    return "".join(c for c in plain if c.isalpha() or c.isspace()).strip()
