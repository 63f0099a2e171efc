"""The prepared parts of a page are stored as they are: PostgreSQL spent more on packing and unpacking them than on the
rest of the statement (docs/performance.md). Takes a moment; rows written before stay packed until they are rendered
again.
"""

from django.db import migrations

PARTS = {
    "journal_publicpage": ("head", "header", "abstract", "references", "information", "notices", "first_page", "aside"),
    "journal_fulltext": ("body", "notes", "references", "aside"),
}


def alter(table: str, storage: str) -> str:
    columns = ", ".join(f'ALTER COLUMN "{name}" SET STORAGE {storage}' for name in PARTS[table])
    return f"ALTER TABLE {table} {columns}"


class Migration(migrations.Migration):
    dependencies = [("journal", "0010_more_relations")]

    operations = [migrations.RunSQL(alter(table, "EXTERNAL"), alter(table, "EXTENDED")) for table in PARTS]
