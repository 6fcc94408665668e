"""Remember the newest of what was decided before there was a memory."""

from uuid import UUID

from django.db import migrations

from explanations.checks.published import owner_of
from feedback.likeness import bands_of

# Older lines are rarely looked at, and no desk should wait for them.
MOST = 50_000


def remember(apps, schema_editor):
    reviews = apps.get_model("feedback", "Review").objects
    lines = apps.get_model("feedback", "DecidedLine").objects
    line = apps.get_model("feedback", "DecidedLine")
    rows = (
        reviews.filter(
            outcome__in=["ACCEPT", "BLAND", "EDIT", "REJECT"], superseded_by=None, supersedes=None
        )
        .order_by("-pk")
        .values_list(
            "pk",
            "draft__task_id",
            "draft__recommendation__group",
            "draft__text",
            "draft__snapshot__item",
            "draft__snapshot__audience",
        )[:MOST]
    )
    made = []
    for pk, task_id, group, text, item, audience in rows.iterator(2_000):
        bands = bands_of(text, {"item": item, "audience": audience})
        made.append(
            line(review_id=pk, task_id=task_id, group=group, item=UUID(owner_of(item)), bands=bands)
        )
        if len(made) == 2_000:
            lines.bulk_create(made, ignore_conflicts=True)
            made = []
    lines.bulk_create(made, ignore_conflicts=True)


class Migration(migrations.Migration):
    dependencies = [("feedback", "0010_remember_decided_lines")]

    operations = [migrations.RunPython(remember, migrations.RunPython.noop)]
