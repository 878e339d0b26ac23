"""The part of a reply that its writer wrote, without what was quoted, signatures and disclaimers.

Mail programs say in a few dozen ways “what follows is quoted”. Two kinds matter: a line before
quoted lines that bear marks (“>”), after which more of the writer's own may come (below, or between
the lines); and a divider after which everything is quoted. What is cut is kept in the whole text.
"""

import re
from collections.abc import Sequence
from typing import Final

_LARGEST: Final = 200_000
_QUOTED: Final = re.compile(r"^\s{0,3}(?:>|\|\s?>)")

# “On 2 March 2026 at 09:12, Ada Lovelace <ada@example.com> wrote:”
_WROTE: Final = re.compile(
    r"""^[\s>*]*(?:
      On\s.{4,250}?\bwrote | .{3,200}?<[^>\s]+@[^>\s]+>\s+wrote
    | (?:Am|Den|Vom)\s.{4,250}?\b(?:schrieb|hat\s.{1,120}?\bgeschrieben)\b.{0,120}?
    | .{3,200}?\bschrieb\s+(?:am|um)\s.{4,80}?
    | Le\s.{4,250}?\b(?:a\s+[ée]crit|[ée]crit)
    | El\s.{4,250}?\bescribi[óo]\b.{0,120}?
    | Il\s.{4,250}?\bha\s+scritto | Op\s.{4,250}?\bschreef\b.{0,120}?
    | Em\s.{4,250}?\bescreveu\b.{0,120}?
    )\s*:\s*$""",
    re.IGNORECASE | re.VERBOSE,
)
_BEGINS_WROTE: Final = re.compile(r"^[\s>*]*(?:On|Am|Den|Vom|Le|El|Il|Op|Em)\s.*\d", re.IGNORECASE)

_DIVIDER: Final = re.compile(
    r"""^\s*(?:
      [-_*]{2,}\s*(?:
        original(?:\s+|-)(?:message|nachricht|mail) | urspr[üu]ngliche\s+(?:nachricht|e-?mail)
      | message\s+(?:d.origine|original|transmis) | mensaje\s+original | messaggio\s+originale
      | oorspronkelijk\s+bericht | mensagem\s+original | reply\s+above\s+this\s+line.*
      | forwarded\s+message | weitergeleitete\s+nachricht | message\s+transf[ée]r[ée]
      | mensaje\s+reenviado
      )\s*[-_*]{2,}
    | [-#*\s]*(?:reply|please\s+reply)\s+above\s+this\s+line[-#*\s]*
    )\s*$""",
    re.IGNORECASE | re.VERBOSE,
)
_RULE: Final = re.compile(r"^\s*[_\-=]{20,}\s*$")

# Outlook's block of headers: the lines From, Sent, To, Subject in the writer's language.
_FROM: Final = re.compile(r"^[\s>*]*(?:From|Von|De|Da|Van)\s*:\s*\*?\s*\S", re.IGNORECASE)
_HEADER: Final = re.compile(
    r"""^[\s>*]*(?:
      Sent|Date|To|Cc|Subject|Reply-To|Importance|Priority
    | Gesendet(?:\s+am)?|Datum|An|Betreff|Antwort\s+an|Wichtigkeit
    | Envoy[ée](?:\s+le)?|[ÀA]|Objet|Date\s+d.envoi
    | Enviad[oa](?:\s+el)?|Fecha|Para|Asunto
    | Inviato|Data|A|Oggetto | Verzonden|Aan|Onderwerp
    )\s*:""",
    re.IGNORECASE | re.VERBOSE,
)
_HEADERS_WITHIN: Final = 7

_MOBILE: Final = re.compile(
    r"""^\s*(?:
      (?:sent|get)\s+(?:from|via|with)\s+(?:my\s+|outlook\b|yahoo\b|proton|mail\b|blackberry|samsung
        |gmail).{0,80}
    | get\s+outlook\s+for\s.{2,60}
    | (?:von\s+meinem|gesendet\s+(?:von|mit|[üu]ber)
        |diese\s+nachricht\s+wurde\s+von\s+meinem)\s.{2,100}
    | (?:outlook\s+f[üu]r\s+\w+\s+(?:beziehen|herunterladen)|holen\s+sie\s+sich\s+outlook).{0,80}
    | (?:envoy[ée]\s+(?:de|depuis|via|[àa]\s+partir)|t[ée]l[ée]charge[rz]?\s+outlook
        |obtenez\s+outlook|provenance\s*:\s*courrier)\s?.{0,100}
    | (?:enviado\s+desde|enviado\s+con|obtener\s+outlook)\s.{2,100}
    )\s*$""",
    re.IGNORECASE | re.VERBOSE,
)
_SIGNATURE: Final = re.compile(r"^--\s?$|^—\s*$|^_{2,3}\s*$")
_DISCLAIMER: Final = re.compile(
    r"""^[\s*_]*(?:
      (?:confidentiality\s+(?:notice|note)|disclaimer|legal\s+notice|important\s+notice)\b
    | (?:this|the)\s+(?:e-?mail|message|communication|information|contents?)\b
        .{0,160}\b(?:confidential|privileged|intended)
    | (?:please\s+)?(?:consider|think\s+of)\s+the\s+environment\s+before
    | (?:haftungsausschluss|vertraulichkeitshinweis|rechtlicher\s+hinweis)\b
    | (?:diese|die)\s+(?:e-?mail|nachricht|information\w*)\b.{0,160}\bvertraulich
    | (?:bitte\s+)?(?:denken|pr[üu]fen)\s+sie\b.{0,60}\b(?:umwelt|ausdrucken)
    | (?:avis\s+de\s+confidentialit[ée]|clause\s+de\s+confidentialit[ée])\b
    | (?:ce|le\s+pr[ée]sent)\s+(?:message|courriel|e-?mail)\b.{0,160}\bconfidentiel
    | (?:aviso\s+(?:legal|de\s+confidencialidad))\b
    | (?:este|el\s+presente)\s+(?:mensaje|correo)\b.{0,160}\bconfidencial
    )""",
    re.IGNORECASE | re.VERBOSE,
)


