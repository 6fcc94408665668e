"""Tell the machine side of the lines that people stood behind before it asked."""

from django.db import migrations

from explanations.checks.published import owner_of, words_beside_facts
from explanations.context import mentioned_facts


def hand_down(apps, schema_editor):
    goldens = apps.get_model("feedback", "Golden").objects.filter(state="APPROVED", output=None)
    lines = apps.get_model("explanations", "PublishedLine").objects
    rows = goldens.order_by("pk").values_list(
        "pk", "task_id", "text", "snapshot__item", "snapshot__audience"
    )
    for pk, task_id, text, item, audience in rows.iterator(500):
        mentions = mentioned_facts(text, {"item": item, "audience": audience})
        words = words_beside_facts(text, [(each.start, each.end) for each in mentions])
        lines.get_or_create(
            source=f"golden {pk}",
            defaults={
                "task_id": task_id,
                "text": text,
                "words": list(words),
                "owner": owner_of(item),
            },
        )


class Migration(migrations.Migration):
    dependencies = [
        ("explanations", "0016_published_lines"),
        ("feedback", "0004_search_bulk_actions_and_new_reviews"),
    ]

    operations = [migrations.RunPython(hand_down, migrations.RunPython.noop)]
