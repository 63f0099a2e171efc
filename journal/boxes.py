"""The boxes below an article: what belongs to it, in the order a reader has chosen."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts.models import User
from journal import belonging
from journal.belonging import Here
from journal.models import Article, Relation
from journal.notices import WORDS
from journal.related_models import BoxLayout

TITLES = {
    "see_also": gettext_lazy("See also"),
    "similar": gettext_lazy("By topic"),
    "collections": gettext_lazy("Collections"),
    "cited_by": gettext_lazy("Cited by"),
    "pubmed": gettext_lazy("Similar in PubMed"),
    "elsewhere": gettext_lazy("Chapters and books elsewhere"),
}
SAYINGS = {
    "corrected_by": gettext_lazy("Correction"),
    "corrects": gettext_lazy("Corrects"),
    "retracted_by": gettext_lazy("Retraction notice"),
    "retracts": gettext_lazy("Retracts"),
    "concern_from": gettext_lazy("Expression of concern"),
    "has_concerns_about": gettext_lazy("Expresses concern about"),
    "adds_to": gettext_lazy("Adds to"),
    "added_to_by": gettext_lazy("Addendum"),
    "comments_on": gettext_lazy("Comments on"),
    "commented_by": gettext_lazy("Commentary"),
    "companion": gettext_lazy("Companion"),
}
COOKIE, COOKIE_SECONDS = f"{settings.COOKIE_PREFIX}boxes", 365 * 86_400


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of a box: an article of this journal (with its access mark), or something elsewhere."""

    title: str
    url: str
    line: str = ""
    saying: str = ""
    article: Article | None = None
    access: Any = None


@dataclass(frozen=True, slots=True)
class Box:
    name: str
    title: str
    entries: list[Entry]
    note: str = ""
    is_collapsed: bool = False


@dataclass(frozen=True, slots=True)
class Layout:
    """Every known box once, in order, and which of them are folded."""

    order: tuple[str, ...] = tuple(TITLES)
    collapsed: frozenset[str] = field(default_factory=frozenset)

    @classmethod
    def of(cls, order: Iterable[Any], collapsed: Iterable[Any]) -> "Layout":
        """From whatever a cookie or a form says: unknown names are left out, missing ones stand at the end."""
        known = [name for name in dict.fromkeys(map(str, order)) if name in TITLES]
        return cls(
            tuple(known + [name for name in TITLES if name not in known]),
            frozenset(map(str, collapsed)) & TITLES.keys(),
        )

    @classmethod
    def from_cookie(cls, text: str) -> "Layout":
        order, _, collapsed = text[:500].partition("|")
        return cls.of(order.split("."), collapsed.split("."))

    def cookie(self) -> str:
        return f"{'.'.join(self.order)}|{'.'.join(sorted(self.collapsed))}"

    def moved(self, name: str, shown: list[str], by: int) -> "Layout":
        """Past the next box that this page shows; boxes that are left out as empty keep out of the way."""
        if name not in shown or not 0 <= shown.index(name) + by < len(shown):
            return self
        neighbor = shown[shown.index(name) + by]
        order = [other for other in self.order if other != name]
        order.insert(order.index(neighbor) + (by > 0), name)
        return Layout(tuple(order), self.collapsed)

    def toggled(self, name: str) -> "Layout":
        return Layout(self.order, self.collapsed ^ (frozenset({name}) & TITLES.keys()))


def layout_of(request: HttpRequest, user: User | None) -> Layout:
    """The account's; else this browser's."""
    row = BoxLayout.objects.filter(user=user).first() if user else None
    return Layout.of(row.order, row.collapsed) if row else Layout.from_cookie(request.COOKIES.get(COOKIE, ""))


def keep(layout: Layout, user: User | None) -> None:
    if user:
        said = {"order": list(layout.order), "collapsed": sorted(layout.collapsed)}
        BoxLayout.objects.update_or_create(user=user, defaults=said)


