"""The metadata of a sign-in is fetched by https only."""

import django.core.validators
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('subscriptions', '0013_kept_buyer'),
    ]

    operations = [
        migrations.AlterField(
            model_name='institutionsignin',
            name='metadata_url',
            field=models.CharField(blank=True, help_text='Begins with https. It is fetched when it changes; signing in fetches nothing.', max_length=500, validators=[django.core.validators.URLValidator(schemes=['https'])], verbose_name='metadata address'),
        ),
    ]
