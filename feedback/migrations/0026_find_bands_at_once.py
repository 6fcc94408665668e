import django.contrib.postgres.indexes
from django.db import migrations

# The index is not made anew, which takes minutes: what waits is brought to its place.
AT_ONCE = """
    ALTER INDEX lesson_bands SET (fastupdate = off);
    SELECT gin_clean_pending_list('lesson_bands');
"""
LATER = "ALTER INDEX lesson_bands RESET (fastupdate)"


class Migration(migrations.Migration):
    dependencies = [("feedback", "0025_adjudications")]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunSQL(AT_ONCE, LATER)],
            state_operations=[
                migrations.RemoveIndex(model_name="lesson", name="lesson_bands"),
                migrations.AddIndex(
                    model_name="lesson",
                    index=django.contrib.postgres.indexes.GinIndex(
                        fastupdate=False, fields=["bands"], name="lesson_bands"
                    ),
                ),
            ],
        )
    ]
