"""Placing with plans that are kept."""

import django.db.models.deletion
from django.db import migrations, models

from smmatic.kernel.database import sql

FILES = ["credits/holds.sql", "orders/placing_v3.sql"]


def run(apps: object, schema_editor: object) -> None:
    """Runs every file in the order of the packages."""
    for name in FILES:
        schema_editor.execute(sql(name), params=None)  # type: ignore[attr-defined]


class Migration(migrations.Migration):
    """After the ledger's desk."""

    dependencies = [("smmatic", "0011_rework")]
    operations = [
        migrations.AlterField(
            "order",
            "customer",
            models.ForeignKey(
                "smmatic.user",
                db_index=False,
                db_constraint=False,
                related_name="+",
                on_delete=django.db.models.deletion.PROTECT,
            ),
        ),
        migrations.RunPython(run, migrations.RunPython.noop),
    ]
