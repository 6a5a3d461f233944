"""Transitions of orders asked by the triggers' own conditions."""

from django.db import migrations

from smmatic.kernel.database import sql


def run(apps: object, schema_editor: object) -> None:
    """Replaces the trigger."""
    schema_editor.execute(sql("orders/transitions.sql"), params=None)  # type: ignore[attr-defined]


class Migration(migrations.Migration):
    """After the plans that are kept."""

    dependencies = [("smmatic", "0012_kept_plans")]
    operations = [migrations.RunPython(run, migrations.RunPython.noop)]
