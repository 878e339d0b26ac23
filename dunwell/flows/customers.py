"""What is changed about a customer, where that reaches into the schedules of their invoices."""

from datetime import datetime
from uuid import UUID

from django.db import transaction

from dunwell.chasing.models import Schedule
from dunwell.chasing.operations.planning import replan
from dunwell.ledger import operations as ledger
from dunwell.ledger.models import Customer
from dunwell.ledger.operations import CustomerChanges
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
            chased = Schedule.objects.filter(invoice__customer_id=customer_id)
            ids = list(chased.values_list("invoice_id", flat=True))
            replan(organization=organization, invoice_ids=ids, now=now)
    return customer
