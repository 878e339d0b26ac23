from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("chasing", "0006_tray"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="plannedsend",
            index=models.Index(
                condition=models.Q(("customer__isnull", False), ("state", "planned")),
                fields=["at", "id"],
                name="send_due_account",
            ),
        ),
    ]
