"""Which encoding a text file has, and where it breaks it."""

import codecs
import re
from collections.abc import Iterable
from itertools import chain
from typing import Final

from dunwell.core.tables.errors import BrokenText, EmptyFile, NotText

_BOMS: Final = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_HIGH: Final = re.compile(rb"[\x80-\xff]+")
_SIGNS: Final = frozenset("€‚„…‘’“”•–—™£¥§©®«»°±²³´µ·¹º¼½¾¿¡×÷\u00a0\u00ad\u0160\u0161\u017d\u017e")


def of(chunks: Iterable[bytes]) -> str:
    """Name the Python codec of a file, read once in chunks of any size.

    UTF-8 with or without BOM, UTF-16 (also without BOM) or cp1252. Raises EmptyFile, NotText,
    and BrokenText naming the line where UTF-8 or UTF-16 ends to be valid.
    """
    rest = iter(chunks)
    head = next(rest, b"")
    if not head.strip():
        raise EmptyFile
    codec = _by_first_bytes(head)
    return _checked(codec, head, rest) if codec else _utf8_or_cp1252(head, rest)


def _by_first_bytes(head: bytes) -> str | None:
    for mark, codec in _BOMS:
        if head.startswith(mark):
            return codec
    sample = head[:4096]
    if b"\0" in sample:
        odd, even = sample[1::2].count(0), sample[0::2].count(0)
        if odd > len(sample) * 0.3 and even < odd / 4:
            return "utf-16-le"
        if even > len(sample) * 0.3 and odd < even / 4:
            return "utf-16-be"
        raise NotText
    return None


class _Checker:
    """Decodes chunk by chunk and counts lines, so that an error can name one."""

    def __init__(self, codec: str) -> None:
        self.codec = codec
        self.decoder = codecs.getincrementaldecoder(codec)()
        self.line = 1

    def feed(self, chunk: bytes, *, final: bool = False) -> str:
        """Decode a chunk; raises BrokenText."""
        pending = self.decoder.getstate()[0] + chunk
        try:
            text = self.decoder.decode(chunk, final)
        except UnicodeDecodeError as error:
            before = pending[: error.start].decode(self.codec, "ignore")
            raise BrokenText(
                line=self.line + before.count("\n"),
                encoding="UTF-16" if "16" in self.codec else "UTF-8",
                byte=f"{pending[error.start]:02X}" if error.start < len(pending) else "--",
            ) from None
        self.line += text.count("\n")
        return text


def _checked(codec: str, head: bytes, rest: Iterable[bytes]) -> str:
    checker = _Checker(codec)
    blank = not checker.feed(head).strip()
    for chunk in rest:
        blank = not checker.feed(chunk).strip() and blank
    checker.feed(b"", final=True)
    if blank:
        raise EmptyFile
    return codec


def _utf8_or_cp1252(head: bytes, rest: Iterable[bytes]) -> str:
    """Take UTF-8 where it holds; cp1252 only where nothing speaks for broken UTF-8 instead."""
    checker, guess = _Checker("utf-8"), _Cp1252()
    broken: BrokenText | None = None
    for chunk in chain((head,), rest, (b"",)):
        if b"\0" in chunk:
            raise NotText
        guess.look(chunk)
        if broken is None:
            try:
                checker.feed(chunk, final=not chunk)
            except BrokenText as error:
                broken = error
    if broken is None:
        return "utf-8"
    if not guess.plausible:
        raise broken
    return "cp1252"


class _Cp1252:
    """Judges whether high bytes look like western European words rather than like damage."""

    def __init__(self) -> None:
        self.plausible = True
        self.before = ""

    def look(self, chunk: bytes) -> None:
        """Look at a chunk: any valid multi-byte UTF-8 or odd neighbour speaks against cp1252."""
        if not self.plausible or chunk.isascii():
            self.before = chr(chunk[-1]) if chunk and chunk[-1] < 128 else ""
            return
        if any(_is_utf8(found[0]) for found in _HIGH.finditer(chunk)):
            self.plausible = False
            return
        try:
            text = self.before + chunk.decode("cp1252")
        except UnicodeDecodeError:
            self.plausible = False
            return
        self.plausible = all(map(_fits, text, " " + text[:-1], text[1:] + " "))
        self.before = text[-1:]


def _is_utf8(run: bytes) -> bool:
    try:
        run.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _fits(sign: str, before: str, after: str) -> bool:
    """Tell whether a sign stands where people write it: an accented letter beside letters."""
    if sign.isascii() or sign in _SIGNS:
        return True
    if not sign.isalpha() or sign in "ÿþðÐÞ":
        return before.isalpha() and after.isalpha() and sign.isalpha()
    if sign.isupper() and before.isalpha() and before.islower():
        return False
    return before.isalpha() or after.isalpha()
