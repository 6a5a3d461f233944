"""The reseller API: how often an address asked, and what was just ordered without a key of its own."""

from django.db import migrations, models

from smmatic.kernel.database import sql


def run(apps: object, schema_editor: object) -> None:
    """Takes the counts of requests out of the log of transactions."""
    schema_editor.execute(sql("api/reseller.sql"), params=None)  # type: ignore[attr-defined]


class Migration(migrations.Migration):
    """Two tables that nothing refers to."""

    dependencies = [("smmatic", "0006_notices")]

    operations = [
        migrations.CreateModel(
            name="AddressWindow",
            fields=[
                ("address", models.CharField(max_length=50, primary_key=True, serialize=False)),
                ("minute", models.BigIntegerField()),
                ("calls", models.IntegerField()),
            ],
            options={
                "db_table": "api_address_window",
                "indexes": [models.Index(fields=["minute"], name="api_address_window_minute")],
            },
        ),
        migrations.CreateModel(
            name="RecentAdd",
            fields=[
                ("fingerprint", models.CharField(max_length=64, primary_key=True, serialize=False)),
                ("at", models.DateTimeField()),
                ("order_id", models.BigIntegerField(null=True)),
            ],
            options={
                "db_table": "api_recent_add",
                "indexes": [models.Index(fields=["at"], name="api_recent_add_at")],
            },
        ),
        migrations.RunPython(run, migrations.RunPython.noop),
    ]
