"""Phone numbers as people type them and as they are dialled, by the rules of each country."""

from functools import lru_cache
from typing import Final

import phonenumbers
from phonenumbers import NumberParseException, ValidationResult

# A local number without its area code is short, but what somebody typed.
_THINKABLE: Final = frozenset(
    {ValidationResult.IS_POSSIBLE, ValidationResult.IS_POSSIBLE_LOCAL_ONLY}
)


@lru_cache(maxsize=8192)
def normalized(text: str, country: str) -> str:
    """Return a number in E.164 form (+4930123456); empty if it cannot be dialled from abroad.

    `country` (two letters, may be empty) is that of a number without country code.
    """
    found = _parsed(text, country)
    if found is None or not phonenumbers.is_possible_number(found):
        return ""
    return phonenumbers.format_number(found, phonenumbers.PhoneNumberFormat.E164)


@lru_cache(maxsize=8192)
def impossible(text: str, country: str) -> bool:
    """Tell whether this can never be a phone number: letters, or too short or too long for it.

    Without a country and country code nothing can be said, and the answer is no.
    """
    if not any(character.isdigit() for character in text):
        return True
    found = _parsed(text, country)
    if found is None:
        return bool(country) or text.strip().startswith("+")
    return phonenumbers.is_possible_number_with_reason(found) not in _THINKABLE


def _parsed(text: str, country: str) -> phonenumbers.PhoneNumber | None:
    try:
        return phonenumbers.parse(text, country or None)
    except NumberParseException:
        return None
