"""Articles as a table: out with what a list needs; in with section, topics and free day. All else is the JATS's."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from django.conf import settings
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.postgres.aggregates import ArrayAgg
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from accounts.spreadsheets import Sheet, restored
from desk.bulk.plan import Change, Plan, ignored_in
from desk.what_if.articles import facts
from desk.what_if.effect import SEE_ARTICLES, Effect, named
from journal import browsing
from journal.access import public_reason
from journal.models import Article, Section
from journal.topic_models import ArticleTopic, Topic

MOST_ROWS = 10_000
KNOWN = ("doi", "section", "topics", "free_from")
COLUMNS = (
    *KNOWN, "topics_by_keyword", "title", "authors", "type", "volume", "issue", "pages", "published_online",
    "access", "for_sale", "status", "license", "has_pdf", "address",
)  # fmt: skip
BETWEEN = ";"


# --- out -------------------------------------------------------------------------------------------------------------


def rows() -> Iterator[list[Any]]:
    chosen, by_keyword = (
        ArrayAgg("topic_rows__topic__slug", filter=Q(topic_rows__by_keyword=flag), default=[]) for flag in (False, True)
    )
    found = Article.objects.annotate(chosen_topics=chosen, keyword_topics=by_keyword).select_related("issue", "section")
    plain = found.only(
        "doi", "title", "byline", "article_type", "type_label", "first_page", "last_page", "elocation_id",
        "published_online", "access_type", "free_from", "is_for_sale", "status", "license_url", "has_pdf",
        "section__name", "issue__volume", "issue__number",
    )  # fmt: skip
    for article in plain.order_by("-published_online", "-pk").iterator(chunk_size=2000):
        yield _row(article)


def _row(article: Any) -> list[Any]:
    return [
        article.doi or "", article.section.name if article.section else "",
        f"{BETWEEN} ".join(sorted(article.chosen_topics)), article.free_from or "",
        f"{BETWEEN} ".join(sorted(article.keyword_topics)), article.title, article.byline,
        article.type_label or article.article_type, article.issue.volume if article.issue else "",
        article.issue.number if article.issue else "", article.pages, article.published_online or "",
        article.get_access_type_display(), "yes" if article.is_for_sale else "no", article.get_status_display(),
        article.license_url, "yes" if article.has_pdf else "no",
        f"{settings.SITE_URL}{article.get_absolute_url()}" if article.doi else "",
    ]  # fmt: skip


# --- in --------------------------------------------------------------------------------------------------------------


@dataclass
class Known:
    """What the table's words may name."""

    articles: Mapping[str, Article]
    sections: Mapping[tuple[int, str], Section] = field(default_factory=dict)
    topics: Mapping[str, Topic] = field(default_factory=dict)
    chosen: Mapping[int, frozenset[int]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Wanted:
    """An article as the table wants it."""

    article: Article
    section: Section | None
    free_from: date | None
    topics: frozenset[int]


class Wrong(Exception):
    """A sentence about one line."""


def check(text: str) -> Plan:
    sheet = Sheet(("doi",), KNOWN, MOST_ROWS, "articles")
    lines = list(sheet.lines(text))
    plan = Plan(errors=sheet.errors, ignored=ignored_in(sheet.columns, KNOWN))
    if not sheet.errors and not set(KNOWN[1:]) & set(sheet.columns):
        plan.errors.append(f"Line 1 names no column that can be changed. These are {', '.join(KNOWN[1:])}.")
        return plan
    if not lines:
        plan.errors[:] = plan.errors or ["The file holds no articles."]
        return plan
    known, seen = _known(lines), dict[int, int]()
    for line, cells in lines:
        try:
            _add(plan, line, _wanted(cells, known, seen, line), known)
        except Wrong as wrong:
            sheet.wrong(line, str(wrong))
    sheet.sort_errors()
    plan.effect = _effect([change.row for change in plan.changes])
    return plan


def _known(lines: Iterable[tuple[int, dict[str, str]]]) -> Known:
    keys = {_doi(cells).lower() for _, cells in lines}
    fields = (
        "doi", "doi_key", "title", "journal", "section", "free_from", "access_type", "article_type", "status",
        "published_online",
    )  # fmt: skip
    found = Article.objects.filter(doi_key__in=keys).select_related("section").only(*fields, "section__name")
    articles = {article.doi_key: article for article in found}
    topics = {word: topic for topic in Topic.objects.all() for word in (topic.slug, topic.name.lower())}
    chosen: dict[int, set[int]] = {}
    ids = [article.pk for article in articles.values()]
    for row in ArticleTopic.objects.filter(article__in=ids, by_keyword=False).order_by():
        chosen.setdefault(row.article_id, set()).add(row.topic_id)
    sections = {(one.journal_id, one.name.lower()): one for one in Section.objects.all()}
    return Known(articles, sections, topics, {pk: frozenset(own) for pk, own in chosen.items()})


def _doi(cells: Mapping[str, str]) -> str:
    return restored(cells.get("doi", "").strip()).removeprefix("https://doi.org/")


def _wanted(cells: Mapping[str, str], known: Known, seen: dict[int, int], line: int) -> Wanted:
    """A cell is what the article should have: an empty one takes it away, a missing column leaves it."""
    doi = _doi(cells)
    article = known.articles.get(doi.lower())
    if article is None:
        raise Wrong(f"there is no article with the DOI “{doi[:80]}”." if doi else "the DOI is missing.")
    if article.pk in seen:
        raise Wrong(f"the DOI {doi} stands in line {seen[article.pk]} already.")
    seen[article.pk] = line
    section, free, own = article.section, article.free_from, known.chosen.get(article.pk, frozenset())
    if "section" in cells:
        section = _section(restored(cells["section"].strip()), article, known)
    if "free_from" in cells:
        free = _free_from(cells["free_from"].strip(), article)
    return Wanted(article, section, free, _topics(cells["topics"], known) if "topics" in cells else own)


def _section(name: str, article: Article, known: Known) -> Section | None:
    if not name:
        return None
    found = known.sections.get((article.journal_id, name.lower()))
    if found is None:
        names = sorted(one.name for (journal, _), one in known.sections.items() if journal == article.journal_id)
        raise Wrong(f"there is no section “{name[:60]}”. There are: {', '.join(names) or 'none yet'}.")
    return found


def _free_from(text: str, article: Article) -> date | None:
    if not text:
        return None
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise Wrong(f"“{text[:20]}” is no day. Write it like 2027-12-31.") from None
    if article.access_type == Article.AccessType.OPEN:
        raise Wrong("an open access article is free already. Leave free_from empty.")
    return day


def _topics(text: str, known: Known) -> frozenset[int]:
    words = [restored(word.strip()) for word in text.split(BETWEEN) if word.strip()]
    unknown = [word for word in words if word.lower() not in known.topics]
    if unknown:
        raise Wrong(
            f"there is no topic “{unknown[0][:60]}”. Name topics as in their addresses, with {BETWEEN} between."
        )
    return frozenset(known.topics[word.lower()].pk for word in words)


def _add(plan: Plan, line: int, wanted: Wanted, known: Known) -> None:
    article, names = wanted.article, {topic.pk: topic.name for topic in known.topics.values()}
    own = known.chosen.get(article.pk, frozenset())
    said = []
    if (wanted.section and wanted.section.pk) != article.section_id:
        said.append(f"section: {article.section or '–'} → {wanted.section or '–'}")
    if wanted.free_from != article.free_from:
        said.append(f"free from: {article.free_from or '–'} → {wanted.free_from or '–'}")
    said += [f"topic added: {name}" for name in sorted(names[pk] for pk in wanted.topics - own)]
    said += [f"topic taken away: {name}" for name in sorted(names[pk] for pk in own - wanted.topics)]
    if said:
        plan.changes.append(Change(line, str(article), "; ".join(said), wanted))
    else:
        plan.same += 1


def _effect(wanted: Iterable[Wanted]) -> Effect | None:
    """Which articles on the site become free by the new days, or are no longer."""
    today, opens, closes = timezone.localdate(), list[str](), list[str]()
    for one in wanted:
        before = facts(one.article)
        after = type(before)(before.article_type, before.access_type, one.free_from, before.published_online)
        was, will = (bool(public_reason(known, today)) for known in (before, after))
        if one.article.is_published and was != will:
            (opens if will else closes).append(str(one.article))
    gains = named("Articles that become free for everybody at once", opens, SEE_ARTICLES)
    loses = named("Articles that everybody reads now, and only rights open then", closes, SEE_ARTICLES)
    return Effect(gains=gains, loses=loses) if gains or loses else None


def apply(plan: Plan, user_id: int) -> int:
    """All of it in one transaction, with an entry in the log for each article."""
    wanted: list[Wanted] = [change.row for change in plan.changes]
    with transaction.atomic():
        for one in wanted:
            one.article.section, one.article.free_from = one.section, one.free_from
        articles = [one.article for one in wanted]
        Article.objects.bulk_update(articles, ["section", "free_from"], batch_size=1000)
        _write_topics(wanted)
        browsing.note_change(article.pk for article in articles)
        for change in plan.changes:
            LogEntry.objects.log_actions(
                user_id, [change.row.article], CHANGE, change_message=f"By a table: {change.said}"
            )
    return len(wanted)


def _write_topics(wanted: Iterable[Wanted]) -> None:
    """What the table chooses is chosen, also where a keyword had brought it; what a keyword brings stays."""
    rows = [ArticleTopic(article=one.article, topic_id=pk) for one in wanted for pk in one.topics]
    ids = [one.article.pk for one in wanted]
    ArticleTopic.objects.filter(article__in=ids, by_keyword=False).delete()
    ArticleTopic.objects.bulk_create(
        rows, update_conflicts=True, unique_fields=["topic", "article"], update_fields=["by_keyword"], batch_size=1000
    )
