"""Payment plans: an invoice's balance in installments (Rule: chasing, Customer chasing)."""

from django.db import models
from django.db.models import Q

from dunwell.ledger.models.invoice import Invoice
from dunwell.tenancy.models import TenantKey, TenantModel

CANCELLED, AMENDED = "cancelled", "amended"


class PaymentPlan(TenantModel):
    """Installments agreed for one invoice; at most one plan of an invoice has not ended.

    `applied_before_minor` is what the invoice had received when the plan began: what was applied
    since fills the installments, the oldest first. Hence nothing of a plan is stored twice: which
    installments are kept or missed, and that it is paid, follows from the invoice.
    """

    invoice = TenantKey(Invoice, related_name="payment_plans")
    applied_before_minor = models.BigIntegerField()
    note = models.TextField(blank=True, default="")
    started_at = models.DateTimeField()
    started_on = models.DateField()
    started_by = models.CharField(max_length=200)
    changed_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    end_reason = models.CharField(
        max_length=9,
        blank=True,
        default="",
        choices=[(CANCELLED, CANCELLED), (AMENDED, AMENDED)],
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "invoice"],
                condition=Q(ended_at__isnull=True),
                name="one_payment_plan",
            ),
            models.CheckConstraint(
                condition=Q(ended_at__isnull=True, end_reason="")
                | (Q(ended_at__isnull=False) & ~Q(end_reason="")),
                name="plan_end_has_reason",
            ),
            models.CheckConstraint(
                condition=Q(applied_before_minor__gte=0), name="plan_begins_with_applied"
            ),
        ]
        indexes = [models.Index(fields=["organization", "invoice"], name="plan_of_invoice")]

    def __str__(self) -> str:
        return str(self.started_on)


class Installment(TenantModel):
    """One part of a plan, due on a day."""

    plan = TenantKey(PaymentPlan, related_name="installments")
    position = models.PositiveSmallIntegerField()
    due_date = models.DateField()
    amount_minor = models.BigIntegerField()

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "plan", "position"], name="installment_position_once"
            ),
            models.CheckConstraint(condition=Q(amount_minor__gt=0), name="installment_positive"),
        ]

    def __str__(self) -> str:
        return str(self.due_date)


class PendingPayment(TenantModel):
    """Money a processor announced that has not settled yet; it holds what it is for.

    Without shares it holds all open invoices of the customer in its currency.
    """

    customer = TenantKey("ledger.Customer", models.RESTRICT, related_name="pending_payments")
    currency = models.CharField(max_length=3)
    amount_minor = models.BigIntegerField()
    announced_on = models.DateField()
    method = models.CharField(max_length=40, blank=True, default="")
    reference = models.CharField(max_length=200, blank=True, default="")
    source = models.CharField(max_length=60, blank=True, default="")
    external_id = models.CharField(max_length=200, null=True)
    content_hash = models.CharField(max_length=64)
    all_open = models.BooleanField()  # no invoices were named
    announced_at = models.DateTimeField()
    recorded_by = models.CharField(max_length=200)
    state = models.CharField(
        max_length=7, default="pending", choices=[(s, s) for s in ("pending", "settled", "failed")]
    )
    ended_at = models.DateTimeField(null=True)
    end_note = models.CharField(max_length=200, blank=True, default="")
    payment = TenantKey("ledger.Payment", models.RESTRICT, null=True, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "source", "external_id"], name="pending_payment_once"
            ),
            models.CheckConstraint(
                condition=Q(amount_minor__gt=0), name="pending_payment_positive"
            ),
            models.CheckConstraint(
                condition=Q(state="pending", ended_at__isnull=True, payment__isnull=True)
                | Q(state="settled", ended_at__isnull=False, payment__isnull=False)
                | Q(state="failed", ended_at__isnull=False, payment__isnull=True),
                name="pending_payment_end_whole",
            ),
        ]
        indexes = [
            models.Index(
                fields=["organization", "customer", "ended_at"], name="pending_payment_of"
            ),
        ]

    def __str__(self) -> str:
        return self.reference or str(self.pk)


