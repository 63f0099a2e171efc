"""What is kept for the search and for machines is stored as it is, as the parts of pages are since 0011: PostgreSQL spent
a seventh of an import on packing it. Takes a moment; rows written before stay packed until they are rendered again.
"""

from django.db import migrations

COLUMNS = {"journal_fulltext": ("plain_text",), "journal_metadatarecord": ("facts", "front")}


def alter(table: str, storage: str) -> str:
    columns = ", ".join(f'ALTER COLUMN "{name}" SET STORAGE {storage}' for name in COLUMNS[table])
    return f"ALTER TABLE {table} {columns}"


class Migration(migrations.Migration):
    dependencies = [("journal", "0022_days_of_topics")]

    operations = [migrations.RunSQL(alter(table, "EXTERNAL"), alter(table, "EXTENDED")) for table in COLUMNS]
