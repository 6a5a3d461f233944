"""Captures, releases, refunds and every other booking of many in one statement a table."""

from django.db import migrations

from smmatic.kernel.database import sql


def run(apps: object, schema_editor: object) -> None:
    """Makes the functions in the place of their second version."""
    schema_editor.execute(sql("credits/settling.sql"), params=None)  # type: ignore[attr-defined]


class Migration(migrations.Migration):
    """After the plans that are kept."""

    dependencies = [("smmatic", "0013_transitions")]
    operations = [migrations.RunPython(run, migrations.RunPython.noop)]
