"""Two people are two known people."""

from django.db import migrations, models
from django.db.models import F, Q


class Migration(migrations.Migration):
    """After settling."""

    dependencies = [("smmatic", "0014_settling")]
    operations = [
        migrations.RemoveConstraint("case", "refunds_case_two_people"),
        migrations.AddConstraint(
            "case",
            models.CheckConstraint(
                condition=Q(approved_by_id=None)
                | (Q(decided_by_id__isnull=False) & ~Q(approved_by_id=F("decided_by_id"))),
                name="refunds_case_two_people",
            ),
        ),
        migrations.AddConstraint(
            "case",
            models.CheckConstraint(
                condition=~Q(state="approved") | Q(decided_by_id__isnull=False), name="refunds_case_first_of_two"
            ),
        ),
    ]
