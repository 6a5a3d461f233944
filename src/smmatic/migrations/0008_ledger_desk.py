"""The rest of the ledger: corrections, disputes, second persons, frozen accounts, and what proofs found."""

import django.db.models.deletion
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models

from smmatic.kernel.database import sql

FILES = ["credits/posting.sql", "credits/rights.sql", "deposits/disputes.sql"]


def run(apps: object, schema_editor: object) -> None:
    """Runs every file in the order of the packages."""
    for name in FILES:
        schema_editor.execute(sql(name), params=None)  # type: ignore[attr-defined]


class Migration(migrations.Migration):
    """After the holds of 0004."""

    dependencies = [
        ("smmatic", "0007_reseller"),
    ]

    operations = [
        migrations.CreateModel(
            name="Checkpoint",
            fields=[
                ("account_id", models.BigIntegerField(primary_key=True, serialize=False)),
                ("version", models.BigIntegerField()),
                ("chain_head", models.BinaryField(max_length=32)),
                ("available", models.BigIntegerField()),
                ("held", models.BigIntegerField()),
                ("disputed", models.BigIntegerField()),
                ("debt", models.BigIntegerField()),
                ("at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
            ],
            options={
                "db_table": "credits_checkpoint",
            },
        ),
        migrations.CreateModel(
            name="Proof",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("whole", models.BooleanField()),
                ("accounts", models.IntegerField()),
                ("transfers", models.BigIntegerField()),
                ("orders", models.BigIntegerField()),
                ("deposits", models.BigIntegerField()),
                ("differences", models.JSONField()),
                ("seconds", models.FloatField()),
                ("at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
            ],
            options={
                "db_table": "credits_proof",
            },
        ),
        migrations.CreateModel(
            name="AccountEvent",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("account_id", models.BigIntegerField()),
                ("kind", models.CharField(max_length=12)),
                ("actor_id", models.BigIntegerField()),
                ("why", models.CharField(max_length=500)),
                ("available", models.BigIntegerField()),
                ("at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
            ],
            options={
                "db_table": "credits_account_event",
                "indexes": [models.Index(fields=["account_id", "id"], name="credits_account_event_account")],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("kind__in", ("frozen", "reopened", "closed"))),
                        name="credits_account_event_kind",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("why", ""), _negated=True), name="credits_account_event_why"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Approval",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("kind", models.CharField(max_length=12)),
                ("units", models.BigIntegerField()),
                ("days", models.IntegerField(null=True)),
                ("order_id", models.BigIntegerField(null=True)),
                ("reason", models.CharField(max_length=500)),
                ("state", models.CharField(db_default="asked", max_length=10)),
                ("asked_by_id", models.BigIntegerField()),
                ("asked_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("decided_by_id", models.BigIntegerField(null=True)),
                ("decided_at", models.DateTimeField(null=True)),
                ("why", models.CharField(db_default="", max_length=500)),
                (
                    "customer",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "db_table": "credits_approval",
                "indexes": [
                    models.Index(condition=models.Q(("state", "asked")), fields=["id"], name="credits_approval_open"),
                    models.Index(fields=["customer", "-id"], name="credits_approval_customer"),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("kind__in", ("bonus", "goodwill", "adjust_up", "adjust_down")),
                            ("units__gt", 0),
                            models.Q(("reason", ""), _negated=True),
                        ),
                        name="credits_approval_intent",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("decided_at", None), ("decided_by_id", None), ("state", "asked")),
                            models.Q(
                                ("decided_at__isnull", False),
                                ("decided_by_id", models.F("asked_by_id")),
                                ("state", "withdrawn"),
                            ),
                            models.Q(
                                ("decided_at__isnull", False),
                                ("decided_by_id__isnull", False),
                                ("state__in", ("approved", "refused")),
                                models.Q(("decided_by_id", models.F("asked_by_id")), _negated=True),
                                models.Q(("decided_by_id", models.F("customer_id")), _negated=True),
                            ),
                            _connector="OR",
                        ),
                        name="credits_approval_second_person",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Dispute",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("customer_id", models.BigIntegerField()),
                ("units", models.BigIntegerField()),
                ("frozen", models.BigIntegerField()),
                ("state", models.CharField(db_default="open", max_length=10)),
                ("document", models.CharField(max_length=200)),
                ("why", models.CharField(max_length=500)),
                ("opened_by_id", models.BigIntegerField()),
                ("opened_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("proposed", models.CharField(db_default="", max_length=10)),
                ("proposed_by_id", models.BigIntegerField(null=True)),
                ("ended_by_id", models.BigIntegerField(null=True)),
                ("ended_at", models.DateTimeField(null=True)),
                ("removed", models.BigIntegerField(db_default=0)),
                ("debt", models.BigIntegerField(db_default=0)),
                (
                    "deposit",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="smmatic.deposit",
                    ),
                ),
            ],
            options={
                "db_table": "deposits_dispute",
                "indexes": [
                    models.Index(condition=models.Q(("state", "open")), fields=["id"], name="deposits_dispute_open"),
                    models.Index(fields=["deposit"], name="deposits_dispute_deposit"),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("state", "open")), fields=("deposit",), name="deposits_dispute_one_open"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("frozen__gte", 0),
                            ("removed__gte", 0),
                            ("state__in", ("open", "restored", "removed")),
                            ("units__gt", 0),
                            ("debt__gte", 0),
                            ("proposed__in", ("", "restored", "removed")),
                            models.Q(("document", ""), _negated=True),
                            models.Q(("why", ""), _negated=True),
                        ),
                        name="deposits_dispute_stands",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("ended_by_id", None), ("state", "open")),
                            models.Q(
                                ("ended_by_id__isnull", False),
                                ("proposed", models.F("state")),
                                ("proposed_by_id__isnull", False),
                                models.Q(("ended_by_id", models.F("proposed_by_id")), _negated=True),
                                models.Q(("ended_by_id", models.F("customer_id")), _negated=True),
                            ),
                            _connector="OR",
                        ),
                        name="deposits_dispute_two_people",
                    ),
                ],
            },
        ),
        migrations.RunPython(run, migrations.RunPython.noop),
    ]
