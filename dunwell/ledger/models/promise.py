"""What customers said: promises to pay and disputes."""

from datetime import date

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from dunwell.core.calendar import add_days
from dunwell.ledger.models.customer import Contact
from dunwell.ledger.models.invoice import Invoice
from dunwell.tenancy.models import TenantKey, TenantModel


class Promise(TenantModel):
    """A date and amount that a contact promised. At most one is open per invoice."""

    invoice = TenantKey(Invoice, related_name="promises")
    contact = TenantKey(Contact, models.SET_NULL, null=True, related_name="+")
    amount_minor = models.BigIntegerField()
    promised_on = models.DateField()
    grace_days = models.PositiveSmallIntegerField()
    note = models.TextField(blank=True, default="")
    source = models.CharField(max_length=40, blank=True, default="member")
    state = models.CharField(
        max_length=8,
        default="open",
        choices=[(s, s) for s in ("open", "kept", "broken", "replaced")],
    )
    said_at = models.DateTimeField()
    settled_at = models.DateTimeField(null=True)
    recorded_by = models.CharField(max_length=200)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "invoice"],
                condition=Q(state="open"),
                name="one_open_promise",
            ),
            models.CheckConstraint(condition=Q(amount_minor__gt=0), name="promise_positive"),
        ]
        indexes = [models.Index(fields=["organization", "invoice"], name="promise_of_invoice")]

    def __str__(self) -> str:
        return str(self.promised_on)

    @property
    def last_day(self) -> date:
        """Return the last local day on which money still keeps the promise."""
        return add_days(self.promised_on, self.grace_days)


class Dispute(TenantModel):
    """An invoice, some lines or an amount of it that the customer contests."""

    invoice = TenantKey(Invoice, related_name="disputes")
    amount_minor = models.BigIntegerField(null=True)  # None: the whole balance
    lines = ArrayField(models.PositiveSmallIntegerField(), default=list, blank=True)
    reason = models.TextField(blank=True, default="")
    opened_at = models.DateTimeField()
    opened_by = models.CharField(max_length=200)
    resolved_at = models.DateTimeField(null=True)
    resolution = models.CharField(max_length=40, blank=True, default="")

    class Meta:
        indexes = [models.Index(fields=["organization", "invoice"], name="dispute_of_invoice")]

    def __str__(self) -> str:
        return self.reason[:60]
