"""Keeps the roll-up of planned sends per day, channel and state, by pieces as that of open sums.

Each statement on planned sends adds what it changed; updates that leave day, channels and state
alone add nothing. What is there already is counted once, here.
"""

import django.db.models.deletion
from django.db import connection, migrations, models

import dunwell.core.ids
from dunwell.tenancy.scope import system_scope

_INTO = "INSERT INTO overview_sendcount (id, organization_id, day, channel, state, count)"
SQL = f"""
CREATE FUNCTION overview_sends_added() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  {_INTO}
    SELECT uuidv7(), organization_id, day, channel, state, count(*)
    FROM fresh, unnest(channels) channel GROUP BY organization_id, day, channel, state;
  RETURN NULL;
END $$;

CREATE FUNCTION overview_sends_removed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  {_INTO}
    SELECT uuidv7(), organization_id, day, channel, state, -count(*)
    FROM stale, unnest(channels) channel GROUP BY organization_id, day, channel, state;
  RETURN NULL;
END $$;

CREATE FUNCTION overview_sends_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  {_INTO}
    SELECT uuidv7(), organization_id, day, channel, state, sum(n)
    FROM (
      SELECT organization_id, day, channel, state, 1 AS n FROM fresh, unnest(channels) channel
      UNION ALL
      SELECT organization_id, day, channel, state, -1 FROM stale, unnest(channels) channel
    ) changed
    GROUP BY organization_id, day, channel, state HAVING sum(n) <> 0;
  RETURN NULL;
END $$;

CREATE TRIGGER send_counts_insert AFTER INSERT ON chasing_plannedsend
  REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION overview_sends_added();
CREATE TRIGGER send_counts_delete AFTER DELETE ON chasing_plannedsend
  REFERENCING OLD TABLE AS stale FOR EACH STATEMENT EXECUTE FUNCTION overview_sends_removed();
CREATE TRIGGER send_counts_update AFTER UPDATE ON chasing_plannedsend
  REFERENCING OLD TABLE AS stale NEW TABLE AS fresh
  FOR EACH STATEMENT EXECUTE FUNCTION overview_sends_changed();
"""  # noqa: S608  # only our own words


def count_once(_apps: object, _editor: object) -> None:
    """Count what is there already."""
    why = "count the planned sends of every organization"
    with system_scope(why), connection.cursor() as cursor:
        cursor.execute(f"""{_INTO}
            SELECT uuidv7(), organization_id, day, channel, state, count(*)
            FROM chasing_plannedsend, unnest(channels) channel
            GROUP BY organization_id, day, channel, state""")  # noqa: S608  # only our own words


class Migration(migrations.Migration):
    """See the module's first lines."""

    dependencies = [("overview", "0003_open_sums"), ("chasing", "0004_send_by_day")]
    operations = [
        migrations.CreateModel(
            name="SendCount",
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
                ("day", models.DateField()),
                ("channel", models.CharField(max_length=6)),
                ("state", models.CharField(max_length=9)),
                ("count", models.BigIntegerField()),
                (
                    "organization",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="tenancy.organization",
                        db_constraint=False,
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(
                        fields=["organization", "day"],
                        include=["channel", "state", "count"],
                        name="send_count_by_day",
                    )
                ]
            },
        ),
        migrations.RunSQL(SQL, migrations.RunSQL.noop),
        migrations.RunPython(count_once, migrations.RunPython.noop),
    ]
