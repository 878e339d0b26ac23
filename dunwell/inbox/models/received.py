"""What came in from outside: replies with their files, and the invoices they hold back."""

from django.db import models
from django.db.models import F, Q

from dunwell.inbox.models.conversation import Message
from dunwell.ledger.models import Invoice
from dunwell.tenancy.models import TenantKey, TenantModel


class Reply(TenantModel):
    """What is known of a message that came in; the message itself stands in its conversation.

    `source` and `external_id` name it for ever, so that it is taken in once; `mail_id` is its
    Message-ID. `new_text` is what its writer wrote, without what was quoted. `automatic` ones (out
    of office) hold nothing and need no answer; `back_on` is the day of return they name.
    `matched_by` says how its conversation was found, empty: nobody knew.
    """

    message = TenantKey(Message, related_name="replies")
    source = models.CharField(max_length=40)
    external_id = models.CharField(max_length=255)
    mail_id = models.CharField(max_length=255, blank=True, default="")
    references = models.TextField(blank=True, default="")
    from_name = models.CharField(max_length=200, blank=True, default="")
    from_address = models.CharField(max_length=254, blank=True, default="")
    new_text = models.TextField(blank=True, default="")
    automatic = models.BooleanField(default=False)
    back_on = models.DateField(null=True)
    matched_by = models.CharField(max_length=20, blank=True, default="")
    received_at = models.DateTimeField()
    answered_at = models.DateTimeField(null=True)
    answered_by = models.CharField(max_length=200, blank=True, default="")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "source", "external_id"], name="received_once"
            ),
            models.UniqueConstraint(fields=["organization", "message"], name="reply_of_message"),
            models.CheckConstraint(condition=~Q(external_id=""), name="reply_has_a_name"),
        ]
        indexes = [
            models.Index(
                fields=["organization", "mail_id"],
                condition=~Q(mail_id=""),
                name="reply_by_mail_id",
            ),
            models.Index(
                fields=["organization", "received_at"],
                condition=Q(answered_at__isnull=True, automatic=False),
                name="reply_unanswered",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.from_address} {self.received_at}"


class ReplyHold(TenantModel):
    """The time for which a reply, or our answer to it, holds an invoice back.

    From `since` to the first instant of `until`, or the moment a member lifted it (`ends_at`).
    Kept for ever: whether a send's instant lay in a hold is asked afterwards too.
    """

    reply = TenantKey(Reply, related_name="holds")
    invoice = TenantKey(Invoice, related_name="reply_holds")
    since = models.DateTimeField()
    until = models.DateField()
    ends_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(ends_at__gte=F("since")), name="reply_hold_forward")
        ]
        indexes = [
            models.Index(fields=["organization", "invoice", "ends_at"], name="reply_hold_of"),
            models.Index(fields=["organization", "reply"], name="hold_of_reply"),
        ]

    def __str__(self) -> str:
        return f"{self.invoice_id} {self.until}"


class ReceivedFile(TenantModel):
    """A file that came with a message, as it came; never shown inside a page."""

    message = TenantKey(Message, related_name="files")
    filename = models.CharField(max_length=200)
    content_type = models.CharField(max_length=100)
    size = models.PositiveIntegerField()
    sha256 = models.CharField(max_length=64)
    data = models.BinaryField()

    class Meta:
        indexes = [models.Index(fields=["organization", "message"], name="file_of_message")]

    def __str__(self) -> str:
        return self.filename


class MailboxState(TenantModel):
    """How far the organization's mailbox was read.

    Messages since `since` are taken in; `last_uid` counts within `uid_validity`. `polled_at` and
    `failing_since` are of the wall clock; `error` is what went wrong at the last attempt.
    """

    since = models.DateTimeField()
    uid_validity = models.BigIntegerField(default=0)
    last_uid = models.BigIntegerField(default=0)
    polled_at = models.DateTimeField(null=True)
    failing_since = models.DateTimeField(null=True)
    error = models.TextField(blank=True, default="")
    received = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organization"], name="one_mailbox"),
        ]

    def __str__(self) -> str:
        return f"{self.uid_validity}/{self.last_uid}"
