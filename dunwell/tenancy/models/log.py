"""What happened: events for programs and pages, audit entries for those who must account for it.

Both are append-only; triggers in the database refuse changes and deletions.
"""

from django.db import models

from dunwell.tenancy.models.base import TenantModel, unchecked_organization


class Event(TenantModel):
    """Something that happened, once each.

    Inserted without a position; one publisher numbers committed events, so that a reader by
    position misses none (docs/decisions/0003).
    """

    organization = unchecked_organization()
    kind = models.CharField(max_length=60)
    at = models.DateTimeField()
    customer_id = models.UUIDField(null=True)
    invoice_id = models.UUIDField(null=True)
    data = models.JSONField(default=dict)
    position = models.BigIntegerField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "position"],
                condition=models.Q(position__isnull=False),
                name="event_position_once",
            )
        ]
        indexes = [
            models.Index(
                fields=["id"], condition=models.Q(position__isnull=True), name="event_unpublished"
            ),
            models.Index(fields=["organization", "invoice_id", "id"], name="event_of_invoice"),
        ]

    def __str__(self) -> str:
        return self.kind


class AuditEntry(TenantModel):
    """Who changed what: settings, members, tokens and every change of a ledger fact."""

    at = models.DateTimeField()
    actor = models.CharField(max_length=200)
    action = models.CharField(max_length=60)
    object_type = models.CharField(max_length=40)
    object_id = models.UUIDField(null=True)
    changes = models.JSONField(default=dict)

    class Meta:
        indexes = [
            models.Index(fields=["organization", "object_id", "id"], name="audit_of_object"),
            models.Index(fields=["organization", "id"], name="audit_in_order"),
        ]

    def __str__(self) -> str:
        return self.action


class WorkerHeartbeat(models.Model):
    """When a worker process was last seen; of the installation, not of an organization."""

    name = models.CharField(max_length=100, unique=True)
    seen_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.name


class WorkerOutage(models.Model):
    """A time in which no worker was seen for ten minutes or more; of the installation.

    `began_at` is when one was last seen (for one never seen: when it was first missed), `ended_at`
    when one came back. `told_at` and `told_over_at`: when the owners were written to about either.
    Kept for ever, because it explains the messages that were missed.
    """

    began_at = models.DateTimeField(unique=True)
    ended_at = models.DateTimeField(null=True)
    told_at = models.DateTimeField(null=True)
    told_over_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["ended_at"],
                condition=models.Q(ended_at__isnull=True),
                nulls_distinct=False,
                name="one_open_outage",
            ),
            models.CheckConstraint(
                condition=models.Q(ended_at__isnull=True)
                | models.Q(ended_at__gte=models.F("began_at")),
                name="outage_ends_after_it_began",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.began_at} to {self.ended_at}"
