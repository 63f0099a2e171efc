"""Files rejected lately are counted on the staff's start page."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):

    atomic = False

    dependencies = [
        ('journal', '0018_look_of_the_journal'),
    ]

    operations = [
        AddIndexConcurrently("importitem", models.Index(fields=["finished_at"], condition=models.Q(("status", "rejected")), name="import_item_rejected")),
    ]
