"""Cases keep the raw facts behind a decision, and their numbers as columns, so that other versions can judge them."""

from django.db import migrations, models
from django.db.models.expressions import Expression
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Cast

from smmatic.kernel.database import sql


def _number(name: str) -> Expression:
    return Cast(KeyTextTransform(name, "arithmetic"), models.BigIntegerField())


def _column(name: str, expression: Expression) -> migrations.AddField:
    field = models.GeneratedField(
        expression=expression, output_field=models.BigIntegerField(null=True), db_persist=True
    )
    return migrations.AddField("case", name, field)


def run(apps: object, schema_editor: object) -> None:
    """The trigger of final cases, which has to know the new columns."""
    schema_editor.execute(sql("refunds/raw_facts.sql"), params=None)  # type: ignore[attr-defined]


class Migration(migrations.Migration):
    """Cases that were there keep an empty description: what it would say was not recorded."""

    dependencies = [("smmatic", "0004_holding")]
    operations = [
        migrations.AddField("case", "described", models.JSONField(db_default={})),
        _column("charged", _number("charge")),
        _column("delivered", _number("delivered")),
        _column("ordered", _number("ordered")),
        _column("back", _number("released") + _number("refunded")),
        migrations.RunPython(run, migrations.RunPython.noop),
    ]
