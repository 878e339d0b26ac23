"""What providers and mail servers said afterwards about messages of ours."""

from django.db import models

from dunwell.inbox.models.delivery import Delivery
from dunwell.tenancy.models import TenantKey, TenantModel


class ReceivedReport(TenantModel):
    """One report about one message, taken in once (`key`), however often and late it comes.

    It waits (`taken_at` is null) while the message it names is still on its way or unknown: a
    provider may report before the sender has written down that it handed the message over.
    """

    key = models.CharField(max_length=64)
    report = models.CharField(max_length=12)
    provider = models.CharField(max_length=40)
    at = models.DateTimeField()
    delivery_id_told = models.UUIDField(null=True)
    reference = models.CharField(max_length=120, blank=True, default="")
    address = models.CharField(max_length=254, blank=True, default="")
    detail = models.TextField(blank=True, default="")
    received_at = models.DateTimeField()
    taken_at = models.DateTimeField(null=True)
    delivery = TenantKey(Delivery, null=True, related_name="reports")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organization", "key"], name="report_once"),
        ]
        indexes = [
            models.Index(
                fields=["organization", "received_at"],
                condition=models.Q(taken_at__isnull=True),
                name="report_waiting",
            ),
            models.Index(fields=["organization", "delivery"], name="report_of_delivery"),
        ]

    def __str__(self) -> str:
        return f"{self.report} {self.address}"


class HookCall(TenantModel):
    """One request of a provider's webhook, by the hash of its body: the same is not read twice."""

    body_hash = models.CharField(max_length=64)
    provider = models.CharField(max_length=40)
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "provider", "body_hash"], name="hook_call_once"
            )
        ]

    def __str__(self) -> str:
        return self.provider
