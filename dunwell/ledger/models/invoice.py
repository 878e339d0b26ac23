"""Invoices, their lines and documents."""

from datetime import date

from django.db import models
from django.db.models import F, Q

from dunwell.core.money import Money
from dunwell.core.states import State, invoice_state
from dunwell.core.terms import Anchor, Terms
from dunwell.ledger.models.customer import Customer
from dunwell.tenancy.models import Member, TenantKey, TenantModel


class Invoice(TenantModel):
    """An invoice. Money is in minor units of `currency`.

    `applied_minor` is kept by a trigger on applications and by nothing else, `balance_minor` is
    computed by the database, hence balance = total − Σ applied always. `chase_version` is raised
    by everything that may stop a message; the sender compares it under the row lock
    (docs/decisions/0004).
    """

    number = models.CharField(max_length=100)
    customer = TenantKey(Customer, models.RESTRICT, related_name="invoices")
    currency = models.CharField(max_length=3)
    total_minor = models.BigIntegerField()
    applied_minor = models.BigIntegerField(default=0, editable=False)
    balance_minor = models.GeneratedField(
        expression=F("total_minor") - F("applied_minor"),
        output_field=models.BigIntegerField(),
        db_persist=True,
    )
    invoice_date = models.DateField()
    delivery_date = models.DateField(null=True)
    terms_days = models.PositiveSmallIntegerField(null=True)
    terms_anchor = models.CharField(max_length=16, null=True)
    explicit_due_date = models.DateField(null=True)
    due_date = models.DateField(null=True)
    due_rule = models.JSONField(default=dict)
    engagement = models.CharField(max_length=100, blank=True, default="")
    purchase_order = models.CharField(max_length=100, blank=True, default="")
    note = models.TextField(blank=True, default="")
    owner = TenantKey(Member, models.RESTRICT, null=True, related_name="+")
    external_id = models.CharField(max_length=100, null=True)
    autopay = models.BooleanField(default=False)
    created_at = models.DateTimeField()
    issued_at = models.DateTimeField(null=True)
    first_marked_sent_at = models.DateTimeField(null=True)
    paid_at = models.DateTimeField(null=True)
    paid_on = models.DateField(null=True)
    closed_at = models.DateTimeField(null=True)
    closed_on = models.DateField(null=True)
    close_reason = models.CharField(
        max_length=9, blank=True, default="", choices=[("void", "void"), ("write_off", "write_off")]
    )
    close_note = models.TextField(blank=True, default="")
    version = models.PositiveIntegerField(default=1)
    chase_version = models.PositiveIntegerField(default=1)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organization", "number"], name="invoice_number_once"),
            models.UniqueConstraint(
                fields=["organization", "external_id"], name="invoice_external_id_once"
            ),
            models.CheckConstraint(condition=Q(total_minor__gt=0), name="invoice_total_positive"),
            models.CheckConstraint(
                condition=Q(applied_minor__gte=0) & Q(applied_minor__lte=F("total_minor")),
                name="invoice_not_over_applied",
            ),
            models.CheckConstraint(
                condition=Q(issued_at__isnull=True) | Q(due_date__isnull=False),
                name="issued_invoice_has_due_date",
            ),
            models.CheckConstraint(
                condition=Q(issued_at__isnull=False) | Q(applied_minor=0, closed_at__isnull=True),
                name="draft_has_no_payments",
            ),
        ]
        indexes = [
            models.Index(
                fields=["organization", "-balance_minor", "id"],
                condition=Q(issued_at__isnull=False, closed_at__isnull=True, balance_minor__gt=0),
                name="invoice_open_by_balance",
            ),
            models.Index(
                fields=["organization", "due_date", "id"],
                include=["balance_minor", "currency"],
                condition=Q(issued_at__isnull=False, closed_at__isnull=True, balance_minor__gt=0),
                name="invoice_open_by_due_date",
            ),
            models.Index(
                fields=["organization", "customer", "due_date"], name="invoice_of_customer"
            ),
            models.Index(
                fields=["organization", "-paid_at", "id"],
                condition=Q(balance_minor__lte=0, closed_at__isnull=True),
                name="invoice_paid_lately",
            ),
            models.Index(
                fields=["organization", "id"],
                condition=Q(issued_at__isnull=True),
                name="invoice_drafts",
            ),
            models.Index(fields=["organization", "invoice_date", "id"], name="invoice_by_date"),
        ]

    def __str__(self) -> str:
        return self.number

    @property
    def total(self) -> Money:
        """Return the total."""
        return Money(self.total_minor, self.currency)

    @property
    def balance(self) -> Money:
        """Return what is still owed: total minus everything applied."""
        return Money(self.total_minor - self.applied_minor, self.currency)

    @property
    def terms(self) -> Terms | None:
        """Return the invoice's own payment terms, if any."""
        if self.terms_days is None or self.terms_anchor is None:
            return None
        return Terms(days=self.terms_days, anchor=Anchor(self.terms_anchor))

    def state(self, *, today: date) -> State:
        """Return the state on the organization's local day `today`."""
        return invoice_state(
            issued=self.issued_at is not None,
            closed=self.closed_at is not None,
            balance_minor=self.total_minor - self.applied_minor,
            due_date=self.due_date,
            today=today,
        )


class InvoiceLine(TenantModel):
    """One line: quantity × unit price (+ tax), rounded once to minor units."""

    invoice = TenantKey(Invoice, related_name="lines")
    position = models.PositiveSmallIntegerField()
    description = models.CharField(max_length=1000)
    quantity = models.DecimalField(max_digits=18, decimal_places=6)
    unit_price = models.DecimalField(max_digits=24, decimal_places=6)
    tax_rate = models.DecimalField(max_digits=7, decimal_places=4, null=True)
    net_minor = models.BigIntegerField()
    tax_minor = models.BigIntegerField()

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "invoice", "position"], name="invoice_line_position_once"
            )
        ]

    def __str__(self) -> str:
        return self.description


class InvoiceDocument(TenantModel):
    """A file of an invoice: the original PDF uploaded with it, or another attachment."""

    invoice = TenantKey(Invoice, related_name="documents")
    name = models.CharField(max_length=200)
    content_type = models.CharField(max_length=100)
    size = models.PositiveIntegerField()
    data = models.BinaryField()
    original = models.BooleanField(default=False)
    created_at = models.DateTimeField()
    created_by = models.CharField(max_length=200)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "invoice"],
                condition=Q(original=True),
                name="one_original_document",
            )
        ]
        indexes = [models.Index(fields=["organization", "invoice"], name="document_of_invoice")]

    def __str__(self) -> str:
        return self.name
