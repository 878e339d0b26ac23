"""Imports of spreadsheets, and what each of them made, for undoing it."""

from django.db import models
from django.db.models import Q

from dunwell.tenancy.models import Member, TenantKey, TenantModel

KINDS = ("customers", "contacts", "invoices", "payments")
STATES = ("queued", "running", "done", "failed")


class Import(TenantModel):
    """One uploaded file with its mapping, its preview (`dry_run`) and its result.

    `analysis` is what the file says of itself, `mapping` and `options` what a person decided,
    `counts` what came of it, `invalid` the first errors (all of them are in a file beside the
    upload, which is kept for 30 days).
    """

    kind = models.CharField(max_length=9, choices=[(k, k) for k in KINDS])
    filename = models.CharField(max_length=255)
    size = models.BigIntegerField()
    state = models.CharField(max_length=7, choices=[(s, s) for s in STATES], default="queued")
    dry_run = models.BooleanField(default=True)
    analysis = models.JSONField(default=dict)
    mapping = models.JSONField(default=dict)
    options = models.JSONField(default=dict)
    rows = models.PositiveIntegerField(default=0)
    rows_done = models.PositiveIntegerField(default=0)
    valid = models.PositiveIntegerField(default=0)
    invalid_rows = models.PositiveIntegerField(default=0)
    invalid = models.JSONField(default=list)
    created = models.PositiveIntegerField(default=0)
    updated = models.PositiveIntegerField(default=0)
    unchanged = models.PositiveIntegerField(default=0)
    counts = models.JSONField(default=dict)
    problem = models.TextField(blank=True, default="")
    created_at = models.DateTimeField()
    created_by = models.CharField(max_length=200)
    member = TenantKey(Member, models.SET_NULL, null=True, related_name="+")
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    undone_at = models.DateTimeField(null=True)
    undone = models.JSONField(default=dict)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(state__in=STATES), name="import_state_known"),
            models.CheckConstraint(condition=Q(kind__in=KINDS), name="import_kind_known"),
        ]
        indexes = [models.Index(fields=["organization", "-id"], name="import_latest")]

    def __str__(self) -> str:
        return self.filename


class ImportEntry(TenantModel):
    """One row of the ledger that an import created or updated.

    `fingerprint` is the row's content right after the import: another one at undo means that
    somebody edited it since. `before` holds the values that an update replaced.
    """

    run = TenantKey(Import, related_name="entries")
    row = models.PositiveIntegerField()
    table = models.CharField(max_length=8)
    object_id = models.UUIDField()
    label = models.CharField(max_length=200)
    fingerprint = models.CharField(max_length=32)
    before = models.JSONField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "run", "table", "object_id"], name="import_entry_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.table} {self.label}"
