"""Takes the whole table for a moment, after it has begun something else: nothing of it may stay when it must wait."""

from django.db import migrations

COLUMN = "ALTER TABLE journal_article ADD COLUMN of_next_version integer"


class Migration(migrations.Migration):
    dependencies = [("journal", "__latest__")]
    operations = [
        migrations.RunSQL("CREATE TABLE of_next_version (id integer)", "DROP TABLE of_next_version"),
        migrations.RunSQL(COLUMN, "ALTER TABLE journal_article DROP COLUMN of_next_version"),
    ]
