"""The health, prices and words of providers, their callbacks, and whether somebody delivers a service."""

import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models

from smmatic.kernel.database import sql

FILES = ["catalogue/deliverable.sql", "fulfilment/providers.sql"]


def run(apps: object, schema_editor: object) -> None:
    for name in FILES:
        schema_editor.execute(sql(name), params=None)  # type: ignore[attr-defined]


class Migration(migrations.Migration):
    dependencies = [
        ("smmatic", "0002_functions"),
    ]

    operations = [
        migrations.CreateModel(
            name="BalanceReading",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("amount_nano", models.BigIntegerField()),
                ("currency", models.CharField(max_length=10)),
                ("quiet", models.BooleanField()),
                ("asked_at", models.DateTimeField()),
                ("at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
            ],
            options={
                "db_table": "fulfilment_balance",
            },
        ),
        migrations.CreateModel(
            name="Callback",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("webhook_id", models.CharField(max_length=120)),
                ("outcome", models.CharField(max_length=12)),
                ("body", models.TextField()),
                ("told_at", models.DateTimeField(null=True)),
                ("at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
            ],
            options={
                "db_table": "fulfilment_callback",
            },
        ),
        migrations.CreateModel(
            name="CallMinute",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("minute", models.DateTimeField()),
                ("kind", models.CharField(max_length=8)),
                ("calls", models.IntegerField(db_default=0)),
                ("failures", models.IntegerField(db_default=0)),
                ("total_ms", models.BigIntegerField(db_default=0)),
                ("longest_ms", models.IntegerField(db_default=0)),
            ],
            options={
                "db_table": "fulfilment_call",
            },
        ),
        migrations.CreateModel(
            name="Offer",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("service_code", models.CharField(max_length=20)),
                ("remote_service", models.CharField(max_length=64)),
                ("cost_nano", models.BigIntegerField(null=True)),
                ("changed_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
            ],
            options={
                "db_table": "fulfilment_offer",
            },
        ),
        migrations.CreateModel(
            name="ProviderEvent",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("kind", models.CharField(max_length=20)),
                ("actor_id", models.BigIntegerField(null=True)),
                ("facts", models.JSONField(db_default={})),
                ("at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
            ],
            options={
                "db_table": "fulfilment_event",
            },
        ),
        migrations.CreateModel(
            name="ProviderWord",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("place", models.CharField(max_length=8)),
                ("word", models.CharField(max_length=200)),
                ("meaning", models.CharField(db_default="", max_length=30)),
                ("heard", models.BigIntegerField(db_default=1)),
                ("first_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("last_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("mapped_by_id", models.BigIntegerField(null=True)),
                ("mapped_at", models.DateTimeField(null=True)),
            ],
            options={
                "db_table": "fulfilment_word",
            },
        ),
        migrations.RemoveConstraint(
            model_name="provider",
            name="fulfilment_provider_adapter",
        ),
        migrations.AddField(
            model_name="attempt",
            name="charged_nano",
            field=models.BigIntegerField(null=True),
        ),
        migrations.AddField(
            model_name="attempt",
            name="expected_nano",
            field=models.BigIntegerField(null=True),
        ),
        migrations.AddField(
            model_name="attempt",
            name="owed_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="attempt",
            name="owner_id",
            field=models.BigIntegerField(null=True),
        ),
        migrations.AddField(
            model_name="attempt",
            name="told_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="provider",
            name="balance_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="provider",
            name="balance_due_at",
            field=models.DateTimeField(db_default=django.db.models.functions.datetime.Now()),
        ),
        migrations.AddField(
            model_name="provider",
            name="balance_nano",
            field=models.BigIntegerField(null=True),
        ),
        migrations.AddField(
            model_name="provider",
            name="breaker_after",
            field=models.SmallIntegerField(db_default=5),
        ),
        migrations.AddField(
            model_name="provider",
            name="breaker_pause",
            field=models.FloatField(db_default=30.0),
        ),
        migrations.AddField(
            model_name="provider",
            name="calls_per_minute",
            field=models.IntegerField(null=True),
        ),
        migrations.AddField(
            model_name="provider",
            name="currency",
            field=models.CharField(db_default="", max_length=10),
        ),
        migrations.AddField(
            model_name="provider",
            name="currency_units",
            field=models.BigIntegerField(null=True),
        ),
        migrations.AddField(
            model_name="provider",
            name="failures",
            field=models.IntegerField(db_default=0),
        ),
        migrations.AddField(
            model_name="provider",
            name="low_balance_nano",
            field=models.BigIntegerField(null=True),
        ),
        migrations.AddField(
            model_name="provider",
            name="open_pause",
            field=models.FloatField(db_default=0.0),
        ),
        migrations.AddField(
            model_name="provider",
            name="open_until",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="provider",
            name="opened_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="provider",
            name="previous_secret",
            field=models.CharField(db_default="", max_length=200),
        ),
        migrations.AddField(
            model_name="provider",
            name="previous_until",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="provider",
            name="prices_due_at",
            field=models.DateTimeField(db_default=django.db.models.functions.datetime.Now()),
        ),
        migrations.AddField(
            model_name="provider",
            name="probe_until",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="provider",
            name="reconciled_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="provider",
            name="secret",
            field=models.CharField(db_default="", max_length=200),
        ),
        migrations.AddField(
            model_name="provider",
            name="tokens",
            field=models.FloatField(db_default=0.0),
        ),
        migrations.AddField(
            model_name="provider",
            name="tokens_at",
            field=models.DateTimeField(db_default=django.db.models.functions.datetime.Now()),
        ),
        migrations.AddField(
            model_name="service",
            name="deliverable",
            field=models.BooleanField(db_default=True, default=True),
        ),
        migrations.AddIndex(
            model_name="attempt",
            index=models.Index(
                condition=models.Q(("owed_at__isnull", False)), fields=["owed_at"], name="fulfilment_attempt_owed"
            ),
        ),
        migrations.AddIndex(
            model_name="attempt",
            index=models.Index(
                condition=models.Q(("state__in", ("sent", "unknown"))),
                fields=["provider", "state"],
                name="fulfilment_attempt_out",
            ),
        ),
        migrations.AddIndex(
            model_name="attempt",
            index=models.Index(fields=["provider", "closed_at"], name="fulfilment_attempt_closed"),
        ),
        migrations.AddConstraint(
            model_name="provider",
            constraint=models.CheckConstraint(
                condition=models.Q(("adapter__in", ("sandbox", "http_v2", "webhook"))),
                name="fulfilment_provider_adapter",
            ),
        ),
        migrations.AddConstraint(
            model_name="provider",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("breaker_after__gte", 1),
                    ("breaker_pause__gt", 0),
                    models.Q(("calls_per_minute", None), ("calls_per_minute__gte", 1), _connector="OR"),
                    models.Q(("currency_units", None), ("currency_units__gt", 0), _connector="OR"),
                ),
                name="fulfilment_provider_limits",
            ),
        ),
        migrations.AddField(
            model_name="balancereading",
            name="provider",
            field=models.ForeignKey(
                db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="smmatic.provider"
            ),
        ),
        migrations.AddField(
            model_name="callback",
            name="order",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="smmatic.order"
            ),
        ),
        migrations.AddField(
            model_name="callback",
            name="provider",
            field=models.ForeignKey(
                db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="smmatic.provider"
            ),
        ),
        migrations.AddField(
            model_name="callminute",
            name="provider",
            field=models.ForeignKey(
                db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name="+", to="smmatic.provider"
            ),
        ),
        migrations.AddField(
            model_name="offer",
            name="provider",
            field=models.ForeignKey(
                db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name="+", to="smmatic.provider"
            ),
        ),
        migrations.AddField(
            model_name="providerevent",
            name="provider",
            field=models.ForeignKey(
                db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="smmatic.provider"
            ),
        ),
        migrations.AddField(
            model_name="providerword",
            name="provider",
            field=models.ForeignKey(
                db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name="+", to="smmatic.provider"
            ),
        ),
        migrations.AddIndex(
            model_name="balancereading",
            index=models.Index(fields=["provider", "-at"], name="fulfilment_balance_at"),
        ),
        migrations.AddIndex(
            model_name="callback",
            index=models.Index(fields=["provider", "-at"], name="fulfilment_callback_at"),
        ),
        migrations.AddConstraint(
            model_name="callback",
            constraint=models.UniqueConstraint(fields=("provider", "webhook_id"), name="fulfilment_callback_once"),
        ),
        migrations.AddConstraint(
            model_name="callback",
            constraint=models.CheckConstraint(
                condition=models.Q(("outcome__in", ("applied", "late", "stale", "stranger", "unreadable"))),
                name="fulfilment_callback_outcome",
            ),
        ),
        migrations.AddConstraint(
            model_name="callminute",
            constraint=models.UniqueConstraint(fields=("provider", "minute", "kind"), name="fulfilment_call_minute"),
        ),
        migrations.AddConstraint(
            model_name="offer",
            constraint=models.UniqueConstraint(fields=("provider", "service_code"), name="fulfilment_offer_once"),
        ),
        migrations.AddConstraint(
            model_name="offer",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("remote_service", ""), _negated=True),
                    models.Q(("cost_nano", None), ("cost_nano__gte", 0), _connector="OR"),
                ),
                name="fulfilment_offer_stands",
            ),
        ),
        migrations.AddIndex(
            model_name="providerevent",
            index=models.Index(fields=["provider", "-at"], name="fulfilment_event_at"),
        ),
        migrations.AddConstraint(
            model_name="providerword",
            constraint=models.UniqueConstraint(fields=("provider", "place", "word"), name="fulfilment_word_once"),
        ),
        migrations.AddConstraint(
            model_name="providerword",
            constraint=models.CheckConstraint(
                condition=models.Q(("place__in", ("refusal", "state", "end"))), name="fulfilment_word_place"
            ),
        ),
        migrations.RunPython(run, migrations.RunPython.noop),
    ]
