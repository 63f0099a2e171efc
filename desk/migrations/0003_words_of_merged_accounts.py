"""Whoever has an account erased has the words about the accounts that were merged into it erased, too."""

from importlib import import_module

from django.db import migrations

ONLY_THEIRS = "SELECT FROM accounts_erasure e WHERE e.user_id = OLD.person_id"
ALSO_MERGED = """
            WITH RECURSIVE account(id) AS (
                SELECT OLD.person_id UNION
                SELECT m.kept_id FROM accounts_accountmerge m JOIN account ON m.other_id = account.id
            )
            SELECT FROM accounts_erasure e JOIN account ON e.user_id = account.id
"""
BEFORE = (
    import_module("desk.migrations.0002_append_only")
    .LOG.partition("CREATE TRIGGER")[0]
    .replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION")
)
AFTER = BEFORE.replace(ONLY_THEIRS, ALSO_MERGED)


class Migration(migrations.Migration):
    dependencies = [("desk", "0002_append_only"), ("accounts", "0007_profile_and_privacy")]

    operations = [migrations.RunSQL(AFTER, BEFORE)]
