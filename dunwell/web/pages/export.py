"""The list as a file: CSV or XLSX, with text that spreadsheets cannot take for formulas."""

import csv
import io
from collections.abc import Iterator
from typing import Any, Final

from django.http import HttpResponse
from django.utils.translation import gettext as _
from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell

from dunwell.core.tables.export import neutralize
from dunwell.overview import invoices as overview_invoices
from dunwell.overview.filters import InvoiceFilter, Status
from dunwell.overview.rows import Row
from dunwell.tenancy.errors import InvalidInput
from dunwell.web import words
from dunwell.web.requests import Here

_AT_ONCE: Final = 500
_XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
COLUMNS: Final = (
    *("number", "customer", "status", "currency", "total", "balance", "invoice_date", "due_date"),
    *("days_overdue", "owner", "engagement", "purchase_order", "last_action", "flags"),
)


def response(
    *, form: str, here: Here, status: Status, chosen: InvoiceFilter, sort: str
) -> HttpResponse:
    """Answer with the whole list as a file to save."""
    lines = _lines(here, status, chosen, sort)
    name = f"invoices-{here.today.isoformat()}"
    if form == "csv":
        content, kind = _csv(lines), "text/csv; charset=utf-8"
    elif form == "xlsx":
        content, kind = _xlsx(lines), _XLSX
    else:
        raise InvalidInput.at("as", _("Lists are exported as csv or xlsx."))
    answer = HttpResponse(content, content_type=kind)
    answer["Content-Disposition"] = f'attachment; filename="{name}.{form}"'
    return answer


def _lines(here: Here, status: Status, chosen: InvoiceFilter, sort: str) -> Iterator[list[Any]]:
    after: str | None = ""
    while after is not None:
        page = overview_invoices.invoices(
            organization=here.organization,
            now=here.now,
            status=status,
            chosen=chosen,
            sort=sort,
            after=after,
            limit=_AT_ONCE,
        )
        yield from (_line(row, here) for row in page.rows)
        after = page.next


def _line(row: Row, here: Here) -> list[Any]:
    last = row.last_action
    return [
        row.number,
        row.customer,
        row.state.value,
        row.total.currency,
        row.total.amount,
        row.balance.amount,
        row.invoice_date,
        row.due_date,
        row.days_overdue,
        row.owner,
        row.engagement,
        row.purchase_order,
        f"{words.exact_instant(last.at, here=here)} {last.kind}" if last else "",
        " ".join(row.flags),
    ]


def _csv(lines: Iterator[list[Any]]) -> bytes:
    buffer = io.StringIO()
    buffer.write("\N{BYTE ORDER MARK}")  # without it spreadsheets read umlauts wrongly
    writer = csv.writer(buffer)
    writer.writerow(COLUMNS)
    for line in lines:
        writer.writerow([neutralize(v) if isinstance(v, str) else v for v in line])
    return buffer.getvalue().encode()


def _xlsx(lines: Iterator[list[Any]]) -> bytes:
    book = Workbook(write_only=True)
    sheet = book.create_sheet("Invoices")
    sheet.freeze_panes = "A2"
    sheet.append(COLUMNS)
    for line in lines:
        sheet.append([_cell(sheet, value) for value in line])
    kept = io.BytesIO()
    book.save(kept)
    return kept.getvalue()


def _cell(sheet: Any, value: Any) -> Any:
    """Keep text as text: a cell of type string is never computed."""
    if not isinstance(value, str):
        return value
    cell = WriteOnlyCell(sheet, value=neutralize(value))
    cell.data_type = "s"
    return cell
