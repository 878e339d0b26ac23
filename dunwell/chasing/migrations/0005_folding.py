"""An index for what was folded lately."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("chasing", "0004_send_by_day"),
        ("ledger", "0004_email"),
        ("tenancy", "0007_email"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="plannedsend",
            index=models.Index(
                condition=models.Q(("reason", "folded"), ("state", "skipped")),
                fields=["organization", "day"],
                name="send_folded",
            ),
        ),
    ]
