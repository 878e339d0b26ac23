"""Tells whether no person wrote a message: auto-replies, and whoever is out of office."""

import re
from collections.abc import Iterable
from datetime import date
from typing import Final

_SUBJECT: Final = re.compile(
    r"""
    ^\s*(?:
      (?:auto(?:matic(?:ally)?)?|autom\.)[\s-]*(?:generated\s+)?(?:repl(?:y|ies)|response|answer)\b
    | auto\s*:
    | out\s+of\s+(?:the\s+)?office\b | \S*\s*\bOOO\b
    | (?:vacation|holiday|away)\s+(?:notice|reply|message|response|from)
    | (?:i\s+am|i'm)\s+(?:currently\s+)?(?:on\s+(?:vacation|holiday|leave)|away|out\s+of)
    | auto(?:matische|m\.)?\s*[-\s]?antwort | automatische\s+(?:antwort|nachricht|r[üu]ckmeldung)
    | abwesen(?:heit|d) | abwesenheits(?:notiz|nachricht|meldung|assistent|agent)
    | (?:ich\s+bin\s+)?(?:im\s+urlaub|nicht\s+im\s+(?:b[üu]ro|haus)|au[ßs]er\s+haus)
    | r[ée]ponse\s+automatique | r[ée]p(?:onse)?\.?\s*auto | absen(?:ce|t)\b | message\s+d.absence
    | (?:en\s+)?cong[ée]s?\b | absence\s+du\s+bureau
    | respuesta\s+autom[áa]tica | ausen(?:cia|te)\b | fuera\s+de\s+(?:la\s+)?oficina
    | (?:de\s+)?vacaciones\b | autorespuesta
    )
    """,
    re.IGNORECASE | re.VERBOSE,
)
_MONTHS: Final = {
    name: number
    for number, names in enumerate(
        (
            "january jan januar jänner janvier janv enero ene",
            "february feb februar février fevrier févr febrero",
            "march mar märz maerz mrz mars marzo",
            "april apr avril avr abril abr",
            "may mai mayo",
            "june jun juni juin junio",
            "july jul juli juillet juil julio",
            "august aug août aout agosto ago",
            "september sep sept septembre septiembre",
            "october oct oktober okt octobre octubre",
            "november nov novembre noviembre",
            "december dec dezember dez décembre decembre déc diciembre dic",
        ),
        start=1,
    )
    for name in names.split()
}
_MONTH: Final = "|".join(sorted(_MONTHS, key=len, reverse=True))
_DAY: Final = re.compile(
    rf"""
    (?P<iso>\b\d{{4}}-\d{{2}}-\d{{2}}\b)
    | \b(?P<d1>\d{{1,2}})(?:st|nd|rd|th|er|\.|º)?\s*(?:of\s+|de\s+)?(?P<m1>{_MONTH})\b\.?
      (?:,?\s*(?:de\s+|del\s+)?(?P<y1>\d{{4}}))?
    | \b(?P<m2>{_MONTH})\.?\s+(?P<d2>\d{{1,2}})(?:st|nd|rd|th)?\b(?:,?\s*(?P<y2>\d{{4}}))?
    | \b(?P<a>\d{{1,2}})(?P<sep>[./])(?P<b>\d{{1,2}})(?P=sep)(?P<y3>\d{{4}}|\d{{2}})?
    """,
    re.IGNORECASE | re.VERBOSE,
)
# “back on 12 May”, “bis 12.05.”: the words before a day that is the day of return or the last away.
_BACK: Final = re.compile(
    r"""
    \b(?P<back>back|return(?:ing)?|in\s+the\s+office\s+(?:again|from)|
       zur[üu]ck|wieder\s+(?:im|erreichbar|f[üu]r\s+sie\s+da|da)|ab\s+dem|
       de\s+retour|retour|(?:rentr|revien)\w*|vuelvo|regres\w*|vuelta|de\s+nuevo)\b
    | \b(?P<until>until|till?|through|to|bis(?:\s+(?:zum|einschlie(?:ß|ss)lich))?|
       jusqu.(?:au|à)|au|hasta(?:\s+el)?|al)\b
    """,
    re.IGNORECASE | re.VERBOSE,
)
_NEAR: Final = 60
_YEAR: Final = 400  # days ahead that anybody announces


def is_automatic(*, headers: Iterable[tuple[str, str]], subject: str) -> bool:
    """Tell from headers and subject whether a program answered (RFC 3834 and what is common)."""
    for name, value in ((name.lower(), value.strip().lower()) for name, value in headers):
        if name == "auto-submitted" and value and not value.startswith("no"):
            return True
        if name in ("x-autoreply", "x-autorespond", "x-autoresponder", "x-auto-reply-from"):
            return value not in ("no", "false")
        if name == "x-auto-response-suppress" and ("oof" in value or value == "all"):
            # Exchange marks its own automatic mail so; a person's mail bears no such line.
            return True
        if name == "precedence" and value in ("auto_reply", "auto-reply", "bulk", "junk"):
            return True
        if name == "x-precedence" and value in ("auto_reply", "bulk"):
            return True
    return bool(_SUBJECT.search(subject))


def return_day(*, text: str, today: date) -> date | None:
    """Return the day on which the writer is back, as far as a text says one; else None.

    Of “away from 1 to 12 May” it is the last day away; of “back on 13 May” that day. A day without
    a year is the next such day. Days past, or more than a year ahead, are none.
    """
    found: list[tuple[int, date]] = []
    for match in _DAY.finditer(text[:10_000]):
        day = _day(match, today)
        if day is None or not 0 <= (day - today).days <= _YEAR:
            continue
        before = text[max(0, match.start() - _NEAR) : match.start()]
        words = list(_BACK.finditer(before))
        rank = 2 if not words else (0 if words[-1]["back"] else 1)
        found.append((rank, day))
    if not found:
        return None
    best = min(rank for rank, _day in found)
    days = [day for rank, day in found if rank == best]
    return days[0] if best == 0 else max(days)


def _day(match: re.Match[str], today: date) -> date | None:
    try:
        if match["iso"]:
            return date.fromisoformat(match["iso"])
        if match["a"]:
            return _dated(*_day_and_month(match), match["y3"], today)
        month = _MONTHS[(match["m1"] or match["m2"]).lower()]
        day = int(match["d1"] or match["d2"])
        return _dated(day, month, match["y1"] or match["y2"], today)
    except ValueError:
        return None


def _day_and_month(match: re.Match[str]) -> tuple[int, int]:
    """Read 12.05. and 12/05; only where it must be so, 05/25 as Americans write it."""
    first, second = int(match["a"]), int(match["b"])
    return (second, first) if second > 12 and match["sep"] == "/" else (first, second)


def _dated(day: int, month: int, year: str | None, today: date) -> date:
    if year:
        number = int(year)
        return date(number + 2000 if number < 100 else number, month, day)
    this = date(today.year, month, day)
    return this if this >= today else date(today.year + 1, month, day)
