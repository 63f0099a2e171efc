"""A new price for running subscriptions: two new tables."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('subscriptions', '0007_license_payments'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='PriceChange',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('reason', models.CharField(blank=True, help_text='One sentence for the mail, for example why the price rises.', max_length=300)),
                ('started_at', models.DateTimeField(auto_now_add=True)),
                ('stopped_at', models.DateTimeField(blank=True, help_text='Nobody more is told from then on: another change took over, or staff stopped it.', null=True)),
                ('offer', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='price_changes', to='subscriptions.offer')),
                ('started_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'ordering': ['-started_at'],
            },
        ),
        migrations.CreateModel(
            name='PriceNotice',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('old_amount', models.PositiveIntegerField()),
                ('amount', models.PositiveIntegerField()),
                ('currency', models.CharField(max_length=3)),
                ('applies_at', models.DateTimeField(help_text='The renewal that is charged at the new price.')),
                ('state', models.CharField(choices=[('told', 'Told'), ('moved', 'New price set at Stripe'), ('lapsed', 'Not in time: told again before the next renewal'), ('withdrawn', 'Withdrawn: the price stays')], default='told', max_length=10)),
                ('told_at', models.DateTimeField(auto_now_add=True)),
                ('moved_at', models.DateTimeField(blank=True, null=True)),
                ('change', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='notices', to='subscriptions.pricechange')),
                ('subscription', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='price_notices', to='subscriptions.subscription')),
            ],
            options={
                'ordering': ['-told_at'],
                'indexes': [models.Index(condition=models.Q(('state', 'told')), fields=['applies_at'], name='price_notice_due')],
                'constraints': [models.UniqueConstraint(condition=models.Q(('state', 'told')), fields=('subscription',), name='one_price_notice_at_a_time'), models.UniqueConstraint(fields=('change', 'subscription', 'applies_at'), name='one_price_notice_for_a_day')],
            },
        ),
    ]
