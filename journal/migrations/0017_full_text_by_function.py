"""The only way from a page to the text (journal/guard.py).

Every name in it is written with its schema, so no search path of a caller changes what it does with its owner's rights.
"""

from django.db import migrations

MAKE = """
DO $do$ BEGIN
  EXECUTE format($make$
    CREATE OR REPLACE FUNCTION %1$I.journal_full_text_of(wanted bigint) RETURNS SETOF %1$I.journal_fulltext
    LANGUAGE sql STABLE STRICT SECURITY DEFINER ROWS 1
    AS $body$ SELECT * FROM %1$I.journal_fulltext WHERE article_id OPERATOR(pg_catalog.=) wanted $body$
  $make$, current_schema());
END $do$
"""


class Migration(migrations.Migration):
    dependencies = [("journal", "0016_saved_articles_and_alerts")]
    operations = [migrations.RunSQL(MAKE, "DROP FUNCTION journal_full_text_of(bigint)")]
