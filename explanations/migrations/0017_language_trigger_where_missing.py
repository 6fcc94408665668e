"""Fill in the language of a text only where whoever made it has not."""

import pgtrigger.compiler
import pgtrigger.migrations
from django.db import migrations


class Migration(migrations.Migration):

    dependencies = [
        ('explanations', '0016_published_lines'),
    ]

    operations = [
        pgtrigger.migrations.RemoveTrigger(
            model_name='draft',
            name='draft_has_a_language',
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='draft',
            trigger=pgtrigger.compiler.Trigger(name='draft_has_a_language', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (NEW."language" = \'simple\')', func='NEW.language := copydesk_language((SELECT locale FROM explanations_recommendation WHERE id = NEW.recommendation_id)); RETURN NEW;', hash='8e7097286fb8f1e5dec278ce0503870de17b2637', operation='INSERT', pgid='pgtrigger_draft_has_a_language_a265c', table='explanations_draft', when='BEFORE')),
        ),
    ]
