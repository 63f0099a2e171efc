"""Triggers on what visitors' pages are made from: each changing transaction leaves its number (subscriptions/public_changes.py).

The tables are written out: a page that reads another one fails tests/test_page_cache.py until a migration adds it.
"""

from django.db import migrations

TABLES = (
    "accounts_servicecenter",
    "journal_article",
    "journal_articleauthor",
    "journal_articlefile",
    "journal_articletopic",
    "journal_collection",
    "journal_collectionentry",
    "journal_fulltext",
    "journal_issue",
    "journal_journal",
    "journal_mostread",
    "journal_publicpage",
    "journal_relation",
    "journal_section",
    "journal_topic",
    "journal_topicpath",
    "subscriptions_offer",
    "subscriptions_institution",
    "subscriptions_iprange",
)
TABLE = """
CREATE TABLE public_change (xid xid8 PRIMARY KEY, seen_at timestamptz);
CREATE FUNCTION note_public_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO public_change (xid) VALUES (pg_current_xact_id()) ON CONFLICT DO NOTHING;
    RETURN NULL;
END $$;
"""
TRIGGER = """
CREATE TRIGGER public_change AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON {table}
    FOR EACH STATEMENT EXECUTE FUNCTION note_public_change();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0007_profile_and_privacy"),
        ("journal", "0016_saved_articles_and_alerts"),
        ("subscriptions", "0016_found_at_the_desk"),
    ]
    operations = [
        migrations.RunSQL(TABLE, "DROP FUNCTION note_public_change; DROP TABLE public_change"),
        *(
            migrations.RunSQL(TRIGGER.format(table=table), f"DROP TRIGGER public_change ON {table}")
            for table in TABLES
        ),
    ]
