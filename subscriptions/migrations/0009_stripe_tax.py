"""Taxes by Stripe Tax: on receipts, and whether they come on top of a subscription's price."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('subscriptions', '0008_price_changes'),
    ]

    operations = [
        migrations.AddField(
            model_name='receipt',
            name='tax',
            field=models.JSONField(blank=True, help_text='As Stripe Tax worked it out; empty without it.', null=True),
        ),
        migrations.AddField(
            model_name='subscription',
            name='plus_tax',
            field=models.BooleanField(db_default=False, default=False, help_text='Tax comes on top of the price.'),
        ),
    ]