def new_text(text: str) -> str:
    """Return what the writer of a reply wrote: top, bottom or between the lines of a quotation.

    Empty where nothing was written. A text without quotations comes back without signature.
    """
    lines = text[:_LARGEST].replace("\r\n", "\n").replace("\r", "\n").split("\n")
    own = _own_lines([line.replace("\u00a0", " ").replace("\u200b", "") for line in lines])
    return "\n".join(_squeezed(_unsigned(own))).strip()


def _own_lines(lines: Sequence[str]) -> list[str]:
    """Return the lines that are not quoted; a cut leaves an empty line."""
    own: list[str] = []
    at = 0
    while at < len(lines):
        line = lines[at]
        if _QUOTED.match(line):
            own.append("")
            at += 1
            continue
        ends = _end_of_wrote(lines, at)
        if ends:
            if not _quoted_next(lines, ends):
                if _anything(own):
                    break  # unmarked, and all the rest is theirs
                own += lines[at:ends]  # nothing was written above: better too much than nothing
            else:
                own.append("")
            at = ends
            continue
        if _divides(lines, at) and (_anything(own) or not _marked_below(lines, at)):
            break
        own.append(line)
        at += 1
    return own


def _end_of_wrote(lines: Sequence[str], at: int) -> int:
    """Return where a “… wrote:” that begins here ends (it may run over three lines); else 0."""
    if _WROTE.match(lines[at]):
        return at + 1
    if not _BEGINS_WROTE.match(lines[at]):
        return 0
    for more in (2, 3):
        joined = " ".join(line.strip() for line in lines[at : at + more])
        if len(joined) <= 500 and _WROTE.match(joined):
            return min(at + more, len(lines))
    return 0


def _quoted_next(lines: Sequence[str], at: int) -> bool:
    """Tell whether the next line with words bears a quotation mark."""
    following = (line for line in lines[at:] if line.strip())
    return bool(_QUOTED.match(next(following, "")))


def _divides(lines: Sequence[str], at: int) -> bool:
    """Tell whether everything from this line on is quoted: a divider, or a block of headers."""
    line = lines[at]
    if _DIVIDER.match(line):
        return True
    if _RULE.match(line):
        following = [each for each in range(at + 1, min(at + 4, len(lines))) if lines[each].strip()]
        return bool(following) and _headers(lines, following[0])
    return _headers(lines, at)


def _headers(lines: Sequence[str], at: int) -> bool:
    if not _FROM.match(lines[at]):
        return False
    block = [line for line in lines[at + 1 : at + 1 + 2 * _HEADERS_WITHIN] if line.strip()]
    return sum(1 for line in block[:_HEADERS_WITHIN] if _HEADER.match(line)) >= 2


def _marked_below(lines: Sequence[str], at: int) -> bool:
    return any(_QUOTED.match(line) for line in lines[at:])


def _anything(lines: Sequence[str]) -> bool:
    return any(line.strip() and not _MOBILE.match(line) for line in lines)


def _unsigned(lines: Sequence[str]) -> list[str]:
    """Leave out signatures behind their mark, what phones add, and disclaimers at the end."""
    kept: list[str] = []
    for at, line in enumerate(lines):
        if _SIGNATURE.match(line) and _few(lines[at + 1 :]):
            break
        if _disclaims(lines, at) and _anything(kept):
            break
        if not _MOBILE.match(line):
            kept.append(line)
    return kept


def _disclaims(lines: Sequence[str], at: int) -> bool:
    return _starts(lines, at) and bool(_DISCLAIMER.match(" ".join(lines[at : at + 3])))


def _few(lines: Sequence[str]) -> bool:
    """Tell whether what is left can be a signature: a few dozen lines, not half a letter."""
    return sum(1 for line in lines if line.strip()) <= 40


def _starts(lines: Sequence[str], at: int) -> bool:
    """Tell whether a line begins a paragraph."""
    return at == 0 or not lines[at - 1].strip() or bool(re.match(r"^[\s_*=-]*$", lines[at - 1]))


def _squeezed(lines: Sequence[str]) -> list[str]:
    """Put at most one empty line between two paragraphs, and drop rules left over at the end."""
    found: list[str] = []
    for line in lines:
        bare = line.rstrip()
        if bare or (found and found[-1]):
            found.append(bare)
    while found and (not found[-1] or _RULE.match(found[-1])):
        found.pop()
    return found
