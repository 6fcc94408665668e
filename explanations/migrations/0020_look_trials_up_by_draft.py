"""Look up draft by draft whether new places are of a trial."""

import pgtrigger.compiler
import pgtrigger.migrations
from django.db import migrations


class Migration(migrations.Migration):

    dependencies = [
        ('explanations', '0019_tags_decide_answers'),
    ]

    operations = [
        pgtrigger.migrations.RemoveTrigger(
            model_name='place',
            name='trial_opens_no_place',
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='place',
            trigger=pgtrigger.compiler.Trigger(name='trial_opens_no_place', sql=pgtrigger.compiler.UpsertTriggerSql(func="\nIF EXISTS (\n    SELECT FROM explanations_draft draft\n    WHERE draft.id = ANY (ARRAY(SELECT opened.draft_id FROM opened))\n      AND (SELECT run.trial_id FROM explanations_run run WHERE run.id = draft.run_id) IS NOT NULL\n) THEN\n    RAISE EXCEPTION 'The drafts of a trial want no review.' USING ERRCODE = 'check_violation';\nEND IF;\nRETURN NULL;\n", hash='5ebc303eabddaa88f08bf51d6cae0bb7d2e382bf', level='STATEMENT', operation='INSERT', pgid='pgtrigger_trial_opens_no_place_eb5e0', referencing='REFERENCING NEW TABLE AS opened ', table='explanations_place', when='AFTER')),
        ),
    ]
