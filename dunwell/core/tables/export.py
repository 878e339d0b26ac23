"""Text that goes out into spreadsheets."""

import re
from typing import Final

_ACTIVE: Final = ("=", "+", "-", "@", "\t", "\r")
_PLAIN: Final = re.compile(r"[+-]?\d+(?:[.,]\d+)?")


def neutralize(text: str) -> str:
    """Put an apostrophe before text that a spreadsheet would take for a formula.

    Plain numbers such as "-12.50" stay as they are. Rule: OWASP, CSV injection.
    """
    if text.startswith(_ACTIVE) and not _PLAIN.fullmatch(text):
        return "'" + text
    return text
