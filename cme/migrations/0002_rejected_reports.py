"""Rejected reports are counted on the staff's start page."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):

    atomic = False

    dependencies = [
        ('cme', '0001_activities'),
    ]

    operations = [
        AddIndexConcurrently("report", models.Index(fields=["answered_at"], condition=models.Q(("state", "rejected")), name="report_rejected")),
    ]
