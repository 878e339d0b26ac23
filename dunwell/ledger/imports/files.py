"""Uploaded files: keeping them for a while, and reading their rows as a stream.

They lie in DATA/imports/<import id>, with the list of errors beside them; a daily job removes what
is older than 30 days. What an import made can be undone without them.
"""

import csv
import itertools
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import IO, Any, Final
from uuid import UUID

from django.conf import settings
from django.utils.translation import gettext as _

from dunwell.core.tables import delimiters, encodings
from dunwell.core.tables.decimals import PlainNumber
from dunwell.core.tables.errors import BrokenTable, EmptyFile, NotText
from dunwell.tenancy.errors import InvalidInput

KEPT: Final = timedelta(days=30)
_CHUNK: Final = 1 << 20
_ZEROS: Final = re.compile(r"0{2,}")
_UNPACKED_MOST: Final = 2 << 30
_XLSX: Final = b"PK\x03\x04"
_XLS: Final = b"\xd0\xcf\x11\xe0"

type Row = tuple[int, list[str]]


def folder() -> Path:
    """Give the folder of uploads, made if it is not there."""
    path = Path(settings.DATA) / "imports"
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    return path


def upload(import_id: UUID) -> Path:
    """Give the path of an import's file."""
    return folder() / str(import_id)


def errors(import_id: UUID) -> Path:
    """Give the path of the list of all errors of an import."""
    return folder() / f"{import_id}.errors.csv"


def keep(import_id: UUID, file: IO[bytes]) -> int:
    """Copy an upload into its place and give its size; too large and empty ones are refused."""
    path, size = upload(import_id), 0
    most: int = settings.IMPORT_MAX_BYTES
    with path.open("wb") as target:
        while chunk := file.read(_CHUNK):
            size += len(chunk)
            if size > most:
                break
            target.write(chunk)
    if size > most:
        path.unlink()
        raise InvalidInput.at(
            "file",
            _("The file is larger than %(most)d MB: split it and import the parts one by one.")
            % {"most": most >> 20},
        )
    return size


def forget(import_id: UUID) -> None:
    """Remove an import's file and its list of errors."""
    upload(import_id).unlink(missing_ok=True)
    errors(import_id).unlink(missing_ok=True)


def purge(wall: datetime) -> None:
    """Remove what is older than 30 days; `wall` is the real present instant."""
    oldest = (wall - KEPT).timestamp()
    for path in folder().iterdir():
        if path.stat().st_mtime < oldest:
            path.unlink(missing_ok=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """How a file is read: `xlsx`, or text in an encoding with a delimiter."""

    format: str
    encoding: str = ""
    delimiter: str = ""
    sheet: str = ""


def form_of(path: Path, *, encoding: str = "", delimiter: str = "", sheet: str = "") -> Form:
    """Find out how a file is to be read; what is given is taken as it is.

    Raises TableError for empty files, broken encodings and other formats.
    """
    with path.open("rb") as file:
        head = file.read(_CHUNK)
        if head.startswith(_XLSX):
            return Form(format="xlsx", sheet=sheet)
        if head.startswith((_XLS, b"%PDF")):
            raise NotText
        chunks = itertools.chain((head,), iter(lambda: file.read(_CHUNK), b""))
        codec = encoding or encodings.of(chunks)
    sign = delimiter or delimiters.of(_beginning(path, codec))
    return Form(format="csv", encoding=codec, delimiter=sign)


def _beginning(path: Path, codec: str) -> str:
    with path.open(encoding=codec, errors="replace", newline="") as file:
        return file.read(1 << 16)


def rows(path: Path, form: Form) -> Iterator[Row]:
    """Stream the rows with their numbers as a spreadsheet counts them, header first.

    Cells are text without blanks around it; blank rows are left out. Raises TableError.
    """
    source = _xlsx_rows(path, form.sheet) if form.format == "xlsx" else _csv_rows(path, form)
    for number, cells in enumerate(source, start=1):
        if any(cells):
            yield number, cells


def _csv_rows(path: Path, form: Form) -> Iterator[list[str]]:
    with path.open(encoding=form.encoding, newline="") as file:
        reader = csv.reader(file, delimiter=form.delimiter)
        try:
            for cells in reader:
                yield [cell.strip() for cell in cells]
        except csv.Error as error:
            why = _("a quotation mark is not closed") if "limit" in str(error) else str(error)
            raise BrokenTable(line=reader.line_num, why=why) from error
        except UnicodeDecodeError as error:
            raise BrokenTable(line=reader.line_num + 1, why=_("wrong encoding")) from error


def _xlsx_rows(path: Path, sheet: str) -> Iterator[list[str]]:
    import openpyxl  # noqa: PLC0415 (half a second that only spreadsheets should cost)

    _refuse_bombs(path)
    with path.open("rb") as file:  # by its path it would judge the name
        try:
            book = openpyxl.load_workbook(file, read_only=True, data_only=True, keep_links=False)
        except (KeyError, ValueError, OSError, zipfile.BadZipFile) as error:
            raise NotText from error
        page: Any = book[sheet] if sheet in book.sheetnames else _first_sheet(book)
        page.reset_dimensions()
        for cells in page.iter_rows():
            yield [_plain(cell) for cell in cells]


def _first_sheet(book: Any) -> Any:
    if not book.worksheets:
        raise EmptyFile
    return book.worksheets[0]


def _refuse_bombs(path: Path) -> None:
    try:
        with zipfile.ZipFile(path) as packed:
            size = sum(part.file_size for part in packed.infolist())
    except zipfile.BadZipFile as error:
        raise NotText from error
    if size > _UNPACKED_MOST:
        raise BrokenTable(line=1, why=_("the spreadsheet is too large when unpacked"))


def _plain(cell: Any) -> str:
    """Write a spreadsheet's value as text: ISO dates, plain numbers, zeros of its format kept."""
    value = cell.value
    if value is None:
        return ""
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == time() else value.isoformat(" ")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, int | float):
        return PlainNumber(_number(value, str(cell.number_format or "")))
    return str(value)


def _number(value: float, form: str) -> str:
    whole = int(value) if value == value and abs(value) < 1e300 else 0  # noqa: PLR0124 (NaN)
    if whole == value:
        return str(whole).zfill(len(form)) if _ZEROS.fullmatch(form) else str(whole)
    # Fifteen digits are what a spreadsheet shows; the rest is binary noise (0.1 + 0.2).
    return format(Decimal(format(value, ".15g")), "f")
