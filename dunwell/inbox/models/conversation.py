"""One thread with one counterpart, whatever the channel."""

from django.db import models

from dunwell.ledger.models import Contact, Customer, Invoice
from dunwell.tenancy.models import Member, TenantKey, TenantModel, unchecked_organization


class Conversation(TenantModel):
    """A thread; chasing messages about an invoice and their replies are one conversation."""

    customer = TenantKey(Customer, null=True, related_name="conversations")
    invoice = TenantKey(Invoice, null=True, related_name="conversations")
    contact = TenantKey(Contact, models.SET_NULL, null=True, related_name="+")
    channel = models.CharField(max_length=10)
    last_seq = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "invoice"], name="one_conversation_per_invoice"
            )
        ]
        indexes = [models.Index(fields=["organization", "customer"], name="conversation_of")]

    def __str__(self) -> str:
        return str(self.pk)


class Message(TenantModel):
    """One entry of a conversation; ordered by `seq`, not by time.

    `author` is visitor, agent, member or system; `internal` messages are notes for members only.
    """

    organization = unchecked_organization()
    conversation = TenantKey(Conversation, related_name="messages")
    seq = models.PositiveIntegerField()
    author = models.CharField(max_length=8)
    direction = models.CharField(max_length=3)  # in or out
    channel = models.CharField(max_length=10)
    by = models.CharField(max_length=200)
    member = TenantKey(Member, models.SET_NULL, null=True, related_name="+")
    subject = models.CharField(max_length=500, blank=True, default="")
    text = models.TextField(blank=True, default="")
    html = models.TextField(blank=True, default="")
    # What went with it: [{filename, content_type, size}]; the bytes can be drawn again
    attachments = models.JSONField(default=list)
    internal = models.BooleanField(default=False)
    client_id = models.CharField(max_length=64, null=True)
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "conversation", "seq"], name="message_in_order"
            ),
            models.UniqueConstraint(
                fields=["organization", "conversation", "client_id"],
                condition=models.Q(client_id__isnull=False),
                name="message_once",
            ),
        ]

    def __str__(self) -> str:
        return self.subject or self.text[:60]
