"""Headers compared as people mean them: without case, accents, blanks and signs."""

import unicodedata
from collections.abc import Mapping, Sequence


def key(header: str) -> str:
    """Give a header's letters and digits, lower-cased, without accents: "Fällig am" → falligam."""
    plain = unicodedata.normalize("NFKD", header.replace("ß", "ss")).casefold()
    return "".join(sign for sign in plain if sign.isalnum() and not unicodedata.combining(sign))


def guess(headers: Sequence[str], synonyms: Mapping[str, Sequence[str]]) -> dict[str, int]:
    """Find the column of each field: field → position.

    `synonyms` gives the headers of a field, best first; the field's own name is always the best.
    Each column serves one field.
    """
    keys = [key(header) for header in headers]
    ranked = sorted(
        (rank, order, field, position)
        for order, (field, names) in enumerate(synonyms.items())
        for rank, name in enumerate((field, *names))
        for position, found in enumerate(keys)
        if found and found == key(name)
    )
    chosen: dict[str, int] = {}
    for _, _, field, position in ranked:
        if field not in chosen and position not in chosen.values():
            chosen[field] = position
    return chosen
