"""The planner is told what making words of a name costs, and may not take the function apart to guess at it: reading the
whole table would make them for everybody, where the index has them."""

from django.db import migrations


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0009_language_of_an_account'),
    ]

    operations = [
        migrations.RunSQL(
            "ALTER FUNCTION search_words(text, text) COST 1000; ALTER FUNCTION search_words(text, text) SET search_path = pg_catalog",
            "ALTER FUNCTION search_words(text, text) COST 100; ALTER FUNCTION search_words(text, text) RESET search_path",
        ),
    ]
