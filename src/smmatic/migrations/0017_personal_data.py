"""A person's data can be taken out of every table; the ledger keeps codes only, with words beside it."""

import django.db.models.deletion
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models

from smmatic.kernel.database import sql

FILES = [
    "kernel/redaction.sql",
    "credits/erasure.sql",
    "catalogue/erasure.sql",
    "orders/erasure.sql",
    "refunds/erasure.sql",
    "fulfilment/erasure.sql",
    "deposits/erasure.sql",
    "support/erasure.sql",
    "notices/erasure.sql",
]


def run(apps: object, schema_editor: object) -> None:
    """Runs every file, in this order."""
    for name in FILES:
        schema_editor.execute(sql(name), params=None)  # type: ignore[attr-defined]


class Migration(migrations.Migration):
    dependencies = [("smmatic", "0016_mail_in")]

    operations = [
        migrations.CreateModel(
            name="Note",
            fields=[
                ("transfer_id", models.BigIntegerField(primary_key=True, serialize=False)),
                ("account_id", models.BigIntegerField()),
                ("words", models.CharField(max_length=500)),
            ],
            options={
                "db_table": "credits_note",
                "indexes": [models.Index(fields=["account_id"], name="credits_note_account")],
            },
        ),
        migrations.CreateModel(
            name="Erasure",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("state", models.CharField(db_default="asked", max_length=10)),
                ("units", models.BigIntegerField(db_default=0)),
                ("asked_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("due_at", models.DateTimeField()),
                ("ended_at", models.DateTimeField(null=True)),
                (
                    "confirmed_by",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "customer",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "db_table": "privacy_erasure",
                "indexes": [
                    models.Index(condition=models.Q(("state", "asked")), fields=["due_at"], name="privacy_erasure_due")
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("state__in", ("asked", "done"))),
                        fields=("customer",),
                        name="privacy_erasure_one",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("state__in", ("asked", "withdrawn", "done"))), name="privacy_erasure_state"
                    ),
                ],
            },
        ),
        migrations.RunPython(run, migrations.RunPython.noop),
    ]