def merge(request: HttpRequest, user: User) -> None:
    """At sign-in: an account without an arrangement takes the browser's; one that has one keeps its order, and what is
    folded in either is folded."""
    text = request.COOKIES.get(COOKIE, "")
    if not text:
        return
    browser, row = Layout.from_cookie(text), BoxLayout.objects.filter(user=user).first()
    own = Layout.of(row.order, row.collapsed) if row else browser
    keep(Layout(own.order, own.collapsed | browser.collapsed), user)


def boxes(request: HttpRequest, article: Article, layout: Layout) -> list[Box]:
    """What there is, in the reader's order; empty boxes are left out. The marks come from one decision."""
    rows = belonging.of(article)
    here = belonging.articles_of(article, rows)
    found: dict[str, tuple[list[Entry], str]] = {
        "see_also": (list(_see_also(article, rows["see_also"], here)), ""),
        "cited_by": _cited_by(article, rows["cited_by"], here),
        "collections": (list(_collections(article, rows["collections"])), ""),
        "elsewhere": ([Entry(title, url, source) for title, url, source in rows["elsewhere"]], ""),
        "similar": ([_here(here[pk]) for (pk,) in rows["similar"] if pk in here], ""),
        "pubmed": ([_in_pubmed(*row) for row in rows["pubmed"]], ""),
    }
    answers = request.reader.access_to_all(here.own.values())  # type: ignore[attr-defined]
    made = []
    for name in layout.order:
        entries, note = found.get(name, ([], ""))
        marked = [_marked(entry, answers) for entry in entries]
        if marked or note:
            made.append(Box(name, str(TITLES[name]), marked, note, name in layout.collapsed))
    return made


def _marked(entry: Entry, answers: Any) -> Entry:
    if entry.article is None:
        return entry
    one = entry.article
    return Entry(one.title, one.get_absolute_url(), one.byline, entry.saying, one, answers[one.pk])


def _here(article: Article, saying: str = "") -> Entry:
    return Entry(article.title, article.get_absolute_url(), article.byline, saying, article)


def _see_also(article: Article, rows: list[Any], here: Here) -> Iterator[Entry]:
    """What it says about others, and what others say about it."""
    for kind, source, target in rows:
        own = source == article.pk
        other = here.get(target if own else source)
        if other is not None:
            yield _here(other, str(SAYINGS[WORDS[Relation.Kind(kind)][0 if own else 1]]))


def _cited_by(article: Article, rows: list[Any], here: Here) -> tuple[list[Entry], str]:
    looked_up = getattr(article, "looked_up", None)
    day = looked_up.citations_on if looked_up else None
    total = rows[0][-1] if rows else 0
    as_of = _("as of %(day)s") % {"day": date_format(day, "DATE_FORMAT")} if day else _("counted in this journal")
    note = (
        ngettext("%(total)s citation, %(as_of)s.", "%(total)s citations, %(as_of)s.", total)
        % {"total": total, "as_of": as_of}
        if total
        else _("No citations yet, %(as_of)s.") % {"as_of": as_of}
    )
    return list(_citing(rows, here)), note


def _citing(rows: list[Any], here: Here) -> Iterator[Entry]:
    """One of this journal that is not on the site (any more) is left out: its title is nobody's business."""
    for doi, pk, title, authors, source, year, _total in rows:
        if pk is None:
            line = ", ".join(filter(None, (authors, source, str(year or ""))))
            yield Entry(title or f"doi:{doi}", f"https://doi.org/{doi}", line)
        elif pk in here:
            yield _here(here[pk])


def _in_pubmed(pmid: str, title: str, line: str) -> Entry:
    return Entry(title, f"https://pubmed.ncbi.nlm.nih.gov/{pmid}/", line)


def _collections(article: Article, rows: list[Any]) -> Iterator[Entry]:
    """Those it was put into, and those whose rule it meets; words of rules are looked at all together."""
    asked = {row[0]: row[-1] for row in rows if row[-1]}
    meets = belonging.meet_words(article, asked)
    for pk, title, slug, description, words in rows:
        if not words or pk in meets:
            yield Entry(title, reverse("journal:collection", args=[slug]), description)
