"""Letters on paper: the address stands in the window of its envelope, whatever it is."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pypdfium2 as pdfium
import pytest

from dunwell.chasing.wording import LANGUAGES, document_labels
from dunwell.core.postal import PostalAddress, envelope_lines, missing_parts
from dunwell.ports.documents import LetterDocument, ListDocument, Party
from dunwell.providers.pdf_typst import TypstRenderer

RENDERER = TypstRenderer()
MM, INCH = 72 / 25.4, 72.0
# Left, top, right, bottom from the top left corner of the page, in points.
WINDOWS = {
    "din-b": (20 * MM, 45 * MM, 105 * MM, 90 * MM),
    "us-10": (0.875 * INCH, 2.04 * INCH, 5.375 * INCH, 3.167 * INCH),
}
ADDRESSES = [
    ("Proseware Ltd", "1 High Street", "London"),
    (
        "Kunde und Söhne Maschinenbau- und Anlagentechnik GmbH & Co. Kommanditgesellschaft",
        "Frau Dr. Adelheid Park-Ostermann",
        "Lange Straße 12",
        "Hinterhaus, 3. Obergeschoss links",
        "10115 Berlin",
        "DEUTSCHLAND",
    ),
]


def letter(form: str, language: str = "en", **given: Any) -> LetterDocument:
    base: dict[str, Any] = {
        "language": language,
        "form": form,
        "sender": Party(name="Fjord & Sons AS", lines=("Bryggen 7", "5003 Bergen", "Norway")),
        "recipient": ADDRESSES[0],
        "facts": ((document_labels(language=language)["date"], "2 November 2026"),),
        "subject": "Invoice 7: payment overdue",
        "paragraphs": ("Dear Ada Park,", "our invoice 7 was due. " * 12, "Kind regards"),
        "page_label": document_labels(language=language)["page"],
        "made_at": datetime(2026, 11, 2, tzinfo=UTC),
        "footer": ("Fjord & Sons AS", "IBAN NO93 8601 1117 947"),
        "paper": "a4" if form == "din-b" else "us-letter",
    }
    return LetterDocument(**(base | given))


def boxes(data: bytes, words: str) -> Iterator[tuple[float, float, float, float]]:
    """Find where words stand on the first page: left, top, right, bottom from its top left."""
    page = pdfium.PdfDocument(data)[0]
    text = page.get_textpage()
    found = text.search(words, match_case=True)
    while (place := found.get_next()) is not None:
        start, count = place
        for at in range(start, start + count):
            left, bottom, right, top = text.get_charbox(at)
            yield left, page.get_height() - top, right, page.get_height() - bottom


@pytest.mark.parametrize("recipient", ADDRESSES)
@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("form", ["din-b", "us-10"])
def test_every_line_of_the_address_stands_in_the_window(
    form: str, language: str, recipient: tuple[str, ...]
) -> None:
    data = RENDERER.render_letter(letter(form, language, recipient=recipient))
    left, top, right, bottom = WINDOWS[form]
    for line in recipient:
        places = list(boxes(data, line))
        assert places
        for a, b, c, d in places:
            assert left <= a <= c <= right
            assert top <= b <= d <= bottom


@pytest.mark.parametrize("form", ["din-b", "us-10"])
def test_nothing_else_shows_in_the_window_but_the_return_line(form: str) -> None:
    data = RENDERER.render_letter(letter(form))
    left, top, right, bottom = WINDOWS[form]
    page = pdfium.PdfDocument(data)[0]
    height = page.get_height()
    shown = page.get_textpage().get_text_bounded(left, height - bottom, right, height - top)
    words = {line.strip() for line in shown.splitlines() if line.strip()}
    back = {"Fjord & Sons AS · Bryggen 7 · 5003 Bergen"} if form == "din-b" else set()
    assert words == {*ADDRESSES[0], *back}


def test_a_service_that_prints_the_address_finds_its_place_free() -> None:
    page = pdfium.PdfDocument(RENDERER.render_letter(letter("lob")))[0]
    height = page.get_height()
    free = page.get_textpage().get_text_bounded(0, height - 3 * INCH, 4.125 * INCH, height)
    assert free.strip() == ""


def test_a_long_letter_goes_on_with_numbered_pages() -> None:
    data = RENDERER.render_letter(letter("din-b", paragraphs=("A line.\n" * 20,) * 8))
    count = RENDERER.pages(data)
    assert count > 1
    last = pdfium.PdfDocument(data)[count - 1]
    assert f"Page {count} of {count}" in last.get_textpage().get_text_range()


def test_enclosed_pages_of_another_size_are_fitted() -> None:
    first = RENDERER.render_letter(letter("lob"))
    other = RENDERER.render_letter(letter("din-b"))
    joined = pdfium.PdfDocument(RENDERER.join([first, other], paper="us-letter"))
    assert [(round(page.get_width()), round(page.get_height())) for page in joined] == [
        (612, 792),
        (612, 792),
    ]


def test_a_cover_list_names_every_letter() -> None:
    rows = tuple((str(n), f"Customer {n}", "Bergen", f"INV-{n}", "2") for n in range(1, 80))
    data = RENDERER.render_list(
        ListDocument(
            language="en",
            title="Letters to post",
            below_title="79 letters",
            columns=("No.", "To", "Place", "Invoice", "Pages"),
            rows=rows,
            page_label="Page {page} of {pages}",
            made_at=datetime(2026, 11, 2, tzinfo=UTC),
        )
    )
    read = "".join(page.get_textpage().get_text_range() for page in pdfium.PdfDocument(data))
    assert all(f"INV-{n}" in read for n in range(1, 80))


@pytest.mark.parametrize(
    ("address", "lines"),
    [
        (
            PostalAddress(line1="210 King St", postal_code="94107", city="San Francisco",
                          region="CA", country="US"),
            ("210 King St", "San Francisco, CA 94107", "USA"),
        ),
        (
            PostalAddress(line1="1 High St", postal_code="SW1A 1AA", city="London", country="GB"),
            ("1 High St", "London", "SW1A 1AA", "USA"),
        ),
        (
            PostalAddress(line1="Lange Str. 12", postal_code="10115", city="Berlin", country="DE"),
            ("Lange Str. 12", "10115 Berlin"),
        ),
    ],
)  # fmt: skip
def test_the_town_is_written_as_its_country_does(
    address: PostalAddress, lines: tuple[str, ...]
) -> None:
    assert envelope_lines(address, names=(), home="DE", country_name="usa") == lines


def test_what_an_address_lacks_is_named() -> None:
    assert missing_parts(PostalAddress(line1="King St", city="X"), home="US") == (
        "postal_code",
        "region",
    )
    assert missing_parts(PostalAddress(line1="O'Connell St", city="Dublin"), home="IE") == ()
