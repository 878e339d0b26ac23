"""International bank account numbers (ISO 13616)."""

import re

_FORM = re.compile(r"[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}")


def compact(text: str) -> str:
    """Return the number without blanks, in capitals, as it is stored."""
    return re.sub(r"[\s\u00a0-]+", "", text).upper()


def is_valid(number: str) -> bool:
    """Tell whether a compact number has the right form and check digits (ISO 7064, MOD 97-10)."""
    if not _FORM.fullmatch(number):
        return False
    turned = number[4:] + number[:4]
    return int("".join(str(int(each, 36)) for each in turned)) % 97 == 1


def grouped(number: str) -> str:
    """Return the number in groups of four, as people read it."""
    return " ".join(number[at : at + 4] for at in range(0, len(number), 4))
