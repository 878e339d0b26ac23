"""Tables of the overview floor: saved views, and the roll-up behind the board's sums."""

from django.db import models

from dunwell.tenancy.models import Member, TenantKey, TenantModel, unchecked_organization

PAGES = ("invoices", "board")


class SavedView(TenantModel):
    """A named choice of filters and sort of one page; seen by its member, or by all if shared.

    `query` is the page's query string without cursor.
    """

    member = TenantKey(Member, models.CASCADE, related_name="+")
    page = models.CharField(max_length=10, choices=[(page, page) for page in PAGES])
    name = models.CharField(max_length=60)
    query = models.CharField(max_length=1000, blank=True, default="")
    shared = models.BooleanField(default=False)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "member", "page", "name"], name="saved_view_once"
            )
        ]

    def __str__(self) -> str:
        return self.name


class OpenSum(TenantModel):
    """A piece of the number and sum of open invoices per due date and currency.

    A trigger on invoices only ever adds rows, positive and negative ones, so that no two payments
    wait for each other; `operations.fold_open_sums` folds them together. Reading adds them up:
    counting 100,000 invoices themselves would take the board 30 ms and more.
    """

    due_date = models.DateField()
    currency = models.CharField(max_length=3)
    count = models.BigIntegerField()
    minor = models.BigIntegerField()

    class Meta:
        indexes = [
            models.Index(
                fields=["organization", "due_date", "currency"],
                include=["count", "minor"],
                name="open_sum_by_due_date",
            )
        ]

    def __str__(self) -> str:
        return f"{self.due_date} {self.currency}"


class SendCount(TenantModel):
    """A piece of the number of planned sends per day, channel and state.

    Kept like OpenSum, by triggers that only add rows and `operations.fold_send_counts`: counting a
    month of a calendar from 700,000 planned sends would take the Chasing page 100 ms and more.
    """

    organization = unchecked_organization()
    day = models.DateField()
    channel = models.CharField(max_length=6)
    state = models.CharField(max_length=9)
    count = models.BigIntegerField()

    class Meta:
        indexes = [
            models.Index(
                fields=["organization", "day"],
                include=["channel", "state", "count"],
                name="send_count_by_day",
            )
        ]

    def __str__(self) -> str:
        return f"{self.day} {self.channel} {self.state}"
