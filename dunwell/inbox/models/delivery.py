"""One message on one channel to one contact."""

from django.db import models
from django.db.models import Q

from dunwell.core.outcomes import DeliveryState
from dunwell.inbox.models.conversation import Message
from dunwell.ledger.models import Contact, Customer, Invoice
from dunwell.tenancy.models import TenantKey, TenantModel, unchecked_organization

STATES = tuple(state.value for state in DeliveryState)


class Delivery(TenantModel):
    """One message to one contact. Its id is the Message-ID, so it exists before anything is sent.

    `planned_send_id` points to the floor above (chasing adds the constraint). While queued,
    `batch_id` and `ordinal` say in which open batch of a sender it stands. `sha256` is the hash of
    the exact bytes handed over, `provider_answer` what the provider said, `provider_reference` the
    name under which it reports later what became of it.
    """

    organization = unchecked_organization()
    planned_send_id = models.UUIDField(null=True)
    customer = TenantKey(Customer, related_name="deliveries")
    invoice = TenantKey(Invoice, null=True, related_name="deliveries")
    contact = TenantKey(Contact, models.SET_NULL, null=True, related_name="deliveries")
    message = TenantKey(Message, models.SET_NULL, null=True, related_name="deliveries")
    channel = models.CharField(max_length=6)
    to_name = models.CharField(max_length=200, blank=True, default="")
    to_address = models.CharField(max_length=254, blank=True, default="")
    state = models.CharField(max_length=9, choices=[(s, s) for s in STATES])
    reason = models.CharField(max_length=40, blank=True, default="")
    detail = models.TextField(blank=True, default="")
    template = models.CharField(max_length=40, blank=True, default="")
    language = models.CharField(max_length=16, blank=True, default="")
    invoice_version = models.PositiveIntegerField(default=0)
    chase_version = models.PositiveIntegerField(default=0)
    balance_minor = models.BigIntegerField(default=0)
    at = models.DateTimeField()  # the organization's clock when it was made
    local_day = models.DateField()
    tries = models.PositiveSmallIntegerField(default=0)
    next_try_at = models.DateTimeField(null=True)
    not_before = models.DateTimeField(null=True)  # the organization's clock: quiet hours end
    give_up_at = models.DateTimeField(null=True)
    batch_id = models.UUIDField(null=True)
    ordinal = models.PositiveIntegerField(null=True)
    settled_at = models.DateTimeField(null=True)
    provider = models.CharField(max_length=40, blank=True, default="")
    provider_answer = models.TextField(blank=True, default="")
    provider_reference = models.CharField(max_length=120, blank=True, default="")
    sha256 = models.CharField(max_length=64, blank=True, default="")
    reported_at = models.DateTimeField(null=True)  # when the state was last told by a report
    opened_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(state__in=STATES), name="delivery_state_known")
        ]
        indexes = [
            models.Index(fields=["organization", "planned_send_id"], name="delivery_of_send"),
            models.Index(
                fields=["organization", "invoice", "local_day"], name="delivery_of_invoice"
            ),
            models.Index(fields=["organization", "at", "id"], name="delivery_in_order"),
            models.Index(
                fields=["batch_id", "ordinal"],
                condition=Q(batch_id__isnull=False),
                name="delivery_in_batch",
            ),
            models.Index(
                fields=["next_try_at"],
                condition=Q(state="queued", batch_id__isnull=True),
                name="delivery_to_retry",
            ),
            models.Index(
                fields=["organization", "at"],
                condition=Q(state="queued", provider="letter_pdf"),
                name="delivery_in_tray",
            ),
            models.Index(
                fields=["organization", "provider_reference"],
                condition=~Q(provider_reference=""),
                name="delivery_by_reference",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.channel} {self.to_address}"
