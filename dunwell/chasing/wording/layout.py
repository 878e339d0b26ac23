"""The HTML of an email whose template has only text: a calm page that works in every reader.

Paragraphs stay paragraphs. Lines "Label: value" become a small table, "Label: https://…" alone
becomes a button, lines with "- " a list. Everything is escaped first, styles are inline, and
characters outside ASCII are written as references, so that the part travels as it stands.
"""

import re
from functools import lru_cache
from html import escape

_ADDRESS = re.compile(r"(https?://[^\s<>\"'\\^`{|}]*[^\s<>\"'\\^`{|}.,;:!?)\]])")
_FACT = re.compile(r"([^:\n]{1,40}?)\s?:[ \t]+(\S.*)")
_BUTTON = re.compile(r"([^:\n]{1,40}?)\s?:[ \t]+(https?://[^\s<>\"'\\^`{|}]+)")
_GAP = re.compile(r"\n(?:[ \t]*\n)+")

_FONT = "-apple-system,BlinkMacSystemFont,'Segoe UI',Roboto,Helvetica,Arial,sans-serif"
_BEFORE = (
    '<!doctype html>\n<html lang="%s">\n<head><meta charset="utf-8">'
    '<meta name="viewport" content="width=device-width">'
    '<meta name="color-scheme" content="light"><title>%s</title></head>\n'
    '<body style="margin:0;padding:0;background:#faf8f4">\n'
    '<table role="presentation" width="100%%" cellpadding="0" cellspacing="0" border="0" '
    'style="background:#faf8f4"><tr><td align="center" style="padding:28px 12px">\n'
    '<table role="presentation" width="100%%" cellpadding="0" cellspacing="0" border="0" '
    'style="max-width:600px;background:#ffffff;border:1px solid #e5e0d6;border-radius:10px">\n'
    '<tr><td style="padding:22px 30px 14px;border-bottom:1px solid #e5e0d6;'
    f'font:600 16px/1.3 {_FONT};color:#0f5c5c">%s</td></tr>\n'
    f'<tr><td style="padding:22px 30px 12px;font:15px/1.55 {_FONT};color:#1b2230">\n'
)
_AFTER = "</td></tr>\n</table>\n</td></tr></table>\n</body>\n</html>\n"
_PARAGRAPH = '<p style="margin:0 0 16px">%s</p>\n'
_TABLE = (
    '<table role="presentation" cellpadding="0" cellspacing="0" border="0" '
    'style="margin:0 0 18px;font-variant-numeric:tabular-nums">\n%s</table>\n'
)
_ROW = (
    '<tr><td style="padding:2px 18px 2px 0;color:#5d6472;vertical-align:top">%s</td>'
    '<td style="padding:2px 0">%s</td></tr>\n'
)
_LINK = '<a href="%s" style="color:#0f5c5c">%s</a>'
_PAY = (
    '<p style="margin:4px 0 20px"><a href="%s" style="display:inline-block;background:#0f5c5c;'
    'color:#ffffff;font-weight:600;text-decoration:none;padding:10px 20px;border-radius:8px">'
    "%s</a></p>\n"
)
_LIST = '<ul style="margin:0 0 16px;padding-left:22px">\n%s</ul>\n'


def page_of(*, text: str, subject: str, company: str, language: str) -> str:
    """Write an email's text as an HTML page in pure ASCII, under the company's name."""
    before = _BEFORE % (escape(language), escape(subject), escape(company))
    page = "".join((before, *map(_block, _GAP.split(text.strip("\n"))), _AFTER))
    if page.isascii():
        return page
    return page.encode("ascii", "xmlcharrefreplace").decode("ascii")


@lru_cache(maxsize=1024)
def _block(block: str) -> str:
    """Write one block; most blocks of a letter are those of the letter before."""
    lines = block.split("\n")
    if len(lines) == 1:
        button = _BUTTON.fullmatch(block)
        if button:
            return _PAY % (escape(button[2]), escape(button[1]))
        return _PARAGRAPH % _linked(block)
    if all(line.startswith("- ") for line in lines):
        return _LIST % "".join(f"<li>{_linked(line[2:])}</li>\n" for line in lines)
    facts = [_FACT.fullmatch(line) for line in lines]
    if all(facts):
        rows = (_ROW % (escape(fact[1]), _linked(fact[2])) for fact in facts if fact)
        return _TABLE % "".join(rows)
    return _PARAGRAPH % "<br>\n".join(map(_linked, lines))


def _linked(text: str) -> str:
    if "://" not in text:
        return escape(text)
    pieces = _ADDRESS.split(text)
    pieces[::2] = map(escape, pieces[::2])
    pieces[1::2] = (_LINK % (escape(url), escape(url)) for url in pieces[1::2])
    return "".join(pieces)
