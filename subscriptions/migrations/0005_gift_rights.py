"""A right may be held by a gift link. The table is in use and large: nothing here holds a lock while it reads it."""

import django.db.models.deletion
from django.contrib.postgres.operations import AddConstraintNotValid, AddIndexConcurrently, ValidateConstraint
from django.db import migrations, models


class Migration(migrations.Migration):

    atomic = False

    dependencies = [
        ('subscriptions', '0004_flows'),
    ]

    operations = [
        migrations.AddField(
            model_name='entitlement',
            name='gift_link',
            field=models.ForeignKey(blank=True, db_index=False, help_text='Held by whoever opened this link, on the devices it was opened on.', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='entitlements', to='subscriptions.giftlink'),
        ),
        AddConstraintNotValid(
            model_name='entitlement',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('gift_link', None), ('institution__isnull', False), ('user', None)), models.Q(('gift_link', None), ('institution', None), ('user__isnull', False)), models.Q(('article__isnull', False), ('gift_link__isnull', False), ('institution', None), ('user', None)), _connector='OR'), name='entitlement_is_held_by_one', violation_error_message='Choose a reader or an institution, and only one of them.'),
        ),
        ValidateConstraint(model_name='entitlement', name='entitlement_is_held_by_one'),
        migrations.RemoveConstraint(
            model_name='entitlement',
            name='entitlement_has_one_holder',
        ),
        AddIndexConcurrently(
            model_name='entitlement',
            index=models.Index(condition=models.Q(('gift_link__isnull', False)), fields=['gift_link', 'article'], name='right_gift_link_article'),
        ),
        AddIndexConcurrently(
            model_name='order',
            index=models.Index(condition=models.Q(('guest_email', ''), _negated=True), fields=['guest_email'], name='order_guest_email'),
        ),
    ]
