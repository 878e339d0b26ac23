"""Chasing a customer's whole account: cadences, cycles, steps done, tasks, and what was listed."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from dunwell.chasing.models.schedule import PlannedSend
from dunwell.ledger.models import Customer, Invoice
from dunwell.tenancy.models import Member, TenantKey, TenantModel

KINDS = ("account", "past_due")
STEP_STATES = ("planned", "done", "superseded", "ready")
TASK_STATES = ("open", "done", "cancelled")


class CustomerCadence(TenantModel):
    """Steps by the age of an account, run on weekdays at an hour of the organization's day.

    `steps` holds core.accounts.AccountStep and `assign_when` core.accounts.AssignWhen in their
    JSON form; weekdays count from Monday = 0. `planned_through` and `ran_through` say for which
    days the sends were planned ahead and the run itself was made, so that each is made once.
    """

    name = models.CharField(max_length=100)
    key = models.CharField(max_length=100)  # the name in lower case: compared by plain equality
    weekdays = ArrayField(models.PositiveSmallIntegerField())
    hour = models.PositiveSmallIntegerField()
    minimum_minor = models.BigIntegerField(default=0)
    minimum_currency = models.CharField(max_length=3, blank=True, default="")
    steps = models.JSONField(default=list)
    assign_when = models.JSONField(null=True)
    planned_through = models.DateField(null=True)
    ran_through = models.DateField(null=True)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organization", "key"], name="customer_cadence_once"),
            models.CheckConstraint(condition=Q(hour__lte=23), name="customer_cadence_hour"),
            models.CheckConstraint(
                condition=Q(minimum_minor__gte=0), name="customer_cadence_minimum"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class AccountChasing(TenantModel):
    """Which cadence chases a customer's account, and whether somebody chose it or a rule did.

    A row `by_hand` that is not enabled keeps every rule away from the customer.
    """

    customer = TenantKey(Customer, related_name="account_chasing")
    cadence = TenantKey(CustomerCadence, models.CASCADE, null=True, related_name="accounts")
    by_hand = models.BooleanField()
    enabled = models.BooleanField(default=True)
    since = models.DateTimeField()
    by = models.CharField(max_length=200)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "customer"], name="account_chased_once"
            ),
            models.CheckConstraint(
                condition=Q(enabled=False) | Q(cadence__isnull=False),
                name="chased_account_has_cadence",
            ),
        ]
        indexes = [models.Index(fields=["organization", "cadence"], name="accounts_of_cadence")]

    def __str__(self) -> str:
        return str(self.customer_id)


class AccountCycle(TenantModel):
    """One round of chasing of a customer in one currency, until nothing is (past) due."""

    customer = TenantKey(Customer, related_name="account_cycles")
    currency = models.CharField(max_length=3)
    kind = models.CharField(max_length=8, choices=[(k, k) for k in KINDS])
    opened_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "customer", "currency", "kind"],
                condition=Q(ended_at__isnull=True),
                name="one_open_cycle",
            ),
            models.CheckConstraint(condition=Q(kind__in=KINDS), name="cycle_kind_known"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.currency}"


class AccountStep(TenantModel):
    """What became of a step in a cycle: `ready` again, planned, done, or superseded."""

    cycle = TenantKey(AccountCycle, related_name="steps")
    step_key = models.CharField(max_length=60)
    state = models.CharField(max_length=10, choices=[(s, s) for s in STEP_STATES])
    at = models.DateTimeField()
    planned_send = TenantKey(PlannedSend, models.SET_NULL, null=True, related_name="account_steps")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "cycle", "step_key"], name="account_step_once"
            ),
            models.CheckConstraint(
                condition=Q(state__in=STEP_STATES), name="account_step_state_known"
            ),
        ]
        indexes = [
            models.Index(
                fields=["organization", "planned_send"],
                condition=Q(planned_send__isnull=False),
                name="account_step_of_send",
            )
        ]

    def __str__(self) -> str:
        return f"{self.step_key} {self.state}"


class Task(TenantModel):
    """Something a member is to do about an account: a call, or a matter escalated to them."""

    customer = TenantKey(Customer, related_name="tasks")
    assignee = TenantKey(Member, models.RESTRICT, null=True, related_name="+")
    kind = models.CharField(max_length=8)  # call or escalate
    cycle = TenantKey(AccountCycle, models.SET_NULL, null=True, related_name="tasks")
    step_key = models.CharField(max_length=60, blank=True, default="")
    due_on = models.DateField()
    state = models.CharField(max_length=9, choices=[(s, s) for s in TASK_STATES], default="open")
    outcome = models.CharField(max_length=200, blank=True, default="")
    notes = models.TextField(blank=True, default="")
    next_on = models.DateField(null=True)
    created_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)
    closed_by = models.CharField(max_length=200, blank=True, default="")

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(state__in=TASK_STATES), name="task_state_known"),
            models.CheckConstraint(
                condition=Q(state="open", closed_at__isnull=True)
                | (~Q(state="open") & Q(closed_at__isnull=False)),
                name="task_closed_at_a_moment",
            ),
            models.UniqueConstraint(
                fields=["organization", "cycle", "step_key"],
                condition=Q(state="open", cycle__isnull=False),
                name="one_open_task_of_a_step",
            ),
        ]
        indexes = [
            models.Index(
                fields=["organization", "due_on", "id"],
                condition=Q(state="open"),
                name="task_open_by_day",
            ),
            models.Index(fields=["organization", "customer", "id"], name="task_of_customer"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.due_on}"


class AccountItem(TenantModel):
    """One open invoice that an account's message named, with what it said was left of it."""

    planned_send = TenantKey(PlannedSend, related_name="account_items")
    invoice = TenantKey(Invoice, related_name="account_items")
    balance_minor = models.BigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "planned_send", "invoice"], name="account_item_once"
            )
        ]
        indexes = [models.Index(fields=["organization", "invoice"], name="account_item_of")]

    def __str__(self) -> str:
        return str(self.invoice_id)
