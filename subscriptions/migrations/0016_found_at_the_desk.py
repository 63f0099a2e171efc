"""Indexes for the desk's one search, each made beside the tables' use. A reader's rights, newest first, take the place of
the index on the reader alone: the table is written as often as before."""

import accounts.search_words
import django.contrib.postgres.indexes
import django.db.models.deletion
from django.conf import settings
from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):

    atomic = False

    dependencies = [
        ('accounts', '0008_found_by_words'),
        ('subscriptions', '0015_rights_keep_their_history'),
    ]

    operations = [
        AddIndexConcurrently(
            model_name='entitlement',
            index=models.Index(condition=models.Q(('user__isnull', False)), fields=['user', '-created_at'], name='right_user_newest'),
        ),
        migrations.AlterField(
            model_name='entitlement',
            name='user',
            field=models.ForeignKey(blank=True, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='entitlements', to=settings.AUTH_USER_MODEL),
        ),
        AddIndexConcurrently(
            model_name='institution',
            index=django.contrib.postgres.indexes.GinIndex(accounts.search_words.Words('name'), name='institution_words'),
        ),
        AddIndexConcurrently(
            model_name='payment',
            index=models.Index(condition=models.Q(('invoice_id', ''), _negated=True), fields=['invoice_id'], name='payment_invoice'),
        ),
        AddIndexConcurrently(
            model_name='payment',
            index=models.Index(condition=models.Q(('card_last4', ''), _negated=True), fields=['card_last4', 'paid_at'], name='payment_card'),
        ),
    ]
