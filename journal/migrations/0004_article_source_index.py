from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    """While articles are read and written: the index is made beside them, so not in a transaction."""

    atomic = False
    dependencies = [("journal", "0003_import_sources")]
    operations = [
        AddIndexConcurrently("article", models.Index(fields=["source_sha256"], name="article_source")),
    ]
