"""What is changed about a customer, where that reaches into the schedules of their invoices."""

from datetime import datetime
from uuid import UUID

from django.db import transaction

from dunwell.chasing.operations.customer_cadences import withdraw
from dunwell.chasing.operations.planning import replan
from dunwell.ledger import operations as ledger
from dunwell.ledger.models import Customer, Invoice
from dunwell.ledger.operations import CustomerChanges
from dunwell.ledger.queries.states import OPEN
from dunwell.tenancy.models import Organization
from dunwell.tenancy.roles import Actor


def update_customer(
    *,
    organization: Organization,
    actor: Actor,
    now: datetime,
    customer_id: UUID,
    changes: CustomerChanges,
) -> Customer:
    """Change a customer; “do not chase” cancels what is planned, taking it back plans again."""
    with transaction.atomic():
        customer = ledger.update_customer(
            organization=organization,
            actor=actor,
            now=now,
            customer_id=customer_id,
            changes=changes,
        )
        if "do_not_chase" in changes:
            # Also those without a schedule: a message about the account may be in the making.
            open_ones = Invoice.objects.filter(OPEN, customer_id=customer_id)
            ids = list(open_ones.values_list("id", flat=True))
            replan(organization=organization, invoice_ids=ids, now=now)
            if customer.do_not_chase:
                withdraw(customer_ids=[customer_id], now=now)
    return customer
