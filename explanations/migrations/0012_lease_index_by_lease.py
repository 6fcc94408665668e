"""Find running drafts by their lease, so that nobody is led to them by their state."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("explanations", "0011_blocking_and_dismissals"),
    ]

    operations = [
        migrations.RemoveIndex(
            model_name="draft",
            name="draft_lease",
        ),
        migrations.AddIndex(
            model_name="draft",
            index=models.Index(
                condition=models.Q(("lease_until__isnull", False)),
                fields=["lease_until"],
                name="draft_lease",
            ),
        ),
    ]
