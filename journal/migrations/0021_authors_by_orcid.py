from django.contrib.postgres.operations import AddIndexConcurrently, RemoveIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    """While articles are read: the index is made beside them, so not in a transaction. The kinds' words are our own."""

    atomic = False
    dependencies = [("journal", "0020_languages_of_pages_and_alerts")]
    operations = [
        migrations.AlterField(
            model_name="alert",
            name="kind",
            field=models.CharField(
                choices=[
                    ("issue", "New issues"),
                    ("online", "Articles online first"),
                    ("topic", "New articles on a topic"),
                    ("author", "New articles by an author"),
                    ("collection", "New articles in a collection"),
                    ("citing", "Citations of an article"),
                    ("correction", "Corrections of an article"),
                    ("saved", "Corrections of what I have saved, bought or earned CME credit for"),
                    ("free", "When an article becomes free"),
                ],
                max_length=10,
            ),
        ),
        AddIndexConcurrently(
            "articleauthor",
            models.Index(fields=["orcid"], name="author_by_orcid", condition=models.Q(("orcid", ""), _negated=True)),
        ),
        AddIndexConcurrently(
            "searchterm",
            models.Index(
                fields=["key"],
                opclasses=["varchar_pattern_ops"],
                include=["kind", "weight", "id"],
                name="search_term_start",
            ),
        ),
        RemoveIndexConcurrently("searchterm", "search_term_prefix"),
    ]
