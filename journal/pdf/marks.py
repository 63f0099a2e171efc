"""What happened to an article, as its PDF says it on every page: retracted, of concern, corrected (NISO RP-45-2024).

A file that somebody keeps for years must say by itself what became of it and where the notice is.
"""

from datetime import date

from django.utils.dateformat import format as format_date

from journal.models import Article, Relation
from journal.notices import notices_about
from journal.pdf import Mark

#: From the gravest. Relation → what the page says, the word across the page.
WORDS = {
    Relation.Kind.RETRACTION: ("Retracted", "RETRACTED"),
    Relation.Kind.CONCERN: ("Expression of concern", ""),
    Relation.Kind.CORRECTION: ("Corrected", ""),
}
#: Notices named in one line; a page's head holds no more.
MOST = 3


def mark_of(article: Article) -> Mark | None:
    """The mark of an article, None for one to which nothing happened."""
    about = notices_about(article).filter(kind__in=WORDS).exclude(article=article)
    rows = list(about.values_list("kind", "article__published_online", "article__doi"))
    if not rows:
        return None
    order = list(WORDS)
    rows.sort(key=lambda row: row[1] or date.min, reverse=True)  # of the same kind the newest is named first
    rows.sort(key=lambda row: order.index(Relation.Kind(row[0])))
    title, across = WORDS[Relation.Kind(rows[0][0])]
    return Mark(" · ".join(_said(*row) for row in rows[:MOST]), title, across)


def _said(kind: str, day: date | None, doi: str | None) -> str:
    when = f" {format_date(day, 'F j, Y')}" if day else ""
    return f"{WORDS[Relation.Kind(kind)][0]}{when}, notice: https://doi.org/{doi}"
