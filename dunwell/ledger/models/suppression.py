"""Addresses that are not written to any more."""

from django.db import models
from django.db.models import Q

from dunwell.tenancy.models import TenantModel


class Suppression(TenantModel):
    """One address that is not used on one channel, with why, since when and by whom.

    Holds for every contact of the organization with that address, and for addresses on an
    invoice's own list that are no contact. `address` is folded (`core.addresses.folded`);
    `delivery_id` is the message whose fate led to it, if one did.
    """

    channel = models.CharField(max_length=6)
    address = models.CharField(max_length=254)
    reason = models.CharField(max_length=40)
    detail = models.TextField(blank=True, default="")
    delivery_id = models.UUIDField(null=True)
    at = models.DateTimeField()
    by = models.CharField(max_length=200)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "channel", "address"], name="suppression_once"
            ),
            models.CheckConstraint(
                condition=Q(channel__in=("email", "sms")), name="suppression_channel_known"
            ),
            models.CheckConstraint(
                condition=~Q(address="") & ~Q(reason=""), name="suppression_whole"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.address}: {self.reason}"
