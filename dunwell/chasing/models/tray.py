"""Letters that members print and post themselves."""

from django.db import models

from dunwell.inbox.models import Delivery
from dunwell.tenancy.models import TenantKey, TenantModel


class TrayLetter(TenantModel):
    """A letter of the print tray as it was drawn for printing.

    The tray itself is a query over deliveries: `queued` and of the provider "letter_pdf". What is
    kept here is the file that a member downloaded, so that exactly that is what was posted, and
    with which invoice it was drawn. `seen_at`: a member took note that it was withdrawn after it
    had been printed.
    """

    delivery = TenantKey(Delivery, related_name="tray_letters")
    file = models.BinaryField()
    sha256 = models.CharField(max_length=64)
    pages = models.PositiveSmallIntegerField()
    invoice_version = models.PositiveIntegerField()
    balance_minor = models.BigIntegerField()
    drawn_at = models.DateTimeField()
    printed_at = models.DateTimeField(null=True)
    printed_by = models.CharField(max_length=200, blank=True, default="")
    seen_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organization", "delivery"], name="tray_letter_once")
        ]

    def __str__(self) -> str:
        return self.sha256[:12]
