"""The invoice on paper: it can always be drawn, is the same each time, and trusts no text."""

import re
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dunwell.chasing.wording import LANGUAGES, document_labels
from dunwell.ports import registry
from dunwell.ports.documents import DocumentError, DocumentLine, InvoiceDocument, Party
from dunwell.ports.errors import UnknownProvider
from dunwell.providers.pdf_typst import TypstRenderer

RENDERER = TypstRenderer()
LOGO = b"""<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 40 40">
<rect width="40" height="40" rx="8" fill="#0f5c5c"/></svg>"""


def line(at: int) -> DocumentLine:
    return DocumentLine(
        description=f"Design and build, part {at}",
        detail="12 to 26 February" if at % 3 == 0 else "",
        quantity="1",
        unit_price="€1,120.00",
        amount="€1,120.00",
    )


def invoice(**given: Any) -> InvoiceDocument:
    base: dict[str, Any] = {
        "language": "en",
        "labels": document_labels(language="en"),
        "number": "2026-0117",
        "seller": Party(name="Fjord & Sons AS", lines=("Bryggen 7", "5003 Bergen")),
        "buyer": Party(name="Kaufmann & Lindqvist GmbH", lines=("Hafenstr. 12",)),
        "facts": (("Invoice date", "3 March 2026"), ("Due date", "2 April 2026")),
        "lines": tuple(map(line, range(3))),
        "totals": (("Total", "€3,360.00"),),
        "balance_due": "€3,360.00",
        "due_date": "2 April 2026",
        "made_at": datetime(2026, 3, 3, 9, tzinfo=UTC),
        "due_explained": "net 30 from the invoice date",
        "bank_accounts": ((("IBAN", "NO93 8601 1117 947"), ("BIC", "BERGNO22")),),
        "payment_reference": "2026-0117",
        "payment_link": "https://pay.example/i/7Qm2",
        "notes": "Thank you.",
        "footer": "NO 987 654 321 MVA",
    }
    return InvoiceDocument(**(base | given))


def pages(pdf: bytes) -> int:
    found = re.search(rb"/Count (\d+)", pdf)
    assert found is not None
    return int(found[1])


def size_of(pdf: bytes) -> tuple[int, ...]:
    found = re.search(rb"/MediaBox\[0 0 ([\d.]+) ([\d.]+)\]", pdf)
    assert found is not None
    return tuple(round(float(each)) for each in found.groups())


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_invoice_is_one_page_with_title_language_and_link(language: str) -> None:
    pdf = RENDERER.render(invoice(language=language, labels=document_labels(language=language)))
    assert pdf.startswith(b"%PDF-1.7")
    assert pages(pdf) == 1
    assert f"/Lang({language})".encode() in pdf
    assert b"(https://pay.example/i/7Qm2)" in pdf
    assert b"2026-0117)" in pdf
    assert b"/StructTreeRoot" in pdf


def test_a_long_list_of_lines_runs_over_pages() -> None:
    assert pages(RENDERER.render(invoice(lines=tuple(map(line, range(60)))))) == 3


@pytest.mark.parametrize(("paper", "points"), [("a4", (595, 842)), ("us-letter", (612, 792))])
def test_the_paper_is_the_one_asked_for(paper: str, points: tuple[int, ...]) -> None:
    assert size_of(RENDERER.render(invoice(paper=paper))) == points


def test_the_same_invoice_gives_the_same_bytes_wherever_and_whenever() -> None:
    first = RENDERER.render(invoice())
    here = datetime(2026, 3, 3, 10, tzinfo=ZoneInfo("Europe/Oslo"))
    assert TypstRenderer().render(invoice(made_at=here)) == first
    assert b"/CreationDate(D:20260303090000Z)" in first
    assert RENDERER.render(invoice(number="2026-0118")) != first


def test_a_logo_takes_the_place_of_the_name() -> None:
    assert RENDERER.render(invoice(logo=LOGO)) != RENDERER.render(invoice())


def test_a_logo_that_is_no_picture_is_a_clear_error() -> None:
    with pytest.raises(DocumentError, match="image"):
        RENDERER.render(invoice(logo=b"not a picture"))
    assert pages(RENDERER.render(invoice())) == 1


@pytest.mark.parametrize(
    "target", ["javascript:alert(1)", "file:///etc/passwd", "data:text/html,x", "pay at the desk"]
)
def test_only_web_addresses_become_links(target: str) -> None:
    pdf = RENDERER.render(invoice(payment_link=target))
    assert b"/URI" not in pdf


def test_an_invoice_with_nothing_optional_is_drawn() -> None:
    bare = replace(
        invoice(),
        lines=(),
        totals=(),
        facts=(),
        bank_accounts=(),
        due_explained="",
        payment_reference="",
        payment_link="",
        notes="",
        footer="",
    )
    assert pages(RENDERER.render(bare)) == 1


@pytest.mark.parametrize("tag", ["", "xx-YY", "zh-Hant-TW", "ar", "not a language", "de_AT"])
def test_any_language_tag_is_drawn(tag: str) -> None:
    assert pages(RENDERER.render(invoice(language=tag))) == 1


def test_text_is_never_read_as_markup() -> None:
    markup = '#panic("x") #include "/etc/passwd" *b* $ _ ` @ref <l> \\ #{ [ ] " //'
    pdf = RENDERER.render(
        invoice(
            number=markup,
            notes=markup,
            buyer=Party(name=markup, lines=(markup,)),
            lines=(DocumentLine(description=markup, quantity="1", unit_price="1", amount="1"),),
        )
    )
    assert pages(pdf) == 1


@settings(max_examples=60, deadline=None)
@given(name=st.text(max_size=1000), text=st.text(max_size=1000), amount=st.text(max_size=30))
def test_whatever_people_type_is_drawn(name: str, text: str, amount: str) -> None:
    odd = DocumentLine(
        description=text, detail=name, quantity=amount, unit_price=amount, amount=amount
    )
    document = invoice(number=amount, buyer=Party(name=name, lines=(text,)), lines=(odd,))
    assert RENDERER.render(replace(document, notes=text, footer=name[:80])).startswith(b"%PDF")


def test_config_finds_the_renderer_by_name() -> None:
    registry.register_documents(name=RENDERER.name, renderer=RENDERER)
    assert registry.document_renderer(name="pdf_typst") is RENDERER
    with pytest.raises(UnknownProvider):
        registry.document_renderer(name="crayon")
