"""The ledger's hot path: fewer keys and indexes an order, holds in one set-based function, expiry in bulk."""

import django.db.models.deletion
from django.db import migrations, models
from django.db.models import ExpressionWrapper, Q

from smmatic.kernel.database import sql

FILES = ["credits/expiry.sql", "credits/holding.sql", "orders/placing.sql"]


def run(apps: object, schema_editor: object) -> None:
    """Runs every file in the order of the packages."""
    for name in FILES:
        schema_editor.execute(sql(name), params=None)  # type: ignore[attr-defined]


def unbound(to: str) -> models.Field:  # type: ignore[type-arg]  # Django's own class takes no parameters when it runs
    """A foreign key without constraint and index."""
    return models.ForeignKey(
        to, db_index=False, db_constraint=False, related_name="+", on_delete=django.db.models.deletion.PROTECT
    )


class Migration(migrations.Migration):
    """After the providers of 0003."""

    dependencies = [("smmatic", "0003_providers")]
    operations = [
        migrations.AddField("account", "next_expiry", models.DateTimeField(null=True)),
        migrations.AddIndex(
            "account",
            models.Index(fields=["next_expiry"], name="credits_account_expiry", condition=Q(next_expiry__isnull=False)),
        ),
        migrations.AddField(
            "grant",
            "open",
            models.GeneratedField(
                expression=ExpressionWrapper(Q(remaining__gt=0), models.BooleanField()),
                output_field=models.BooleanField(),
                db_persist=True,
            ),
        ),
        migrations.RemoveIndex("grant", "credits_grant_open"),
        migrations.AddIndex(
            "grant", models.Index(fields=["account", "id"], name="credits_grant_live", condition=Q(open=True))
        ),
        migrations.AlterField("grant", "transfer", unbound("smmatic.transfer")),
        migrations.AlterField("transfer", "account", unbound("smmatic.account")),
        migrations.RemoveConstraint("transfer", "credits_transfer_business_key"),
        migrations.AddConstraint(
            "transfer",
            models.UniqueConstraint(
                fields=["account", "business_key"], name="credits_transfer_business_key", condition=~Q(kind="hold")
            ),
        ),
        migrations.AlterField("charge", "account", unbound("smmatic.account")),
        migrations.AlterField("grantuse", "grant", unbound("smmatic.grant")),
        migrations.AlterField("grantuse", "slice_grant", unbound("smmatic.grant")),
        migrations.AlterField("grantuse", "transfer", unbound("smmatic.transfer")),
        migrations.AddField("grantuse", "deposit_id", models.BigIntegerField(null=True)),
        migrations.AddIndex(
            "grantuse",
            models.Index(
                fields=["deposit_id"], name="credits_grant_use_deposit", condition=Q(deposit_id__isnull=False)
            ),
        ),
        migrations.AlterField("idempotency", "account", unbound("smmatic.user")),
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunSQL(sql("credits/narrow.sql"))],
            state_operations=[
                migrations.RemoveConstraint("idempotency", "credits_idempotency_key"),
                migrations.RemoveField("idempotency", "id"),
                migrations.AddField(
                    "idempotency",
                    "pk",
                    models.CompositePrimaryKey(
                        "account_id", "key", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                migrations.RemoveField("grantuse", "id"),
                migrations.AddField(
                    "grantuse", "serial", models.BigIntegerField(db_column="id"), preserve_default=False
                ),
                migrations.AddField(
                    "grantuse",
                    "pk",
                    models.CompositePrimaryKey(
                        "grant_id", "serial", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
            ],
        ),
        migrations.RunPython(run, migrations.RunPython.noop),
    ]
