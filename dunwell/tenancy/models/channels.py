"""Through whom an organization's messages of a channel travel."""

from django.db import models

from dunwell.tenancy.models.base import TenantModel


class ChannelAccount(TenantModel):
    """The provider of one channel with its settings; without a row the built-in way holds.

    Beside the three channels out, `inbox` is the mailbox that replies are fetched from.
    `options` is what may be read (account number, sender, region), `sealed` the rest as encrypted
    JSON (keys, passwords; `tenancy.secrets`). `hook_hash` is the hash of the secret part of the
    address at which this provider's webhooks come in, `sealed_hook` that part itself.
    """

    channel = models.CharField(max_length=6)
    provider = models.CharField(max_length=40)
    options = models.JSONField(default=dict, blank=True)
    sealed = models.TextField(blank=True, default="")
    hook_hash = models.CharField(max_length=64, unique=True)
    sealed_hook = models.TextField()
    changed_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organization", "channel"], name="one_way_per_channel"),
            models.CheckConstraint(
                condition=models.Q(channel__in=("email", "sms", "letter", "inbox")),
                name="channel_account_channel_known",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.channel}: {self.provider}"
