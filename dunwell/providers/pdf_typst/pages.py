"""Puts pages together: a letter with what it encloses, a tray of letters for the printer."""

from collections.abc import Sequence
from io import BytesIO
from typing import Final

from pypdf import PageObject, PdfReader, PdfWriter, Transformation
from pypdf.errors import PyPdfError

from dunwell.ports.documents import DocumentError, Paper

# Points: 1/72 inch.
_SIZES: Final[dict[Paper, tuple[float, float]]] = {
    "a4": (595.28, 841.89),
    "us-letter": (612.0, 792.0),
}


def joined(files: Sequence[bytes], *, paper: Paper | None) -> bytes:
    """Join PDF files; with `paper` every page is set upon a sheet of that size."""
    if len(files) == 1 and paper is None:
        return files[0]
    writer = PdfWriter()
    try:
        for data in files:
            for page in PdfReader(BytesIO(data)).pages:
                _add(writer, page, paper)
        made = BytesIO()
        writer.write(made)
    except (PyPdfError, ValueError, KeyError, TypeError, RecursionError) as problem:
        raise DocumentError(f"a PDF file cannot be read: {problem}") from problem
    return made.getvalue()


def counted(file: bytes) -> int:
    """Count the pages of a PDF file."""
    try:
        return len(PdfReader(BytesIO(file)).pages)
    except (PyPdfError, ValueError, KeyError, TypeError, RecursionError) as problem:
        raise DocumentError(f"a PDF file cannot be read: {problem}") from problem


def _add(writer: PdfWriter, page: PageObject, paper: Paper | None) -> None:
    if paper is None:
        writer.add_page(page)
        return
    width, height = _SIZES[paper]
    if page.rotation:
        page = PdfWriter().add_page(page)
        page.transfer_rotation_to_content()
    has = page.mediabox
    if abs(float(has.width) - width) < 1 and abs(float(has.height) - height) < 1:
        writer.add_page(page)
        return
    scale = min(width / float(has.width), height / float(has.height))
    left = (width - float(has.width) * scale) / 2 - float(has.left) * scale
    top = (height - float(has.height) * scale) / 2 - float(has.bottom) * scale
    sheet = writer.add_blank_page(width=width, height=height)
    sheet.merge_transformed_page(page, Transformation().scale(scale).translate(left, top))
