"""A topic's rows know the day of their article, so that a page of a long list is a range of an index.

The day is written by triggers, so that it is right whoever writes. Each locks the article's row: a day that is changing
is waited for.
"""

from typing import Any

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models

BATCH = 2000
DAY = "CASE WHEN a.status = 'published' THEN a.published_online END"
TRIGGERS = f"""
CREATE FUNCTION journal_topic_takes_day() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    SELECT {DAY} INTO NEW.day FROM journal_article a WHERE a.id = NEW.article_id FOR NO KEY UPDATE;
    RETURN NEW;
END $$;
CREATE TRIGGER journal_topic_takes_day BEFORE INSERT OR UPDATE OF article_id ON journal_articletopic
    FOR EACH ROW EXECUTE FUNCTION journal_topic_takes_day();
CREATE FUNCTION journal_article_gives_day() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE journal_articletopic t SET day = {DAY.replace("a.", "NEW.")} WHERE t.article_id = NEW.id;
    RETURN NULL;
END $$;
CREATE TRIGGER journal_article_gives_day AFTER UPDATE OF status, published_online ON journal_article FOR EACH ROW
    WHEN (OLD.status <> NEW.status OR OLD.published_online IS DISTINCT FROM NEW.published_online)
    EXECUTE FUNCTION journal_article_gives_day();
"""  # noqa: S608  (only our own words are put together)
NO_TRIGGERS = """
DROP TRIGGER journal_article_gives_day ON journal_article;
DROP FUNCTION journal_article_gives_day;
DROP TRIGGER journal_topic_takes_day ON journal_articletopic;
DROP FUNCTION journal_topic_takes_day;
"""
FILL = f"""
UPDATE journal_articletopic t SET day = f.day FROM (
    SELECT r.id, {DAY} AS day FROM journal_articletopic r JOIN journal_article a ON a.id = r.article_id
    WHERE r.id > %s AND r.id <= %s ORDER BY a.id FOR NO KEY UPDATE OF a
) f WHERE t.id = f.id AND t.day IS DISTINCT FROM f.day
"""  # noqa: S608


def fill(apps: Any, editor: Any) -> None:
    """In batches, each its own transaction: nobody waits for long."""
    rows = apps.get_model("journal", "ArticleTopic").objects
    last = rows.aggregate(last=models.Max("pk"))["last"] or 0
    with editor.connection.cursor() as cursor:
        for first in range(0, last, BATCH):
            cursor.execute(FILL, [first, first + BATCH])


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("journal", "0021_authors_by_orcid")]
    operations = [
        migrations.AddField("articletopic", "day", models.DateField(editable=False, null=True)),
        migrations.AddField(
            "lookedup",
            "citations_missed_on",
            models.DateField(help_text="When it last could not be told.", null=True),
        ),
        migrations.AddField("lookedup", "pubmed_missed_on", models.DateField(null=True)),
        migrations.RunSQL(TRIGGERS, NO_TRIGGERS),
        migrations.RunPython(fill, migrations.RunPython.noop, elidable=True),
        AddIndexConcurrently("articletopic", models.Index(fields=["topic", "-day", "-article"], name="topic_newest")),
    ]
