"""Which pages a change makes stale, for a cache in front that is told (subscriptions/purging.py).

Beside the trigger of 0017, which every statement on these tables meets: these write the keys that pages carry. Articles'
rows by article, all else as `site`. Rows are taken by the job, or forgotten after an hour.
"""

from django.db import migrations

BY_ARTICLE = {
    "journal_article": "id",
    "journal_publicpage": "article_id",
    "journal_fulltext": "article_id",
    "journal_articlefile": "article_id",
    "journal_relation": "article_id",
}
LISTS = ("journal_articleauthor", "journal_articletopic", "journal_collectionentry", "journal_mostread")
OFFERS = "subscriptions_offer"
SITE = (
    "accounts_servicecenter",
    "journal_collection",
    "journal_issue",
    "journal_journal",
    "journal_section",
    "journal_topic",
    "journal_topicpath",
)
TABLE = """
CREATE TABLE stale_page (key text NOT NULL, at timestamptz NOT NULL DEFAULT clock_timestamp());
CREATE FUNCTION note_stale_pages() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO stale_page (key) VALUES (TG_ARGV[0]);
    RETURN NULL;
END $$;
"""
STATEMENT = """
CREATE TRIGGER stale_pages AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON {table}
    FOR EACH STATEMENT EXECUTE FUNCTION note_stale_pages('{key}');
"""
# The rows of one statement together: an update of a thousand articles is a thousand keys and one call.
ROWS = """
CREATE FUNCTION note_stale_{table}() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO stale_page (key) SELECT DISTINCT coalesce('article-' || {column}, '{key}') FROM changed;
    RETURN NULL;
END $$;
CREATE TRIGGER stale_pages_new AFTER INSERT ON {table} REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION note_stale_{table}();
CREATE TRIGGER stale_pages_changed AFTER UPDATE ON {table} REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION note_stale_{table}();
CREATE TRIGGER stale_pages_gone AFTER DELETE ON {table} REFERENCING OLD TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION note_stale_{table}();
"""
NO_ROWS = """
DROP TRIGGER stale_pages_new ON {table};
DROP TRIGGER stale_pages_changed ON {table};
DROP TRIGGER stale_pages_gone ON {table};
DROP FUNCTION note_stale_{table};
"""


def by_rows(table: str, column: str, key: str) -> migrations.RunSQL:
    named = {"table": table, "column": column, "key": key}
    return migrations.RunSQL(ROWS.format(**named), NO_ROWS.format(**named))


def by_statement(table: str, key: str) -> migrations.RunSQL:
    return migrations.RunSQL(STATEMENT.format(table=table, key=key), f"DROP TRIGGER stale_pages ON {table}")


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0007_profile_and_privacy"),
        ("journal", "0021_authors_by_orcid"),
        ("subscriptions", "0019_language_of_an_order"),
    ]
    operations = [
        migrations.RunSQL(TABLE, "DROP FUNCTION note_stale_pages; DROP TABLE stale_page"),
        *(by_rows(table, column, "site") for table, column in BY_ARTICLE.items()),
        by_rows(OFFERS, "article_id", "site"),  # the price of one article, or of all
        *(by_statement(table, "lists") for table in LISTS),
        *(by_statement(table, "site") for table in SITE),
    ]
