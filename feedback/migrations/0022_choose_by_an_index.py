import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

# A golden for which a model would have written the very same as for its draft does not blame it:
# that is said where the lesson is made now, and no longer looked for at each build.
NO_BLAME = """
    UPDATE feedback_lesson SET dpo = 'no', kto_draft = false
    WHERE golden_id IS NOT NULL AND answer = draft_answer AND (dpo = 'golden' OR kto_draft)
"""


class Migration(migrations.Migration):
    dependencies = [
        ("explanations", "0022_fewer_indexes_of_places"),
        ("feedback", "0021_name_looks_at_the_dashboard"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RunSQL(NO_BLAME, migrations.RunSQL.noop),
        migrations.AlterField(
            model_name="datasetrow",
            name="review",
            field=models.ForeignKey(
                db_constraint=False,
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="dataset_rows",
                to="feedback.review",
            ),
        ),
        migrations.AlterField(
            model_name="lesson",
            name="review",
            field=models.ForeignKey(
                db_constraint=False,
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="lessons",
                to="feedback.review",
            ),
        ),
        migrations.AddIndex(
            model_name="lesson",
            index=models.Index(
                name="lesson_worth",
                fields=["review"],
                include=(
                    *("id", "golden", "draft", "recommendation", "task", "editor", "prompt"),
                    *("model_version", "guide", "group", "locale", "outcome", "reviewed_at"),
                    *("categories", "sft", "dpo", "kto_answer", "kto_draft", "spans"),
                    *("knows_more", "refused", "draft_refused", "crowded_from"),
                ),
            ),
        ),
        migrations.AddIndex(
            model_name="lesson",
            index=models.Index(fields=["draft"], name="lesson_by_draft"),
        ),
        migrations.AddIndex(
            model_name="review",
            index=models.Index(
                name="review_rejected", fields=["id"], condition=models.Q(outcome="REJECT")
            ),
        ),
    ]
