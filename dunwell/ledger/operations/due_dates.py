"""Gives an invoice its due date and remembers how it came about."""

from dataclasses import asdict

from dunwell.core import terms
from dunwell.core.errors import CoreError
from dunwell.core.terms import Source, Terms
from dunwell.ledger.checks import as_json, sentence
from dunwell.ledger.errors import DueDateMissing
from dunwell.ledger.models import Customer, Invoice
from dunwell.ledger.queries.due_dates import rule_of
from dunwell.tenancy.errors import InvalidInput
from dunwell.tenancy.models import Organization


def set_due_date(*, organization: Organization, customer: Customer, invoice: Invoice) -> None:
    """Reckon the due date of an invoice anew (not saved). Rule: tracking, Dates and terms.

    An issued invoice keeps the terms it was issued under, whatever customer and organization
    agree on later. Raises InvalidInput for an explicit date before the invoice date, and for an
    issued invoice that would lose its date DueDateMissing.
    """
    kept = _kept_terms(invoice) if invoice.issued_at is not None else {}
    customer_terms = customer.terms if not kept else kept.get(Source.CUSTOMER)
    try:
        found = terms.due_date(
            invoice_date=invoice.invoice_date,
            delivery_date=invoice.delivery_date,
            explicit=invoice.explicit_due_date,
            invoice_terms=invoice.terms,
            customer_terms=customer_terms,
            organization_terms=kept.get(Source.ORGANIZATION, organization.terms),
        )
    except CoreError as error:
        raise InvalidInput.at("due_date", sentence(error)) from error
    if found.date is None and invoice.issued_at is not None:
        raise DueDateMissing(blocked=found.blocked)
    invoice.due_date = found.date
    rule = asdict(found.rule) if found.rule is not None else {}
    invoice.due_rule = {
        **{name: as_json(value) for name, value in rule.items()},
        "blocked": found.blocked and found.blocked.value,
    }


def _kept_terms(invoice: Invoice) -> dict[Source, Terms]:
    """Return the customer's or organization's terms that the invoice was issued under."""
    rule = rule_of(invoice.due_rule)
    if rule is None or rule.days is None or rule.anchor is None:
        return {}
    if rule.source not in (Source.CUSTOMER, Source.ORGANIZATION):
        return {}
    return {rule.source: Terms(days=rule.days, anchor=rule.anchor)}
