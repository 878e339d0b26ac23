"""The log of what people and the system did, per customer and invoice."""

from django.db import models

from dunwell.ledger.models.customer import Customer
from dunwell.ledger.models.invoice import Invoice
from dunwell.tenancy.models import Member, TenantKey, TenantModel, unchecked_organization

# Something sent to or heard from the customer counts as “last action” (Rule: tracking, Never chase
# blind); everything else is history only.
ACTIONS = frozenset(
    {"message", "call", "meeting", "note", "reply", "promise", "dispute", "payment"}
)


class Activity(TenantModel):
    """One entry: who did what, to which invoice or customer, when, on which channel."""

    organization = unchecked_organization()
    customer = TenantKey(Customer, related_name="activities")
    invoice = TenantKey(Invoice, null=True, related_name="activities")
    kind = models.CharField(max_length=40)
    counts = models.BooleanField()  # kind in ACTIONS, kept for the index
    at = models.DateTimeField()
    by = models.CharField(max_length=200)
    member = TenantKey(Member, models.SET_NULL, null=True, related_name="+")
    channel = models.CharField(max_length=10, blank=True, default="")
    outcome = models.CharField(max_length=200, blank=True, default="")
    text = models.TextField(blank=True, default="")
    next_on = models.DateField(null=True)
    data = models.JSONField(default=dict)

    class Meta:
        indexes = [
            models.Index(fields=["organization", "invoice", "-at", "-id"], name="activity_invoice"),
            models.Index(
                fields=["organization", "customer", "-at", "-id"], name="activity_customer"
            ),
        ]

    def __str__(self) -> str:
        return self.kind
