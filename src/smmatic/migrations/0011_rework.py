"""Rework, and files that prove what staff did."""

import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models

from smmatic.kernel.database import sql


def run(apps: object, schema_editor: object) -> None:
    schema_editor.execute(sql("fulfilment/rework.sql"), params=None)  # type: ignore[attr-defined]


class Migration(migrations.Migration):
    dependencies = [
        ("smmatic", "0010_cases"),
    ]

    operations = [
        migrations.CreateModel(
            name="Rework",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("state", models.CharField(db_default="pending", max_length=12)),
                ("reason", models.TextField()),
                ("asked_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("start_by", models.DateTimeField()),
                ("staff_id", models.BigIntegerField(null=True)),
                ("began_at", models.DateTimeField(null=True)),
                ("ended_at", models.DateTimeField(null=True)),
                ("answer", models.TextField(db_default="")),
            ],
            options={
                "db_table": "fulfilment_rework",
            },
        ),
        migrations.RemoveConstraint(
            model_name="file",
            name="orders_file_purpose",
        ),
        migrations.AddIndex(
            model_name="order",
            index=models.Index(
                condition=models.Q(("status__in", ("processing", "in_progress")), ("terms__delivery", "staff")),
                fields=["start_promised_at", "id"],
                name="orders_order_staff",
            ),
        ),
        migrations.AddConstraint(
            model_name="file",
            constraint=models.CheckConstraint(
                condition=models.Q(("purpose__in", ("brief", "deliverable", "evidence", "proof"))),
                name="orders_file_purpose",
            ),
        ),
        migrations.AddField(
            model_name="rework",
            name="order",
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to="smmatic.order"),
        ),
        migrations.AddIndex(
            model_name="rework",
            index=models.Index(
                condition=models.Q(("state__in", ("pending", "in_progress"))),
                fields=["start_by", "id"],
                name="fulfilment_rework_open",
            ),
        ),
        migrations.AddConstraint(
            model_name="rework",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state__in", ("pending", "in_progress"))),
                fields=("order",),
                name="fulfilment_rework_one_open",
            ),
        ),
        migrations.AddConstraint(
            model_name="rework",
            constraint=models.CheckConstraint(
                condition=models.Q(("state__in", ("pending", "in_progress", "completed", "rejected"))),
                name="fulfilment_rework_state",
            ),
        ),
        migrations.AddConstraint(
            model_name="rework",
            constraint=models.CheckConstraint(
                condition=models.Q(("reason", ""), _negated=True), name="fulfilment_rework_reason"
            ),
        ),
        migrations.AddConstraint(
            model_name="rework",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("ended_at", None), ("state__in", ("pending", "in_progress"))),
                    models.Q(
                        ("ended_at__isnull", False), models.Q(("state__in", ("pending", "in_progress")), _negated=True)
                    ),
                    _connector="OR",
                ),
                name="fulfilment_rework_ended",
            ),
        ),
        migrations.RunPython(run, migrations.RunPython.noop),
    ]
