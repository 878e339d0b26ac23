"""The words of a message that came as a page only."""

import re
from html.parser import HTMLParser
from typing import Final

_SKIP: Final = frozenset({"script", "style", "head", "title", "template", "noscript"})
_BLOCKS: Final = frozenset(
    {
        *(
            "address",
            "article",
            "aside",
            "blockquote",
            "dd",
            "div",
            "dl",
            "dt",
            "fieldset",
            "figure",
        ),
        *(
            "footer",
            "form",
            "h1",
            "h2",
            "h3",
            "h4",
            "h5",
            "h6",
            "header",
            "hr",
            "li",
            "main",
            "nav",
        ),
        *("ol", "p", "pre", "section", "table", "tbody", "tfoot", "thead", "tr", "ul"),
    }
)
_SPACED: Final = frozenset({"p", "blockquote", "ul", "ol", "table", "h1", "h2", "h3", "pre"})
# Outlook for Windows, newer and older, draws a thin rule above what it quotes.
_RULES_ABOVE: Final = ("border-top:solid#e1e1e1", "border-top:solid#b5c4df")
_LARGEST: Final = 2_000_000
_BLANKS: Final = re.compile(r"[ \t\r\n\f\v\u00a0\u200b]+")
_MANY: Final = re.compile(r"\n{3,}")
_DIVIDER: Final = "\n-----Original Message-----\n"


class _Reader(HTMLParser):
    """Collects words line by line; quotations get the marks that a plain mail would have.

    Browsers' rules for what may stand in what do not matter here, only where lines end.
    """

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.lines: list[str] = [""]
        self.skipping = 0
        self.quotes: list[str] = []
        self.divided = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag in _SKIP:
            self.skipping += 1
        elif tag == "br":
            self.lines.append("")
        elif tag == "blockquote":
            self._block(tag)
            self.quotes.append("> ")
        elif tag in _BLOCKS:
            self._block(tag)
            self._divide(tag, given)
        elif tag in ("td", "th") and self.lines[-1]:
            self.lines[-1] += "  "

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in _SKIP:
            self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        if tag in _SKIP:
            self.skipping = max(0, self.skipping - 1)
        elif tag == "blockquote":
            self._block(tag)
            if self.quotes:
                self.quotes.pop()
        elif tag in _BLOCKS:
            self._block(tag)

    def handle_data(self, data: str) -> None:
        if self.skipping:
            return
        words = _BLANKS.sub(" ", data)
        if not self.lines[-1]:
            words = words.lstrip()
            if not words:
                return
            self.lines[-1] = "".join(self.quotes)
        self.lines[-1] += words

    def _block(self, tag: str) -> None:
        if self.lines[-1]:
            self.lines.append("")
        if tag in _SPACED and len(self.lines) > 1 and self.lines[-2]:
            self.lines.append("")

    def _divide(self, tag: str, given: dict[str, str]) -> None:
        """Put a line where Outlook begins what it quotes: a rule above, or an id of its own."""
        style = given.get("style", "").replace(" ", "").lower()
        marked = given.get("id", "").lower() in ("divrplyfwdmsg", "appendonsend")
        ruled = tag == "div" and any(each in style for each in _RULES_ABOVE)
        if (marked or ruled) and not self.divided:
            self.divided = True
            self.lines += [_DIVIDER.strip(), ""]


def page_text(html: str) -> str:
    """Return the words of a page, one line per block, quotations marked with “> ”."""
    if not html:
        return ""
    reader = _Reader()
    reader.feed(html[:_LARGEST])
    reader.close()
    text = "\n".join(line.rstrip() for line in reader.lines)
    return _MANY.sub("\n\n", text).strip()
