"""Invoices, statements, letters and lists as PDF, drawn by Typst, in milliseconds a page.

The same document gives the same bytes: the instant written into the file is the document's own.
Fonts come with Typst; for scripts they do not have, those of the system step in.
"""

import json
import re
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from importlib.resources import files
from threading import Lock
from typing import Any

import typst

from dunwell.ports.documents import (
    DocumentError,
    InvoiceDocument,
    LetterDocument,
    ListDocument,
    Paper,
    StatementDocument,
)
from dunwell.providers.pdf_typst.pages import counted, joined

_LONG_WORD = re.compile(r"\S{41,}")
_BREAK = "\u200b"
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f\x7f]")
_LANGUAGE = re.compile(r"([A-Za-z]{2,3})(?:[-_].*)?")


class TypstRenderer:
    """Draws documents; safe to share between threads, which take turns."""

    name = "pdf_typst"

    def __init__(self) -> None:
        self._home = files("dunwell.providers.pdf_typst")
        self._templates = {
            name: (self._home / f"{name}.typ").read_bytes()
            for name in ("invoice", "letter", "list", "statement")
        }
        self._lock = Lock()
        self._compiler: typst.Compiler | None = None

    def render(self, document: InvoiceDocument) -> bytes:
        """Draw one invoice as PDF. Raises DocumentError when a part of it cannot be drawn."""
        return self._drawn("invoice", _data(document), document.logo, document.made_at)

    def render_statement(self, document: StatementDocument) -> bytes:
        """Draw a statement of account as PDF. Raises DocumentError as `render` does."""
        return self._drawn("statement", _plain(document), document.logo, document.made_at)

    def render_letter(self, letter: LetterDocument) -> bytes:
        """Draw one letter as PDF. Raises DocumentError when a part of it cannot be drawn."""
        return self._drawn("letter", _plain(letter), letter.logo, letter.made_at)

    def render_list(self, listed: ListDocument) -> bytes:
        """Draw a list as PDF. Raises DocumentError when a part of it cannot be drawn."""
        return self._drawn("list", _plain(listed), None, listed.made_at)

    def join(self, files: Sequence[bytes], *, paper: Paper | None = None) -> bytes:
        """Put PDF files one after the other into one. Raises DocumentError."""
        return joined(files, paper=paper)

    def pages(self, file: bytes) -> int:
        """Count the pages of a PDF file. Raises DocumentError."""
        return counted(file)

    def _drawn(
        self, template: str, data: dict[str, Any], logo: bytes | None, made_at: datetime
    ) -> bytes:
        inputs = {"document": json.dumps(data, ensure_ascii=False)}
        if logo is not None:
            inputs["logo"] = json.dumps(list(logo))
        with self._lock:
            return self._compiled(template, inputs, made_at)

    def _compiled(self, template: str, inputs: dict[str, str], made_at: datetime) -> bytes:
        # Fonts are looked for once, when the first document is drawn.
        self._compiler = self._compiler or typst.Compiler(root=str(self._home))
        try:
            drawn = self._compiler.compile(
                self._templates[template],
                sys_inputs=inputs,
                format="pdf",
                timestamp=made_at.astimezone(UTC),
            )
        except typst.TypstError as problem:
            raise DocumentError(problem.message) from problem
        if not isinstance(drawn, bytes):
            raise DocumentError("the document came out in pieces")
        return drawn


def _plain(document: LetterDocument | ListDocument | StatementDocument) -> dict[str, Any]:
    """Give a document's words as data, with the names the templates use."""
    data = asdict(document)
    for name in ("logo", "made_at", "language"):
        data.pop(name, None)
    shown: dict[str, Any] = _shown(data)
    for name in ("paper", "form"):
        if hasattr(document, name):
            shown[name] = getattr(document, name)
    shown["lang"] = _language(document.language)
    return shown


def _data(document: InvoiceDocument) -> dict[str, Any]:
    data = asdict(document)
    for name in ("logo", "made_at", "language"):
        del data[name]
    data["labels"] = dict(document.labels)
    link = document.payment_link
    shown: dict[str, Any] = _shown(data)
    shown["paper"] = document.paper
    shown["lang"] = _language(document.language)
    shown["link_target"] = link if link.startswith(("https://", "http://")) else ""
    return shown


def _shown(value: Any) -> Any:
    """Make every text fit for paper: no control characters, long words may break anywhere."""
    if isinstance(value, str):
        clean = _CONTROL.sub(" ", value.replace("\r\n", "\n").encode("utf-8", "replace").decode())
        return _LONG_WORD.sub(_with_breaks, clean)
    if isinstance(value, bool):
        return value
    if isinstance(value, dict):
        return {key: _shown(each) for key, each in value.items()}
    return [_shown(each) for each in value]


def _with_breaks(word: re.Match[str]) -> str:
    text = word[0]
    return _BREAK.join(text[at : at + 20] for at in range(0, len(text), 20))


def _language(tag: str) -> str:
    found = _LANGUAGE.fullmatch(tag)
    return found[1].lower() if found else "en"
