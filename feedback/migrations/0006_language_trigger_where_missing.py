"""Fill in the language of a text only where whoever made it has not."""

import pgtrigger.compiler
import pgtrigger.migrations
from django.db import migrations


class Migration(migrations.Migration):

    dependencies = [
        ('feedback', '0005_hand_down_published_lines'),
    ]

    operations = [
        pgtrigger.migrations.RemoveTrigger(
            model_name='golden',
            name='golden_has_a_language',
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='golden',
            trigger=pgtrigger.compiler.Trigger(name='golden_has_a_language', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (NEW."language" = \'simple\')', func='NEW.language := copydesk_language((SELECT locale FROM explanations_recommendation WHERE id = NEW.recommendation_id)); RETURN NEW;', hash='282db36c31bc3e3abb1037428759e65828facaeb', operation='INSERT', pgid='pgtrigger_golden_has_a_language_d0fad', table='feedback_golden', when='BEFORE')),
        ),
    ]
