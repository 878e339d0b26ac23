"""The company that is owed money."""

from zoneinfo import ZoneInfo

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from dunwell.core.ids import uuid7
from dunwell.core.terms import Anchor, Terms
from dunwell.tenancy.models.base import PostalAddress, TenantModel


class Organization(PostalAddress):
    """A company with its time zone, currency, locale and settings.

    `sandbox_now` is set for a sandbox from its creation and never for a live organization: it is
    the instant at which the sandbox's clock stands (Rule: chasing, Time control).
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    slug = models.SlugField(max_length=63, unique=True)
    name = models.CharField(max_length=200)
    legal_name = models.CharField(max_length=200, blank=True, default="")
    tax_id = models.CharField(max_length=50, blank=True, default="")
    email = models.EmailField(blank=True, default="")
    phone = models.CharField(max_length=50, blank=True, default="")
    time_zone = models.CharField(max_length=64, default="UTC")
    currency = models.CharField(max_length=3, default="EUR")
    locale = models.CharField(max_length=16, default="en")
    created_at = models.DateTimeField()
    sandbox_now = models.DateTimeField(null=True, blank=True)
    smtp_sink = models.CharField(max_length=255, blank=True, default="")
    default_owner = models.ForeignKey(
        "tenancy.Member", models.RESTRICT, null=True, related_name="+", db_constraint=False
    )

    # Ledger
    terms_days = models.PositiveSmallIntegerField(default=30)
    terms_anchor = models.CharField(
        max_length=16, choices=[(a.value, a.value) for a in Anchor], default=Anchor.INVOICE_DATE
    )
    next_invoice_number = models.PositiveIntegerField(default=1)
    invoice_prefix = models.CharField(max_length=20, blank=True, default="INV-")

    # Chasing
    catch_up_hours = models.PositiveSmallIntegerField(default=24)
    promise_grace_days = models.PositiveSmallIntegerField(default=3)
    business_days_only = models.BooleanField(default=False)
    closed_days = ArrayField(models.DateField(), default=list, blank=True)
    holiday_calendar = models.CharField(max_length=16, blank=True, default="")
    minimum_balances = models.JSONField(default=dict, blank=True)
    attach_invoice = models.BooleanField(default=True)
    # No person gets more messages a day than this; None: no such limit
    contact_cap = models.PositiveSmallIntegerField(null=True, blank=True)
    reply_hold_days = models.PositiveSmallIntegerField(default=3)  # working days
    # No text messages from the first hour to the second, in each contact's own zone; both or none
    sms_quiet_from = models.PositiveSmallIntegerField(null=True, blank=True)
    sms_quiet_until = models.PositiveSmallIntegerField(null=True, blank=True)
    stale_after_days = models.PositiveSmallIntegerField(default=7)

    # Email beside chasing
    track_opened = models.BooleanField(default=False)
    list_unsubscribe = models.BooleanField(default=False)
    copy_to = models.CharField(
        max_length=8,
        choices=[("", _("Nobody")), ("owner", _("The owner")), ("address", _("An address"))],
        blank=True,
        default="",
    )
    copy_address = models.EmailField(blank=True, default="")

    # What is asked of who pays late (core.interest); rates are percents as decimal strings
    late_interest = models.CharField(
        max_length=9,
        choices=[("off", _("nothing")), ("statutory", _("by law")), ("agreed", _("as agreed"))],
        default="off",
    )
    late_rate = models.CharField(max_length=20, blank=True, default="")
    late_fee = models.BooleanField(default=False)
    late_law = models.CharField(max_length=2, blank=True, default="")
    reference_rates = models.JSONField(default=dict, blank=True)

    # Sender of email
    sender_name = models.CharField(max_length=200, blank=True, default="")
    sender_email = models.EmailField(blank=True, default="")
    reply_to = models.EmailField(blank=True, default="")
    smtp_host = models.CharField(max_length=255, blank=True, default="")
    smtp_port = models.PositiveIntegerField(default=587)
    smtp_user = models.CharField(max_length=255, blank=True, default="")
    smtp_secret = models.TextField(blank=True, default="")
    smtp_security = models.CharField(
        max_length=8,
        choices=[("none", _("None")), ("starttls", "STARTTLS"), ("tls", "TLS")],
        default="starttls",
    )

    # Signing by SMTP (RFC 6376): the private key, sealed, and under which name its half is found
    dkim_domain = models.CharField(max_length=253, blank=True, default="")
    dkim_selector = models.CharField(max_length=63, blank=True, default="")
    dkim_secret = models.TextField(blank=True, default="")

    # How far this organization's midnights have become events (Rule: tracking, The five states)
    crossed_through = models.DateField(null=True)

    class Meta:
        verbose_name = _("organization")

    def __str__(self) -> str:
        return self.name

    @property
    def sandbox(self) -> bool:
        """Say whether this organization lives on a test clock."""
        return self.sandbox_now is not None

    @property
    def zone(self) -> ZoneInfo:
        """Return the organization's time zone."""
        return ZoneInfo(self.time_zone)

    @property
    def terms(self) -> Terms:
        """Return the payment terms that hold where neither invoice nor customer says otherwise."""
        return Terms(days=self.terms_days, anchor=Anchor(self.terms_anchor))


class BankAccount(TenantModel):
    """An account that customers pay to; shown on invoices, letters and the payment page."""

    holder = models.CharField(max_length=200, blank=True, default="")
    bank = models.CharField(max_length=200, blank=True, default="")
    iban = models.CharField(max_length=34, blank=True, default="")
    bic = models.CharField(max_length=11, blank=True, default="")
    account_number = models.CharField(max_length=40, blank=True, default="")
    routing_number = models.CharField(max_length=40, blank=True, default="")
    currency = models.CharField(max_length=3, blank=True, default="")

    def __str__(self) -> str:
        return self.iban or self.account_number
