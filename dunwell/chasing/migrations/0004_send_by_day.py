"""Finds what became of a day's sends, also among hundreds of thousands."""

from django.db import migrations, models


class Migration(migrations.Migration):
    """See the module's first lines."""

    dependencies = [("chasing", "0003_accounts")]
    operations = [
        migrations.AddIndex(
            model_name="plannedsend",
            index=models.Index(
                condition=models.Q(("state__in", ("sending", "sent", "failed", "skipped"))),
                fields=["organization", "day", "at", "id"],
                name="send_done_by_day",
            ),
        ),
    ]
