"""Reusable cadences and the templates of their messages."""

from django.db import models
from django.db.models import Q

from dunwell.tenancy.models import TenantModel


class Cadence(TenantModel):
    """A named list of steps; `steps` holds core.cadence.Step in its JSON form."""

    name = models.CharField(max_length=100)
    key = models.CharField(max_length=100)  # the name in lower case: compared by plain equality
    default = models.BooleanField(default=False)
    steps = models.JSONField(default=list)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organization", "key"], name="cadence_name_once"),
            models.UniqueConstraint(
                fields=["organization"], condition=Q(default=True), name="one_default_cadence"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class MessageTemplate(TenantModel):
    """An organization's own wording of a template for one channel and language.

    Without a row the built-in wording holds. `name` is one of the fixed names or one of its own.
    """

    name = models.CharField(max_length=40)
    title = models.CharField(max_length=100, blank=True, default="")
    channel = models.CharField(max_length=6)
    language = models.CharField(max_length=16)
    subject = models.CharField(max_length=500, blank=True, default="")
    text = models.TextField()
    html = models.TextField(blank=True, default="")
    version = models.PositiveIntegerField(default=1)
    updated_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "name", "channel", "language"], name="template_once"
            )
        ]

    def __str__(self) -> str:
        return self.title or self.name
