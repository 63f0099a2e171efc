"""`python -m tests.benchmarks.restoring`: how long a site of a given size takes to be backed up, and to be back (RTO).

The sample journal, its articles copied until the database has that many MB (text that packs as text does), a right in a
hundred, and files of half that size beside it. Then `backup` and `restore_drill`, as an operator runs them.
"""

import argparse
import os
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.benchmarks.site import ROOT, remove, site_environment

FILE_MB = 2


def main() -> int:
    options = arguments()
    if options.inside:
        fill(options.mb)
        return 0
    (ROOT / "var").mkdir(exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="restore-", dir=ROOT / "var"))
    folder.chmod(0o755)
    environment = site_environment(folder, 8400)
    try:
        run(environment, "-m", "tests.benchmarks.prepare", str(folder / "pages.json"))
        run(environment, "-m", "tests.benchmarks.restoring", "--inside", "--mb", str(options.mb))
        began = time.monotonic()
        run(environment, "manage.py", "backup", str(folder / "backups"))
        say(f"Backed up in {time.monotonic() - began:.1f} s.")
        run(environment, "manage.py", "restore_drill", str(folder / "backups"))
    except subprocess.CalledProcessError as error:
        return int(error.returncode)
    finally:
        remove(folder)
    return 0


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mb", type=int, default=200, help="size of the database (200)")
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    return parser.parse_args()


def run(environment: dict[str, str], *words: str) -> None:
    subprocess.run([sys.executable, *words], cwd=ROOT, env=environment, check=True)


def say(words: str) -> None:
    sys.stdout.write(f"{words}\n")
    sys.stdout.flush()


def fill(wanted_mb: int) -> None:
    import django

    django.setup()
    from django.conf import settings
    from django.db import connection

    from journal.models import Article, FullText, PublicPage
    from tests.make import make_right, make_user

    chance = random.Random(61)
    words = ["".join(chance.choices("abcdefghijklmnoprstuvw", k=chance.randint(2, 11))) for _ in range(30_000)]
    models = list(Article.objects.filter(full_text__isnull=False)[:20])
    texts = {one.pk: FullText.objects.get(article=one) for one in models}
    publics = {one.pk: PublicPage.objects.get(article=one) for one in models}
    number, size = 0, 0.0
    while size < wanted_mb:
        made = []
        for _ in range(100):
            model = models[number % len(models)]
            number += 1
            made.append((copied(Article, model, id=None, doi=f"10.5555/copy.{number}"), model.pk))
        Article.objects.bulk_create([article for article, _ in made])
        paragraphs = ["".join(f"<p>{' '.join(chance.choices(words, k=120))}</p>" for _ in range(40)) for _ in made]
        for table, known in ((FullText, texts), (PublicPage, publics)):
            table.objects.bulk_create(
                [copied(table, known[pk], article_id=article.pk) for article, pk in made]
                if table is PublicPage
                else [
                    copied(FullText, known[pk], article_id=article.pk, body=text, plain_text=text)
                    for (article, pk), text in zip(made, paragraphs, strict=True)
                ]
            )
        make_right(make_user(f"reader{number}@example.org"), made[0][0], source=f"copy:{number}")
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_database_size(current_database()) / 1e6")
            size = float(cursor.fetchone()[0])
    articles = Path(settings.STORAGES["articles"]["OPTIONS"]["location"])
    for n in range(wanted_mb // 2 // FILE_MB):
        (articles / f"copy-{n}.bin").write_bytes(os.urandom(FILE_MB * 1_000_000))
    say(f"{number:,} articles more, {size:,.0f} MB of database, {wanted_mb // 2} MB of files more.")


def copied(model: type, row: object, **other: object) -> object:
    """A row like another."""
    fields = [field for field in model._meta.concrete_fields if not field.generated]  # type: ignore[attr-defined]
    return model(**{field.attname: getattr(row, field.attname) for field in fields} | other)


if __name__ == "__main__":
    sys.exit(main())
