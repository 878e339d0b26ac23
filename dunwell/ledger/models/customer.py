"""Who owes: customers, their contacts, and the roles those have."""

from django.contrib.postgres.fields import ArrayField
from django.db import models

from dunwell.core.terms import Anchor, Terms
from dunwell.tenancy.models import Member, PostalAddress, TenantKey, TenantModel


class Customer(PostalAddress, TenantModel):
    """A company or person who owes. Both parts of the terms are set, or neither."""

    name = models.CharField(max_length=200)
    external_id = models.CharField(max_length=100, null=True)
    language = models.CharField(max_length=16, blank=True, default="")
    currency = models.CharField(max_length=3, blank=True, default="")
    tax_id = models.CharField(max_length=50, blank=True, default="")
    terms_days = models.PositiveSmallIntegerField(null=True)
    terms_anchor = models.CharField(max_length=16, null=True)
    owner = TenantKey(Member, models.RESTRICT, null=True, related_name="+")
    tags = ArrayField(models.CharField(max_length=50), default=list, blank=True)
    notes = models.TextField(blank=True, default="")
    autopay = models.BooleanField(default=False)
    do_not_chase = models.BooleanField(default=False)
    do_not_chase_reason = models.CharField(max_length=200, blank=True, default="")
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "external_id"], name="customer_external_id_once"
            ),
            models.CheckConstraint(
                condition=models.Q(terms_days__isnull=True, terms_anchor__isnull=True)
                | models.Q(terms_days__isnull=False, terms_anchor__isnull=False),
                name="customer_terms_whole",
            ),
        ]
        indexes = [models.Index(fields=["organization", "name", "id"], name="customer_by_name")]

    def __str__(self) -> str:
        return self.name

    @property
    def terms(self) -> Terms | None:
        """Return the customer's own payment terms, if any."""
        if self.terms_days is None or self.terms_anchor is None:
            return None
        return Terms(days=self.terms_days, anchor=Anchor(self.terms_anchor))


class ContactRole(TenantModel):
    """A label the organization gives to contacts, for example “Accounts Payable”."""

    name = models.CharField(max_length=60)
    key = models.CharField(max_length=60)  # the name in lower case: compared by plain equality

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organization", "key"], name="contact_role_once")
        ]

    def __str__(self) -> str:
        return self.name


class Contact(PostalAddress, TenantModel):
    """A person at a customer. At most one contact of a customer is its billing contact.

    `email_blocked` says why the address is no longer used (for example `bounced`); empty = used.
    """

    customer = TenantKey(Customer, related_name="contacts")
    name = models.CharField(max_length=200, blank=True, default="")
    email = models.EmailField(max_length=254, blank=True, default="")
    phone = models.CharField(max_length=50, blank=True, default="")
    time_zone = models.CharField(max_length=64, blank=True, default="")
    receives_invoices = models.BooleanField(default=False)
    billing = models.BooleanField(default=False)
    email_blocked = models.CharField(max_length=40, blank=True, default="")
    sms_blocked = models.CharField(max_length=40, blank=True, default="")
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "customer"],
                condition=models.Q(billing=True),
                name="one_billing_contact",
            )
        ]
        indexes = [
            models.Index(fields=["organization", "customer"], name="contact_of_customer"),
            models.Index(fields=["organization", "email"], name="contact_by_email"),
        ]

    def __str__(self) -> str:
        return self.name or self.email


class ContactRoleAssignment(TenantModel):
    """One contact having one role."""

    contact = TenantKey(Contact, related_name="role_assignments")
    role = TenantKey(ContactRole, related_name="assignments")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "contact", "role"], name="contact_role_assigned_once"
            )
        ]

    def __str__(self) -> str:
        return str(self.role_id)
