from django.contrib.postgres.operations import AddConstraintNotValid
from django.db import migrations, models


class Migration(migrations.Migration):
    """Quick on a table of any size: neither the column nor its constraint reads a row."""

    dependencies = [
        ("explanations", "0023_places_know_their_age"),
    ]

    operations = [
        migrations.AddField(
            model_name="recommendation",
            name="stratum",
            field=models.CharField(
                blank=True,
                choices=[("popular", "popular"), ("niche", "niche")],
                db_default="",
                default="",
                help_text="How many people meet the item. Empty: its priority says so.",
                max_length=8,
            ),
        ),
        # The rows that there are have the default, which it allows.
        AddConstraintNotValid(
            model_name="recommendation",
            constraint=models.CheckConstraint(
                condition=models.Q(("stratum__in", ["", "popular", "niche"])),
                name="recommendation_stratum_is_one",
            ),
        ),
    ]
