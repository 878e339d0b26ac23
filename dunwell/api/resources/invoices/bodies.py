"""What programs send about invoices."""

from decimal import Decimal
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field

from dunwell.api import shapes
from dunwell.ledger.operations import LineInput


class LineIn(shapes.Body):
    """One line; `unit_price` before tax in the invoice's currency, `tax_rate` in percent."""

    description: shapes.Line = ""
    quantity: shapes.Amount = Decimal(1)
    unit_price: shapes.Number
    tax_rate: shapes.Amount | None = None

    def read(self) -> LineInput:
        """Return the ledger's input."""
        return LineInput(
            description=self.description,
            quantity=self.quantity,
            unit_price=self.unit_price,
            tax_rate=self.tax_rate,
        )


class InvoiceFields(shapes.Body):
    """What can be given of an invoice; `total` and `unit_price` are in its currency."""

    number: shapes.Line | None = None
    currency: shapes.Line | None = None
    lines: Annotated[list[LineIn], Field(max_length=1000)] = []
    total: shapes.Number | None = None
    invoice_date: shapes.Day | None = None
    delivery_date: shapes.Day | None = None
    terms: shapes.TermsIn | None = None
    due_date: shapes.Day | None = None
    engagement: shapes.Line | None = None
    purchase_order: shapes.Line | None = None
    note: shapes.Text | None = None
    owner: Annotated[shapes.Line | None, Field(description="A member's id or email")] = None
    external_id: shapes.Line | None = None
    autopay: shapes.YesNo = False
    cadence_id: Annotated[
        UUID | None, Field(description="Absent: the default cadence; null: none")
    ] = None


class InvoiceIn(InvoiceFields):
    """A new invoice: with lines, or with a total."""

    customer_id: UUID
    issue: Annotated[shapes.YesNo, Field(description="Issue it at once")] = False


class InvoicePatch(InvoiceFields):
    """The fields of an invoice that change; what issuing fixed is refused."""

    customer_id: UUID | None = None
    issue: Annotated[shapes.YesNo, Field(description="Issue the draft with these changes")] = False


class CloseIn(shapes.Body):
    """Why an invoice is closed."""

    reason: Literal["void", "write_off"]
    note: shapes.Text = ""


class SendIn(shapes.Body):
    """A member's own message now; `confirm` where somebody got it today already."""

    channels: Annotated[list[shapes.Channel], Field(min_length=1, max_length=3)] = ["email"]
    confirm: shapes.YesNo = False


def fields(data: InvoiceFields) -> dict[str, Any]:
    """Turn what was sent into the ledger's fields; null clears."""
    fields = data.given()
    for name in ("number", "currency", "engagement", "purchase_order", "note"):
        if name in fields:
            fields[name] = fields[name] or ""
    if "lines" in fields:
        fields["lines"] = [line.read() for line in data.lines]
    if "terms" in fields:
        fields["terms"] = data.terms and data.terms.read()
    if "owner" in fields:
        fields["owner_id"] = shapes.member_id("owner", fields.pop("owner"))
    return fields
