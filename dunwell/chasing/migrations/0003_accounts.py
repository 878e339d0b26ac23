"""Chasing of whole accounts."""

import django.contrib.postgres.fields
import django.db.models.deletion
from django.db import migrations, models

import dunwell.core.ids
import dunwell.tenancy.database.keys


class Migration(migrations.Migration):
    dependencies = [
        ("chasing", "0002_protocol"),
        ("ledger", "0002_balances"),
        ("tenancy", "0004_contact_cap"),
    ]

    operations = [
        migrations.CreateModel(
            name="AccountChasing",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=dunwell.core.ids.uuid7,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("by_hand", models.BooleanField()),
                ("enabled", models.BooleanField(default=True)),
                ("since", models.DateTimeField()),
                ("by", models.CharField(max_length=200)),
            ],
        ),
        migrations.CreateModel(
            name="AccountCycle",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=dunwell.core.ids.uuid7,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("currency", models.CharField(max_length=3)),
                (
                    "kind",
                    models.CharField(
                        choices=[("account", "account"), ("past_due", "past_due")], max_length=8
                    ),
                ),
                ("opened_at", models.DateTimeField()),
                ("ended_at", models.DateTimeField(null=True)),
            ],
        ),
        migrations.CreateModel(
            name="AccountItem",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=dunwell.core.ids.uuid7,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("balance_minor", models.BigIntegerField()),
            ],
        ),
        migrations.CreateModel(
            name="AccountStep",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=dunwell.core.ids.uuid7,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("step_key", models.CharField(max_length=60)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("planned", "planned"),
                            ("done", "done"),
                            ("superseded", "superseded"),
                            ("ready", "ready"),
                        ],
                        max_length=10,
                    ),
                ),
                ("at", models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name="CustomerCadence",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=dunwell.core.ids.uuid7,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("name", models.CharField(max_length=100)),
                ("key", models.CharField(max_length=100)),
                (
                    "weekdays",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.PositiveSmallIntegerField()
                    ),
                ),
                ("hour", models.PositiveSmallIntegerField()),
                ("minimum_minor", models.BigIntegerField(default=0)),
                ("minimum_currency", models.CharField(blank=True, default="", max_length=3)),
                ("steps", models.JSONField(default=list)),
                ("assign_when", models.JSONField(null=True)),
                ("planned_through", models.DateField(null=True)),
                ("ran_through", models.DateField(null=True)),
                ("created_at", models.DateTimeField()),
                ("updated_at", models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name="Task",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=dunwell.core.ids.uuid7,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("kind", models.CharField(max_length=8)),
                ("step_key", models.CharField(blank=True, default="", max_length=60)),
                ("due_on", models.DateField()),
                (
                    "state",
                    models.CharField(
                        choices=[("open", "open"), ("done", "done"), ("cancelled", "cancelled")],
                        default="open",
                        max_length=9,
                    ),
                ),
                ("outcome", models.CharField(blank=True, default="", max_length=200)),
                ("notes", models.TextField(blank=True, default="")),
                ("next_on", models.DateField(null=True)),
                ("created_at", models.DateTimeField()),
                ("closed_at", models.DateTimeField(null=True)),
                ("closed_by", models.CharField(blank=True, default="", max_length=200)),
            ],
        ),
        migrations.AddField(
            model_name="plannedsend",
            name="customer",
            field=dunwell.tenancy.database.keys.TenantKey(
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="account_sends",
                to="ledger.customer",
            ),
        ),
        migrations.AlterField(
            model_name="plannedsend",
            name="invoice",
            field=dunwell.tenancy.database.keys.TenantKey(
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="planned_sends",
                to="ledger.invoice",
            ),
        ),
        migrations.AlterField(
            model_name="plannedsend",
            name="kind",
            field=models.CharField(default="step", max_length=7),
        ),
        migrations.AddIndex(
            model_name="plannedsend",
            index=models.Index(
                condition=models.Q(("customer__isnull", False)),
                fields=["organization", "customer", "day"],
                name="send_of_account",
            ),
        ),
        migrations.AddIndex(
            model_name="plannedsend",
            index=models.Index(
                condition=models.Q(("customer__isnull", False), ("state", "planned")),
                fields=["at", "id"],
                name="send_of_account_due",
            ),
        ),
        migrations.AddConstraint(
            model_name="plannedsend",
            constraint=models.UniqueConstraint(
                condition=models.Q(
                    ("kind", "account"), ("state__in", ["planned", "sending", "sent", "failed"])
                ),
                fields=("organization", "customer", "day"),
                name="one_account_send_a_day",
            ),
        ),
        migrations.AddConstraint(
            model_name="plannedsend",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("customer__isnull", True), ("invoice__isnull", False)),
                    models.Q(("customer__isnull", False), ("invoice__isnull", True)),
                    _connector="OR",
                ),
                name="planned_send_about_one",
            ),
        ),
        migrations.AddField(
            model_name="accountchasing",
            name="customer",
            field=dunwell.tenancy.database.keys.TenantKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="account_chasing",
                to="ledger.customer",
            ),
        ),
        migrations.AddField(
            model_name="accountchasing",
            name="organization",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="+",
                to="tenancy.organization",
            ),
        ),
        migrations.AddField(
            model_name="accountcycle",
            name="customer",
            field=dunwell.tenancy.database.keys.TenantKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="account_cycles",
                to="ledger.customer",
            ),
        ),
        migrations.AddField(
            model_name="accountcycle",
            name="organization",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="+",
                to="tenancy.organization",
            ),
        ),
        migrations.AddField(
            model_name="accountitem",
            name="invoice",
            field=dunwell.tenancy.database.keys.TenantKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="account_items",
                to="ledger.invoice",
            ),
        ),
        migrations.AddField(
            model_name="accountitem",
            name="organization",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="+",
                to="tenancy.organization",
            ),
        ),
        migrations.AddField(
            model_name="accountitem",
            name="planned_send",
            field=dunwell.tenancy.database.keys.TenantKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="account_items",
                to="chasing.plannedsend",
            ),
        ),
        migrations.AddField(
            model_name="accountstep",
            name="cycle",
            field=dunwell.tenancy.database.keys.TenantKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="steps",
                to="chasing.accountcycle",
            ),
        ),
        migrations.AddField(
            model_name="accountstep",
            name="organization",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="+",
                to="tenancy.organization",
            ),
        ),
        migrations.AddField(
            model_name="accountstep",
            name="planned_send",
            field=dunwell.tenancy.database.keys.TenantKey(
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="account_steps",
                to="chasing.plannedsend",
            ),
        ),
        migrations.AddField(
            model_name="customercadence",
            name="organization",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="+",
                to="tenancy.organization",
            ),
        ),
        migrations.AddField(
            model_name="accountchasing",
            name="cadence",
            field=dunwell.tenancy.database.keys.TenantKey(
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="accounts",
                to="chasing.customercadence",
            ),
        ),
        migrations.AddField(
            model_name="task",
            name="assignee",
            field=dunwell.tenancy.database.keys.TenantKey(
                null=True,
                on_delete=django.db.models.deletion.RESTRICT,
                related_name="+",
                to="tenancy.member",
            ),
        ),
        migrations.AddField(
            model_name="task",
            name="customer",
            field=dunwell.tenancy.database.keys.TenantKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="tasks",
                to="ledger.customer",
            ),
        ),
        migrations.AddField(
            model_name="task",
            name="cycle",
            field=dunwell.tenancy.database.keys.TenantKey(
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="tasks",
                to="chasing.accountcycle",
            ),
        ),
        migrations.AddField(
            model_name="task",
            name="organization",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="+",
                to="tenancy.organization",
            ),
        ),
        migrations.AddConstraint(
            model_name="accountcycle",
            constraint=models.UniqueConstraint(
                condition=models.Q(("ended_at__isnull", True)),
                fields=("organization", "customer", "currency", "kind"),
                name="one_open_cycle",
            ),
        ),
        migrations.AddConstraint(
            model_name="accountcycle",
            constraint=models.CheckConstraint(
                condition=models.Q(("kind__in", ("account", "past_due"))), name="cycle_kind_known"
            ),
        ),
        migrations.AddIndex(
            model_name="accountitem",
            index=models.Index(fields=["organization", "invoice"], name="account_item_of"),
        ),
        migrations.AddConstraint(
            model_name="accountitem",
            constraint=models.UniqueConstraint(
                fields=("organization", "planned_send", "invoice"), name="account_item_once"
            ),
        ),
        migrations.AddIndex(
            model_name="accountstep",
            index=models.Index(
                condition=models.Q(("planned_send__isnull", False)),
                fields=["organization", "planned_send"],
                name="account_step_of_send",
            ),
        ),
        migrations.AddConstraint(
            model_name="accountstep",
            constraint=models.UniqueConstraint(
                fields=("organization", "cycle", "step_key"), name="account_step_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="accountstep",
            constraint=models.CheckConstraint(
                condition=models.Q(("state__in", ("planned", "done", "superseded", "ready"))),
                name="account_step_state_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="customercadence",
            constraint=models.UniqueConstraint(
                fields=("organization", "key"), name="customer_cadence_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="customercadence",
            constraint=models.CheckConstraint(
                condition=models.Q(("hour__lte", 23)), name="customer_cadence_hour"
            ),
        ),
        migrations.AddConstraint(
            model_name="customercadence",
            constraint=models.CheckConstraint(
                condition=models.Q(("minimum_minor__gte", 0)), name="customer_cadence_minimum"
            ),
        ),
        migrations.AddIndex(
            model_name="accountchasing",
            index=models.Index(fields=["organization", "cadence"], name="accounts_of_cadence"),
        ),
        migrations.AddConstraint(
            model_name="accountchasing",
            constraint=models.UniqueConstraint(
                fields=("organization", "customer"), name="account_chased_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="accountchasing",
            constraint=models.CheckConstraint(
                condition=models.Q(("enabled", False), ("cadence__isnull", False), _connector="OR"),
                name="chased_account_has_cadence",
            ),
        ),
        migrations.AddIndex(
            model_name="task",
            index=models.Index(
                condition=models.Q(("state", "open")),
                fields=["organization", "due_on", "id"],
                name="task_open_by_day",
            ),
        ),
        migrations.AddIndex(
            model_name="task",
            index=models.Index(fields=["organization", "customer", "id"], name="task_of_customer"),
        ),
        migrations.AddConstraint(
            model_name="task",
            constraint=models.CheckConstraint(
                condition=models.Q(("state__in", ("open", "done", "cancelled"))),
                name="task_state_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="task",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("closed_at__isnull", True), ("state", "open")),
                    models.Q(
                        models.Q(("state", "open"), _negated=True), ("closed_at__isnull", False)
                    ),
                    _connector="OR",
                ),
                name="task_closed_at_a_moment",
            ),
        ),
        migrations.AddConstraint(
            model_name="task",
            constraint=models.UniqueConstraint(
                condition=models.Q(("cycle__isnull", False), ("state", "open")),
                fields=("organization", "cycle", "step_key"),
                name="one_open_task_of_a_step",
            ),
        ),
    ]
