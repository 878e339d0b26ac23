"""Money that came in, credit, and how both were applied."""

from django.db import models
from django.db.models import F, Q

from dunwell.core.money import Money
from dunwell.ledger.models.customer import Customer
from dunwell.ledger.models.invoice import Invoice
from dunwell.tenancy.models import TenantKey, TenantModel


class Payment(TenantModel):
    """Money received. `applied_minor` is kept by the trigger on applications.

    What is neither applied nor reversed (`unapplied_minor`) is credit on the customer's account.
    """

    customer = TenantKey(Customer, models.RESTRICT, related_name="payments")
    currency = models.CharField(max_length=3)
    amount_minor = models.BigIntegerField()
    applied_minor = models.BigIntegerField(default=0, editable=False)
    reversed_minor = models.BigIntegerField(default=0)
    unapplied_minor = models.GeneratedField(
        expression=F("amount_minor") - F("applied_minor") - F("reversed_minor"),
        output_field=models.BigIntegerField(),
        db_persist=True,
    )
    received_on = models.DateField()
    method = models.CharField(max_length=40, blank=True, default="")
    reference = models.CharField(max_length=200, blank=True, default="")
    source = models.CharField(max_length=60, blank=True, default="")
    external_id = models.CharField(max_length=200, null=True)
    content_hash = models.CharField(max_length=64)
    flag = models.CharField(max_length=40, blank=True, default="")
    recorded_at = models.DateTimeField()
    recorded_by = models.CharField(max_length=200)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "source", "external_id"], name="payment_once"
            ),
            models.CheckConstraint(condition=Q(amount_minor__gt=0), name="payment_positive"),
            models.CheckConstraint(
                condition=Q(applied_minor__gte=0)
                & Q(reversed_minor__gte=0)
                & Q(amount_minor__gte=F("applied_minor") + F("reversed_minor")),
                name="payment_not_over_applied",
            ),
        ]
        indexes = [
            models.Index(fields=["organization", "customer", "received_on"], name="payment_of"),
            models.Index(fields=["organization", "-received_on", "id"], name="payment_by_date"),
            models.Index(
                fields=["organization", "customer", "currency"],
                condition=Q(unapplied_minor__gt=0),
                name="payment_with_credit",
            ),
        ]

    def __str__(self) -> str:
        return self.reference or str(self.pk)

    @property
    def amount(self) -> Money:
        """Return the amount received."""
        return Money(self.amount_minor, self.currency)

    @property
    def unapplied(self) -> Money:
        """Return what is left as credit on the customer's account."""
        return Money(self.amount_minor - self.applied_minor - self.reversed_minor, self.currency)


class PaymentReversal(TenantModel):
    """A refund, bounce or chargeback of a payment, in full or in part."""

    payment = TenantKey(Payment, models.RESTRICT, related_name="reversals")
    amount_minor = models.BigIntegerField()
    reversed_on = models.DateField()
    reason = models.CharField(max_length=200, blank=True, default="")
    recorded_at = models.DateTimeField()
    recorded_by = models.CharField(max_length=200)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(amount_minor__gt=0), name="reversal_positive")
        ]
        indexes = [models.Index(fields=["organization", "payment"], name="reversal_of_payment")]

    def __str__(self) -> str:
        return str(self.payment_id)


class CreditNote(TenantModel):
    """Reduces what is owed without money; applied like a payment."""

    customer = TenantKey(Customer, models.RESTRICT, related_name="credit_notes")
    number = models.CharField(max_length=100)
    currency = models.CharField(max_length=3)
    amount_minor = models.BigIntegerField()
    applied_minor = models.BigIntegerField(default=0, editable=False)
    unapplied_minor = models.GeneratedField(
        expression=F("amount_minor") - F("applied_minor"),
        output_field=models.BigIntegerField(),
        db_persist=True,
    )
    issued_on = models.DateField()
    reason = models.CharField(max_length=200, blank=True, default="")
    recorded_at = models.DateTimeField()
    recorded_by = models.CharField(max_length=200)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organization", "number"], name="credit_note_once"),
            models.CheckConstraint(condition=Q(amount_minor__gt=0), name="credit_note_positive"),
            models.CheckConstraint(
                condition=Q(applied_minor__gte=0) & Q(amount_minor__gte=F("applied_minor")),
                name="credit_note_not_over_applied",
            ),
        ]
        indexes = [models.Index(fields=["organization", "customer"], name="credit_note_of")]

    def __str__(self) -> str:
        return self.number

    @property
    def amount(self) -> Money:
        """Return the amount credited."""
        return Money(self.amount_minor, self.currency)

    @property
    def unapplied(self) -> Money:
        """Return what is left as credit on the customer's account."""
        return Money(self.amount_minor - self.applied_minor, self.currency)


class Application(TenantModel):
    """An amount of one payment or credit note put against one invoice.

    Append-only: taking it back adds a negative row. A trigger adds it up on the invoice, the
    payment and the credit note in the same statement.
    """

    invoice = TenantKey(Invoice, models.RESTRICT, related_name="applications")
    payment = TenantKey(Payment, models.RESTRICT, null=True, related_name="applications")
    credit_note = TenantKey(CreditNote, models.RESTRICT, null=True, related_name="applications")
    amount_minor = models.BigIntegerField()
    applied_on = models.DateField()
    recorded_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(payment__isnull=False, credit_note__isnull=True)
                | Q(payment__isnull=True, credit_note__isnull=False),
                name="application_has_one_origin",
            ),
            models.CheckConstraint(condition=~Q(amount_minor=0), name="application_not_zero"),
        ]
        indexes = [
            models.Index(fields=["organization", "invoice"], name="application_of_invoice"),
            models.Index(fields=["organization", "payment"], name="application_of_payment"),
            models.Index(
                fields=["organization", "credit_note"],
                condition=Q(credit_note__isnull=False),
                name="application_of_credit_note",
            ),
        ]

    def __str__(self) -> str:
        return str(self.invoice_id)