class PendingShare(TenantModel):
    """What a pending payment is for: an invoice, and how much of it (None: what it owes)."""

    pending = TenantKey(PendingPayment, related_name="shares")
    invoice = TenantKey(Invoice, related_name="+")
    amount_minor = models.BigIntegerField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "pending", "invoice"], name="pending_share_once"
            )
        ]
        indexes = [models.Index(fields=["organization", "invoice"], name="pending_share_of")]

    def __str__(self) -> str:
        return str(self.invoice_id)


class UnmatchedPayment(TenantModel):
    """Money received of which nobody knows yet what it is for; `customer` where that is known."""

    customer = TenantKey(
        "ledger.Customer", models.RESTRICT, null=True, related_name="unmatched_payments"
    )
    currency = models.CharField(max_length=3)
    amount_minor = models.BigIntegerField()
    received_on = models.DateField()
    payer = models.CharField(max_length=200, blank=True, default="")
    method = models.CharField(max_length=40, blank=True, default="")
    reference = models.CharField(max_length=200, blank=True, default="")
    source = models.CharField(max_length=60, blank=True, default="")
    external_id = models.CharField(max_length=200, null=True)
    content_hash = models.CharField(max_length=64)
    came_at = models.DateTimeField()
    recorded_by = models.CharField(max_length=200)
    state = models.CharField(
        max_length=9,
        default="waiting",
        choices=[(s, s) for s in ("waiting", "matched", "discarded")],
    )
    ended_at = models.DateTimeField(null=True)
    end_note = models.CharField(max_length=200, blank=True, default="")
    payment = TenantKey("ledger.Payment", models.RESTRICT, null=True, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "source", "external_id"], name="unmatched_payment_once"
            ),
            models.CheckConstraint(
                condition=Q(amount_minor__gt=0), name="unmatched_payment_positive"
            ),
            models.CheckConstraint(
                condition=Q(state="waiting", ended_at__isnull=True, payment__isnull=True)
                | Q(state="matched", ended_at__isnull=False, payment__isnull=False)
                | Q(state="discarded", ended_at__isnull=False, payment__isnull=True),
                name="unmatched_payment_end_whole",
            ),
        ]
        indexes = [
            models.Index(
                fields=["organization", "customer", "ended_at"], name="unmatched_payment_of"
            ),
            models.Index(
                fields=["organization", "received_on", "id"],
                condition=Q(state="waiting"),
                name="unmatched_payment_waiting",
            ),
        ]

    def __str__(self) -> str:
        return self.reference or self.payer or str(self.pk)


class PaidClaim(TenantModel):
    """A customer says that an invoice is paid; it holds until `until`, the third working day."""

    invoice = TenantKey(Invoice, related_name="paid_claims")
    contact = TenantKey("ledger.Contact", models.SET_NULL, null=True, related_name="+")
    note = models.TextField(blank=True, default="")
    source = models.CharField(max_length=40, blank=True, default="member")
    claimed_at = models.DateTimeField()
    until = models.DateField()
    recorded_by = models.CharField(max_length=200)
    ended_at = models.DateTimeField(null=True)
    answer = models.CharField(
        max_length=8,
        blank=True,
        default="",
        choices=[(s, s) for s in ("payment", "resolved", "replaced")],
    )
    answer_note = models.CharField(max_length=200, blank=True, default="")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "invoice"],
                condition=Q(ended_at__isnull=True),
                name="one_open_paid_claim",
            ),
            models.CheckConstraint(
                condition=Q(ended_at__isnull=True, answer="")
                | (Q(ended_at__isnull=False) & ~Q(answer="")),
                name="paid_claim_end_has_answer",
            ),
        ]
        indexes = [models.Index(fields=["organization", "invoice"], name="paid_claim_of_invoice")]

    def __str__(self) -> str:
        return self.note[:60]
