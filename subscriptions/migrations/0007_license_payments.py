"""A payment may be for an institution's license. The table is in use: its index is made beside it."""

import django.db.models.deletion
from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):

    atomic = False

    dependencies = [
        ('subscriptions', '0006_institutions'),
    ]

    operations = [
        migrations.AddField(
            model_name='payment',
            name='license',
            field=models.ForeignKey(blank=True, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='payments', to='subscriptions.sitelicense'),
        ),
        AddIndexConcurrently(
            model_name='payment',
            index=models.Index(condition=models.Q(('license__isnull', False)), fields=['license'], name='payment_license'),
        ),
    ]
