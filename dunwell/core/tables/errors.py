"""What a table or a cell of it is refused for.

CoreError
├── TableError
│   ├── EmptyFile
│   ├── NotText
│   ├── BrokenText
│   └── BrokenTable
└── CellError
    ├── NotADate
    ├── AmbiguousDate
    ├── NotANumber
    ├── NotYesOrNo
    ├── TooLong
    └── Unstorable
"""

from dunwell.core.errors import CoreError, gettext_noop


class TableError(CoreError):
    """The file as a whole cannot be read."""


class EmptyFile(TableError):
    """There is nothing in it."""

    sentence = gettext_noop("The file is empty.")


class NotText(TableError):
    """The bytes are no text in any encoding we know."""

    sentence = gettext_noop("This is not a table: save it as CSV (UTF-8) or XLSX.")


class BrokenText(TableError):
    """The text breaks off its encoding at a line."""

    sentence = gettext_noop(
        "Line %(line)s is not valid %(encoding)s (byte 0x%(byte)s): save the file as UTF-8 again."
    )


class BrokenTable(TableError):
    """The rows cannot be told apart from a line on."""

    sentence = gettext_noop("Line %(line)s cannot be read: %(why)s.")


class CellError(CoreError):
    """One cell does not hold what its column should."""


class NotADate(CellError):
    """No date in the column's format."""

    sentence = gettext_noop("“%(text)s” is not a date in the form %(format)s.")


class NotANumber(CellError):
    """No number with the column's decimal mark."""

    sentence = gettext_noop("“%(text)s” is not a number with the decimal mark “%(mark)s”.")


class NotYesOrNo(CellError):
    """Neither yes nor no."""

    sentence = gettext_noop("“%(text)s” is neither yes nor no.")


class NotWhole(CellError):
    """Not a whole number in its range."""

    sentence = gettext_noop("“%(text)s” is not a whole number from %(least)s to %(most)s.")


class TooLong(CellError):
    """More characters than there is room for."""

    sentence = gettext_noop("%(given)s characters are too long; at most %(most)s are allowed.")


class Unstorable(CellError):
    """A character that no text may have."""

    sentence = gettext_noop("It contains a control character that cannot be kept.")
