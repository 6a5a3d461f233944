"""Mails that come in: threads that began by mail, their files, what was received, and saved replies."""

import django.db.models.deletion
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models

from smmatic.kernel.database import sql

FILES = ["support/mail.sql"]


def run(apps: object, schema_editor: object) -> None:
    """Runs every file, in this order."""
    for name in FILES:
        schema_editor.execute(sql(name), params=None)  # type: ignore[attr-defined]


class Migration(migrations.Migration):
    dependencies = [
        ("smmatic", "0015_two_people"),
    ]

    operations = [
        migrations.CreateModel(
            name="Attachment",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=120)),
                ("media_type", models.CharField(db_default="", max_length=100)),
                ("size", models.IntegerField()),
                ("sha256", models.BinaryField(max_length=32, null=True)),
                ("content", models.BinaryField(null=True)),
                ("refused", models.CharField(db_default="", max_length=40)),
            ],
            options={
                "db_table": "support_attachment",
            },
        ),
        migrations.CreateModel(
            name="Inbound",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("digest", models.BinaryField(max_length=32, unique=True)),
                ("header_id", models.CharField(db_default="", max_length=320)),
                ("sender", models.CharField(db_default="", max_length=320)),
                ("subject", models.CharField(db_default="", max_length=200)),
                ("envelope", models.CharField(db_default="", max_length=1000)),
                ("source", models.CharField(max_length=10)),
                ("kind", models.CharField(db_default="new", max_length=12)),
                ("why", models.CharField(db_default="", max_length=200)),
                ("bounced", models.CharField(db_default="", max_length=320)),
                ("noted_at", models.DateTimeField(null=True)),
                ("raw", models.BinaryField(null=True)),
                ("attempts", models.IntegerField(db_default=0)),
                ("tried_at", models.DateTimeField(null=True)),
                ("copies", models.IntegerField(db_default=0)),
                ("at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
            ],
            options={
                "db_table": "support_inbound",
            },
        ),
        migrations.CreateModel(
            name="Mailbox",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=400, unique=True)),
                ("uid_validity", models.BigIntegerField(db_default=0)),
                ("last_uid", models.BigIntegerField(db_default=0)),
                ("polled_at", models.DateTimeField(null=True)),
                ("lease_until", models.DateTimeField(null=True)),
                ("error", models.CharField(db_default="", max_length=300)),
            ],
            options={
                "db_table": "support_mailbox",
            },
        ),
        migrations.CreateModel(
            name="SavedReply",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("title", models.CharField(max_length=80, unique=True)),
                ("body_en", models.TextField()),
                ("body_vi", models.TextField()),
                ("changed_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
            ],
            options={
                "db_table": "support_saved_reply",
            },
        ),
        migrations.RemoveConstraint(
            model_name="conversation",
            name="support_conversation_one_an_order",
        ),
        migrations.RemoveConstraint(
            model_name="conversation",
            name="support_conversation_one_general",
        ),
        migrations.RemoveConstraint(
            model_name="message",
            name="support_message_internal_by_staff",
        ),
        migrations.RemoveIndex(
            model_name="conversation",
            name="support_conversation_open",
        ),
        migrations.AddField(
            model_name="conversation",
            name="address",
            field=models.CharField(db_default="", max_length=320),
        ),
        migrations.AddField(
            model_name="conversation",
            name="answer_due_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="conversation",
            name="assignee",
            field=models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="conversation",
            name="language",
            field=models.CharField(db_default="en", max_length=5),
        ),
        migrations.AddField(
            model_name="conversation",
            name="name",
            field=models.CharField(db_default="", max_length=120),
        ),
        migrations.AddField(
            model_name="conversation",
            name="origin",
            field=models.CharField(db_default="page", max_length=10),
        ),
        migrations.AddField(
            model_name="conversation",
            name="topic",
            field=models.CharField(db_default="", max_length=200),
        ),
        migrations.AddField(
            model_name="conversation",
            name="writer_id",
            field=models.BigIntegerField(null=True),
        ),
        migrations.AddField(
            model_name="conversation",
            name="writing_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="message",
            name="channel",
            field=models.CharField(db_default="page", max_length=10),
        ),
        migrations.AddField(
            model_name="message",
            name="proof",
            field=models.CharField(db_default="", max_length=10),
        ),
        migrations.AddField(
            model_name="message",
            name="quoted",
            field=models.TextField(db_default=""),
        ),
        migrations.AddField(
            model_name="message",
            name="sender",
            field=models.CharField(db_default="", max_length=320),
        ),
        migrations.AlterField(
            model_name="conversation",
            name="customer",
            field=models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddIndex(
            model_name="conversation",
            index=models.Index(
                condition=models.Q(("order__isnull", False)), fields=["order"], name="support_conversation_order"
            ),
        ),
        migrations.AddIndex(
            model_name="conversation",
            index=models.Index(
                models.OrderBy(models.F("answer_due_at"), nulls_last=True),
                models.F("last_at"),
                condition=models.Q(("waiting_for", "staff")),
                name="support_conversation_open",
            ),
        ),
        migrations.AddConstraint(
            model_name="conversation",
            constraint=models.UniqueConstraint(
                condition=models.Q(("order__isnull", False), ("origin", "page")),
                fields=("order",),
                name="support_conversation_one_an_order",
            ),
        ),
        migrations.AddConstraint(
            model_name="conversation",
            constraint=models.UniqueConstraint(
                condition=models.Q(("order__isnull", True), ("origin", "page")),
                fields=("customer",),
                name="support_conversation_one_general",
            ),
        ),
        migrations.AddConstraint(
            model_name="conversation",
            constraint=models.CheckConstraint(
                condition=models.Q(("origin__in", ("page", "mail"))), name="support_conversation_origin"
            ),
        ),
        migrations.AddConstraint(
            model_name="conversation",
            constraint=models.CheckConstraint(
                condition=models.Q(("origin", "mail"), ("customer__isnull", False), _connector="OR"),
                name="support_conversation_page_has_customer",
            ),
        ),
        migrations.AddConstraint(
            model_name="message",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("internal", False), models.Q(("author_kind", "customer"), _negated=True), _connector="OR"
                ),
                name="support_message_internal_by_staff",
            ),
        ),
        migrations.AddConstraint(
            model_name="message",
            constraint=models.CheckConstraint(
                condition=models.Q(("channel__in", ("page", "mail"))), name="support_message_channel"
            ),
        ),
        migrations.AddConstraint(
            model_name="message",
            constraint=models.CheckConstraint(
                condition=models.Q(("proof__in", ("", "signed", "other", "verified", "claimed", "unknown"))),
                name="support_message_proof",
            ),
        ),
        migrations.AddField(
            model_name="attachment",
            name="file",
            field=models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="smmatic.file",
            ),
        ),
        migrations.AddField(
            model_name="attachment",
            name="message",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to="smmatic.message"
            ),
        ),
        migrations.AddField(
            model_name="inbound",
            name="conversation",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="smmatic.conversation"
            ),
        ),
        migrations.AddField(
            model_name="inbound",
            name="message",
            field=models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="smmatic.message",
            ),
        ),
        migrations.AddField(
            model_name="savedreply",
            name="author",
            field=models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddIndex(
            model_name="inbound",
            index=models.Index(condition=models.Q(("kind", "new")), fields=["id"], name="support_inbound_new"),
        ),
        migrations.AddIndex(
            model_name="inbound",
            index=models.Index(
                condition=models.Q(("kind", "bounce"), ("noted_at__isnull", True)),
                fields=["id"],
                name="support_inbound_bounce",
            ),
        ),
        migrations.AddIndex(
            model_name="inbound",
            index=models.Index(fields=["header_id"], name="support_inbound_header_id"),
        ),
        migrations.AddIndex(
            model_name="inbound",
            index=models.Index(fields=["sender"], name="support_inbound_sender"),
        ),
        migrations.AddConstraint(
            model_name="inbound",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("kind__in", ("new", "message", "automatic", "bounce", "own", "unreadable", "erased"))
                ),
                name="support_inbound_kind",
            ),
        ),
        migrations.AddConstraint(
            model_name="inbound",
            constraint=models.CheckConstraint(
                condition=models.Q(models.Q(("kind", "new"), _negated=True), ("raw__isnull", False), _connector="OR"),
                name="support_inbound_new_has_raw",
            ),
        ),
        migrations.RunPython(run, migrations.RunPython.noop),
    ]
