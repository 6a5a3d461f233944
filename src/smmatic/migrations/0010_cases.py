"""Tables of incidents, saved views and the audit trail; what a case keeps of warnings and overrides."""

import django.db.models.deletion
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models

from smmatic.kernel.database import sql

FILES = ["refunds/incidents.sql", "accounts/audit.sql", "migrations/rights_cases.sql"]


def run(apps: object, schema_editor: object) -> None:
    """Runs every file in the order of the packages."""
    for name in FILES:
        schema_editor.execute(sql(name), params=None)  # type: ignore[attr-defined]


class Migration(migrations.Migration):
    """Incidents, warnings, overrides, saved views and the audit trail."""

    dependencies = [
        ("smmatic", "0009_catalogue_desk_and_mass_orders"),
    ]

    operations = [
        migrations.CreateModel(
            name="Audit",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("kind", models.CharField(max_length=20)),
                ("subject_id", models.BigIntegerField(null=True)),
                ("facts", models.JSONField(db_default={})),
                ("at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
            ],
            options={
                "db_table": "accounts_audit",
            },
        ),
        migrations.CreateModel(
            name="Incident",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("title_en", models.CharField(max_length=120)),
                ("title_vi", models.CharField(max_length=120)),
                ("scope", models.CharField(max_length=10)),
                ("scope_value", models.CharField(db_default="", max_length=40)),
                ("began_at", models.DateTimeField()),
                ("ended_at", models.DateTimeField(null=True)),
                ("declared_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("declared_by_id", models.BigIntegerField()),
            ],
            options={
                "db_table": "refunds_incident",
            },
        ),
        migrations.CreateModel(
            name="IncidentEvent",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("kind", models.CharField(max_length=10)),
                ("text_en", models.TextField()),
                ("text_vi", models.TextField()),
                ("actor_id", models.BigIntegerField()),
                ("at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
            ],
            options={
                "db_table": "refunds_incident_event",
            },
        ),
        migrations.CreateModel(
            name="SavedView",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("room", models.CharField(max_length=20)),
                ("name", models.CharField(max_length=40)),
                ("query", models.CharField(max_length=500)),
                ("at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
            ],
            options={
                "db_table": "accounts_saved_view",
            },
        ),
        migrations.AddField(
            model_name="case",
            name="override_why",
            field=models.CharField(db_default="", max_length=1000),
        ),
        migrations.AddField(
            model_name="case",
            name="warn_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="case",
            name="warned",
            field=models.SmallIntegerField(db_default=0),
        ),
        migrations.AddIndex(
            model_name="case",
            index=models.Index(
                condition=models.Q(("warn_at__isnull", False)), fields=["warn_at"], name="refunds_case_warn"
            ),
        ),
        migrations.AddIndex(
            model_name="case",
            index=models.Index(
                condition=models.Q(("decided_at__isnull", False)), fields=["decided_at"], name="refunds_case_decided"
            ),
        ),
        migrations.AddIndex(
            model_name="caseevent",
            index=models.Index(condition=models.Q(("actor_kind", "staff")), fields=["-id"], name="refunds_event_staff"),
        ),
        migrations.AddIndex(
            model_name="event",
            index=models.Index(condition=models.Q(("actor_kind", "staff")), fields=["-id"], name="orders_event_staff"),
        ),
        migrations.AddIndex(
            model_name="order",
            index=models.Index(
                condition=models.Q(("started_at__isnull", True), ("status__in", ("pending", "processing"))),
                fields=["start_promised_at"],
                name="orders_order_start",
            ),
        ),
        migrations.AddIndex(
            model_name="order",
            index=models.Index(
                condition=models.Q(("waiting_since__isnull", False)),
                fields=["waiting_since"],
                name="orders_order_waits",
            ),
        ),
        migrations.AddField(
            model_name="audit",
            name="actor",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddIndex(
            model_name="incident",
            index=models.Index(fields=["-began_at"], name="refunds_incident_began"),
        ),
        migrations.AddConstraint(
            model_name="incident",
            constraint=models.CheckConstraint(
                condition=models.Q(("scope__in", ("all", "platform", "class", "service"))),
                name="refunds_incident_scope",
            ),
        ),
        migrations.AddConstraint(
            model_name="incident",
            constraint=models.CheckConstraint(
                condition=models.Q(("ended_at", None), ("ended_at__gte", models.F("began_at")), _connector="OR"),
                name="refunds_incident_span",
            ),
        ),
        migrations.AddField(
            model_name="incidentevent",
            name="incident",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to="smmatic.incident"
            ),
        ),
        migrations.AddField(
            model_name="savedview",
            name="owner",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddIndex(
            model_name="audit",
            index=models.Index(fields=["-at"], name="accounts_audit_at"),
        ),
        migrations.AddConstraint(
            model_name="savedview",
            constraint=models.UniqueConstraint(fields=("owner", "room", "name"), name="accounts_saved_view_name"),
        ),
        migrations.RunPython(run, migrations.RunPython.noop),
    ]
