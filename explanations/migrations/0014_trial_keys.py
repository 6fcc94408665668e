"""A trial knows the key with which it was asked for."""

from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('explanations', '0013_guide_rules'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name='trial',
            name='key',
            field=models.UUIDField(blank=True, help_text='Made by who asks; the same key starts one trial.', null=True),
        ),
        migrations.AddConstraint(
            model_name='trial',
            constraint=models.UniqueConstraint(fields=('created_by', 'key'), name='trial_key_is_unique'),
        ),
    ]
