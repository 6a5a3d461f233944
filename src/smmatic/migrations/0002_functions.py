"""SQL functions and triggers, each from the file beside its domain, and the rights of the role that serves."""

from django.db import migrations

from smmatic.kernel.database import sql

FILES = [
    "credits/functions.sql",
    "catalogue/functions.sql",
    "policy/functions.sql",
    "orders/functions.sql",
    "refunds/functions.sql",
    "fulfilment/functions.sql",
    "deposits/functions.sql",
    "support/functions.sql",
    "notices/functions.sql",
    "api/functions.sql",
    "migrations/rights.sql",
]


def run(apps: object, schema_editor: object) -> None:
    """Runs every file in the order of the packages."""
    for name in FILES:
        schema_editor.execute(sql(name), params=None)  # type: ignore[attr-defined]


class Migration(migrations.Migration):
    """After the tables of 0001."""

    dependencies = [("smmatic", "0001_initial")]
    operations = [migrations.RunPython(run, migrations.RunPython.noop)]
