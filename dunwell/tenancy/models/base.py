"""What every organization-owned table has in common."""

from typing import Any

from django.db import models

from dunwell.core.ids import uuid7


class TenantModel(models.Model):
    """An organization-owned row; its table is under forced row-level security."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    organization = models.ForeignKey(
        "tenancy.Organization", models.CASCADE, related_name="+", db_index=False
    )

    class Meta:
        abstract = True


class PostalAddress(models.Model):
    """The parts of a postal address, all optional (ISO 3166-1 alpha-2 country)."""

    line1 = models.CharField(max_length=200, blank=True, default="")
    line2 = models.CharField(max_length=200, blank=True, default="")
    postal_code = models.CharField(max_length=20, blank=True, default="")
    city = models.CharField(max_length=100, blank=True, default="")
    region = models.CharField(max_length=100, blank=True, default="")
    country = models.CharField(max_length=2, blank=True, default="")

    class Meta:
        abstract = True

    @property
    def address(self) -> dict[str, str]:
        """Return the address as the API writes it."""
        return {part: getattr(self, part) for part in ADDRESS_PARTS}


ADDRESS_PARTS = ("line1", "line2", "postal_code", "city", "region", "country")


def unchecked_organization() -> models.ForeignKey[Any, Any]:
    """Make the organization's key of a busy table, without a check of its own.

    Its other keys carry the organization too, or the scope has set it: a check for every row of
    every message would be paid for nothing.
    """
    return models.ForeignKey(
        "tenancy.Organization",
        models.CASCADE,
        related_name="+",
        db_index=False,
        db_constraint=False,
    )
