"""Indexes of what the staff's start page counts and the figures sum. The tables are in use: made beside them."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):

    atomic = False

    dependencies = [
        ('subscriptions', '0017_public_changes'),
    ]

    operations = [
        AddIndexConcurrently("subscription", models.Index(fields=["unpaid_since"], name="subscription_failing", condition=models.Q(("status", "past_due")))),
        AddIndexConcurrently("payment", models.Index(fields=["paid_at"], name="payment_paid_at")),
        AddIndexConcurrently("outgoingmail", models.Index(fields=["created_at"], name="mail_unsent", condition=models.Q(("sent_at", None)))),
        AddIndexConcurrently("finding", models.Index(fields=["found_at"], name="finding_open", condition=models.Q(("settled_at", None)))),
    ]
