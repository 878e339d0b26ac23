"""The schedule of one invoice, its planned sends, and the batches a sender works through."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from dunwell.chasing.models.cadence import Cadence
from dunwell.core.outcomes import SendState
from dunwell.ledger.models import Customer, Invoice
from dunwell.tenancy.models import TenantKey, TenantModel, unchecked_organization

STATES = tuple(state.value for state in SendState)


class Schedule(TenantModel):
    """The steps of one invoice: a copy, untouched by later edits of its cadence.

    `steps` holds core.cadence.Step in its JSON form; keys are never used twice in one schedule.
    `contacts` is the invoice's own list of addresses; empty means the customer's contacts.
    """

    invoice = TenantKey(Invoice, related_name="schedules")
    cadence = TenantKey(Cadence, models.SET_NULL, null=True, related_name="+")
    steps = models.JSONField(default=list)
    next_key = models.PositiveIntegerField(default=1)
    enabled = models.BooleanField(default=True)
    contacts = ArrayField(models.EmailField(max_length=254), default=list, blank=True)
    first_set_on = models.DateField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organization", "invoice"], name="one_schedule")
        ]
        indexes = [models.Index(fields=["organization", "cadence"], name="schedule_of_cadence")]

    def __str__(self) -> str:
        return str(self.invoice_id)


class Pause(TenantModel):
    """A member's pause of one invoice's chasing, from `started_at` to the resume date.

    `ends_at` is the first instant of the resume date, or the moment a member lifted the pause.
    Kept for ever: whether a send's instant lay in a pause is asked afterwards too.
    """

    invoice = TenantKey(Invoice, related_name="pauses")
    started_at = models.DateTimeField()
    until = models.DateField()
    ends_at = models.DateTimeField()
    reason = models.CharField(max_length=200, blank=True, default="")
    by = models.CharField(max_length=200)

    class Meta:
        indexes = [models.Index(fields=["organization", "invoice", "ends_at"], name="pause_of")]

    def __str__(self) -> str:
        return str(self.until)


class PlannedSend(TenantModel):
    """One dated instance of a step, with its state.

    `kind` is step, manual (a member's “send now”), retry, or account: a message about a customer's
    whole account, whose `trigger` holds the steps of each currency. It is about an invoice or, for
    an account, about a customer, who gets one such a day. `live` is false for sandboxes, whose
    sends only `advance` claims. A step's instance exists once, so it can never be sent twice by
    planning again.
    """

    organization = unchecked_organization()
    invoice = TenantKey(Invoice, null=True, related_name="planned_sends")
    customer = TenantKey(Customer, null=True, related_name="account_sends")
    kind = models.CharField(max_length=7, default="step")
    step_key = models.PositiveIntegerField(null=True)
    occurrence = models.PositiveSmallIntegerField(default=0)
    trigger = models.JSONField(default=dict)
    hour = models.PositiveSmallIntegerField(default=0)
    day = models.DateField()
    at = models.DateTimeField()
    channels = ArrayField(models.CharField(max_length=6))
    contact_roles = ArrayField(models.CharField(max_length=36), default=list)
    template = models.CharField(max_length=40, blank=True, default="")
    state = models.CharField(max_length=9, choices=[(s, s) for s in STATES])
    reason = models.CharField(max_length=40, blank=True, default="")
    detail = models.CharField(max_length=300, blank=True, default="")
    by = models.CharField(max_length=200, blank=True, default="")
    changed_at = models.DateTimeField()
    retry_of = TenantKey("chasing.PlannedSend", models.SET_NULL, null=True, related_name="retries")
    points_at = TenantKey("chasing.PlannedSend", models.SET_NULL, null=True, related_name="+")
    put_backs = models.PositiveSmallIntegerField(default=0)
    not_before = models.DateTimeField(null=True)
    live = models.BooleanField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "invoice", "step_key", "occurrence"],
                condition=Q(kind="step"),
                name="instance_once",
            ),
            models.UniqueConstraint(
                fields=["organization", "customer", "day"],
                condition=Q(kind="account", state__in=["planned", "sending", "sent", "failed"]),
                name="one_account_send_a_day",
            ),
            models.CheckConstraint(
                condition=Q(invoice__isnull=False, customer__isnull=True)
                | Q(invoice__isnull=True, customer__isnull=False),
                name="planned_send_about_one",
            ),
            models.CheckConstraint(condition=Q(state__in=STATES), name="planned_send_state_known"),
            models.CheckConstraint(
                condition=~Q(state__in=("failed", "skipped", "cancelled")) | ~Q(reason=""),
                name="planned_send_end_has_reason",
            ),
        ]
        indexes = [
            models.Index(
                fields=["at", "id"], condition=Q(state="planned", live=True), name="send_due_live"
            ),
            models.Index(
                fields=["organization", "at", "id"],
                condition=Q(state="planned"),
                name="send_due",
            ),
            models.Index(
                fields=["at", "id"],
                condition=Q(state="planned", customer__isnull=False),
                name="send_due_account",
            ),
            models.Index(fields=["organization", "invoice", "at"], name="send_of_invoice"),
            models.Index(
                fields=["organization", "day", "at", "id"],
                condition=Q(state__in=("sending", "sent", "failed", "skipped")),
                name="send_done_by_day",
            ),
            models.Index(
                fields=["organization", "-at"],
                condition=Q(state="failed"),
                name="send_failed",
            ),
            models.Index(
                fields=["organization", "retry_of"],
                condition=Q(retry_of__isnull=False),
                name="send_retry_of",
            ),
            models.Index(
                fields=["organization", "points_at"],
                condition=Q(points_at__isnull=False),
                name="send_points_at",
            ),
            models.Index(
                fields=["organization", "invoice"],
                condition=Q(state="skipped", reason="paused"),
                name="send_held",
            ),
            models.Index(
                fields=["organization", "customer", "day"],
                condition=Q(customer__isnull=False),
                name="send_of_account",
            ),
            models.Index(
                fields=["at", "id"],
                condition=Q(state="planned", customer__isnull=False),
                name="send_of_account_due",
            ),
            models.Index(
                fields=["organization", "day"],
                condition=Q(state="skipped", reason="folded"),
                name="send_folded",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.at} {self.state}"


class FirstSend(TenantModel):
    """The moment an invoice first reached the customer: sent by us or marked as sent.

    A table of its own, because a sender holds a shared lock on the invoice row while it hands over
    and must not write it.
    """

    organization = unchecked_organization()
    invoice = TenantKey(Invoice, related_name="first_sends")
    at = models.DateTimeField()
    how = models.CharField(max_length=10)  # sent, uncertain or marked

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organization", "invoice"], name="first_send_once")
        ]

    def __str__(self) -> str:
        return f"{self.how} {self.at}"


class Batch(models.Model):
    """The deliveries one sender connection works through, in order of `ordinal`.

    Deliveries before `cursor` were handed over (or settled otherwise), the one at `cursor` may
    have been if `begun`, those after it were not. `worker` is the number of the advisory lock that
    the sender's connection holds: when it is free, the sender is dead and the batch is swept.
    Belongs to the system, not to an organization: a batch may serve several.
    """

    id = models.UUIDField(primary_key=True)
    worker = models.BigIntegerField()
    epoch = models.UUIDField()
    channel = models.CharField(max_length=6)
    size = models.PositiveIntegerField()
    cursor = models.IntegerField(default=-1)
    # How earlier deliveries ended that were not handed over: ordinal → state
    endings = models.JSONField(default=dict)
    opened_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(cursor__lt=F("size")), name="batch_cursor_inside")
        ]

    def __str__(self) -> str:
        return f"{self.channel} {self.cursor}/{self.size}"
