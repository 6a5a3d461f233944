"""Texts and overlap of services, prices of single customers, mass orders, saved views, and finding among a million."""

import django.db.models.deletion
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models

from smmatic.kernel.database import sql

FILES = ["catalogue/prices.sql", "orders/guards.sql", "catalogue/prices_rights.sql"]


def run(apps: object, schema_editor: object) -> None:
    """Runs every file, in this order."""
    for name in FILES:
        schema_editor.execute(sql(name), params=None)  # type: ignore[attr-defined]


class Migration(migrations.Migration):
    dependencies = [
        ("smmatic", "0008_ledger_desk"),
    ]

    operations = [
        migrations.CreateModel(
            name="Batch",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("key", models.CharField(max_length=60)),
                ("name", models.CharField(db_default="", max_length=120)),
                ("state", models.CharField(db_default="checked", max_length=10)),
                ("policy_version_id", models.BigIntegerField()),
                ("lines", models.JSONField()),
                ("checks", models.JSONField()),
                ("results", models.JSONField(db_default=[])),
                ("total", models.IntegerField()),
                ("wrong", models.IntegerField()),
                ("amount", models.BigIntegerField()),
                ("placed", models.IntegerField(db_default=0)),
                ("charged", models.BigIntegerField(db_default=0)),
                ("all_or_nothing", models.BooleanField(db_default=False)),
                ("at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("confirmed_at", models.DateTimeField(null=True)),
                ("ended_at", models.DateTimeField(null=True)),
                ("lease_until", models.DateTimeField(null=True)),
            ],
            options={
                "db_table": "orders_batch",
            },
        ),
        migrations.CreateModel(
            name="Category",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=40, unique=True)),
                ("name_vi", models.CharField(max_length=60)),
                ("position", models.IntegerField(default=0)),
            ],
            options={
                "db_table": "catalogue_category",
            },
        ),
        migrations.CreateModel(
            name="CustomerPrice",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("price_units", models.BigIntegerField(null=True)),
                ("reason", models.CharField(max_length=300)),
                ("at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
            ],
            options={
                "db_table": "catalogue_price",
            },
        ),
        migrations.CreateModel(
            name="ListView",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=40)),
                ("query", models.CharField(max_length=600)),
            ],
            options={
                "db_table": "orders_list_view",
            },
        ),
        migrations.AddField(
            model_name="service",
            name="gets_en",
            field=models.CharField(db_default="", default="", max_length=400),
        ),
        migrations.AddField(
            model_name="service",
            name="gets_vi",
            field=models.CharField(db_default="", default="", max_length=400),
        ),
        migrations.AddField(
            model_name="service",
            name="needs_en",
            field=models.CharField(db_default="", default="", max_length=400),
        ),
        migrations.AddField(
            model_name="service",
            name="needs_vi",
            field=models.CharField(db_default="", default="", max_length=400),
        ),
        migrations.AddField(
            model_name="service",
            name="overlap",
            field=models.CharField(db_default="warn", default="warn", max_length=10),
        ),
        migrations.AddField(
            model_name="serviceversion",
            name="texts",
            field=models.JSONField(db_default={}),
        ),
        migrations.AddIndex(
            model_name="order",
            index=models.Index(fields=["customer", "status", "-id"], name="orders_order_customer_status"),
        ),
        migrations.AddIndex(
            model_name="order",
            index=models.Index(
                models.F("customer"),
                models.Func(models.F("link"), models.Value(0), function="hashtextextended"),
                condition=models.Q(("link", ""), _negated=True),
                name="orders_order_link",
            ),
        ),
        migrations.AddConstraint(
            model_name="service",
            constraint=models.CheckConstraint(
                condition=models.Q(("overlap__in", ["allow", "warn", "refuse"])), name="catalogue_service_overlap"
            ),
        ),
        migrations.AddField(
            model_name="batch",
            name="customer",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="customerprice",
            name="actor",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="customerprice",
            name="customer",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="customerprice",
            name="service",
            field=models.ForeignKey(
                db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="smmatic.service"
            ),
        ),
        migrations.AddField(
            model_name="listview",
            name="customer",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddIndex(
            model_name="batch",
            index=models.Index(fields=["customer", "-id"], name="orders_batch_customer"),
        ),
        migrations.AddIndex(
            model_name="batch",
            index=models.Index(condition=models.Q(("state", "placing")), fields=["id"], name="orders_batch_placing"),
        ),
        migrations.AddConstraint(
            model_name="batch",
            constraint=models.UniqueConstraint(fields=("customer", "key"), name="orders_batch_key"),
        ),
        migrations.AddConstraint(
            model_name="batch",
            constraint=models.CheckConstraint(
                condition=models.Q(("state__in", ("checked", "placing", "placed", "refused"))),
                name="orders_batch_state",
            ),
        ),
        migrations.AddConstraint(
            model_name="batch",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("placed__gte", 0),
                    ("placed__lte", models.F("total")),
                    ("wrong__gte", 0),
                    ("wrong__lte", models.F("total")),
                ),
                name="orders_batch_counts",
            ),
        ),
        migrations.AddIndex(
            model_name="customerprice",
            index=models.Index(fields=["customer", "service", "-id"], name="catalogue_price_newest"),
        ),
        migrations.AddConstraint(
            model_name="customerprice",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("price_units__isnull", True), ("price_units__range", (1, 100000000000)), _connector="OR"
                ),
                name="catalogue_price_range",
            ),
        ),
        migrations.AddConstraint(
            model_name="listview",
            constraint=models.UniqueConstraint(fields=("customer", "name"), name="orders_list_view_name"),
        ),
        migrations.RunPython(run, migrations.RunPython.noop),
    ]
