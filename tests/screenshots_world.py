"""`python -m tests.screenshots_world FILE`: what the pictures show beside the sample journal.

CME activities, a subscriber, an article whose full text is its PDF, a reader who is asked what so many texts are for.
FILE gets the addresses of what is made here, by name.
"""

import io
import json
import re
import sys
import zipfile
from datetime import timedelta
from pathlib import Path

import django

OF_PDF = Path(__file__).parents[1] / "sample/articles/grip-strength"
ASKED = "asked@example.org"


def main(told: Path) -> None:
    django.setup()
    from accounts.models import User
    from demo import sample_cme
    from journal.models import Journal
    from tests.make import make_right, make_user

    journal = Journal.objects.get()
    sample_cme.load()
    make_right(User.objects.get(email="subscriber@example.org"), journal, "complimentary", source="screenshots")
    asked = make_user(ASKED, name="Ada Asked")
    make_right(asked, journal, "subscription", source="screenshots of the question")
    asked.set_password("first-page-demo")
    asked.save()
    ask(asked.pk)
    told.write_text(json.dumps({"only_pdf": only_pdf()}))


def only_pdf() -> str:
    """An article of the sample as an older volume would bring it: front matter, references and the PDF."""
    from journal.importing import import_source
    from journal.models import Article
    from journal.publishing import publish

    xml = re.sub(rb"<body>.*</body>", b"", (OF_PDF / "article.xml").read_bytes(), flags=re.DOTALL)
    xml = re.sub(rb'(pub-id-type="doi">10\.[^<]+)', rb"\1.pdf", xml, count=1)
    xml = re.sub(rb"(<article-title>)Grip Strength", rb"\1An Older Look at Grip Strength", xml, count=1)
    package = io.BytesIO()
    with zipfile.ZipFile(package, "w") as archive:
        archive.writestr("article.xml", xml)
        archive.writestr("article.pdf", (OF_PDF / "article.pdf").read_bytes())
    record = import_source(package.getvalue(), "only-pdf.zip")
    article = Article.objects.get(pk=record.article_id)
    publish(article)
    return article.get_absolute_url()


def ask(user_id: int) -> None:
    from django.utils import timezone

    from subscriptions.downloads import keyed, mark
    from subscriptions.models import DownloadQuestion

    DownloadQuestion.objects.create(
        reader=keyed(mark(user_id, "", "")), user_id=user_id, texts=163, hours=24,
        open_until=timezone.now() + timedelta(days=1),
    )  # fmt: skip


if __name__ == "__main__":
    main(Path(sys.argv[1]))
