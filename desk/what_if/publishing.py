"""Articles that go onto the site or off it: who can read them then or no longer, what is sold, what leads to them."""

from collections.abc import Sequence
from datetime import date, datetime

from django.db.models import Count, Exists, OuterRef, Q

from cme.models import Activity, Attempt
from desk.what_if.articles import EVERYBODY, facts, groups_of, readers
from desk.what_if.effect import (
    MOST_RIGHTS,
    SEE_ARTICLES,
    Effect,
    Group,
    Held,
    day,
    held,
    named,
    plural,
    this_moment,
)
from journal.access import public_reason
from journal.happenings import NEWS
from journal.models import Article, Relation
from journal.reader_models import SavedArticle
from journal.related_models import Citation
from journal.topic_models import CollectionEntry
from subscriptions.get_access import offers_for
from subscriptions.models import Entitlement, GiftLink, Order

MOST_LOOKED_AT = 50
AMONG_MANY = 5  # names of notices
SOLD = {"purchase": "buy it", "rental": "rent it", "issue": "buy its issue", "subscription": "subscribe"}
MARKS = {
    Relation.Kind.RETRACTION: "is marked as retracted, and is not sold any more; whoever has a right reads it marked",
    Relation.Kind.CORRECTION: "is marked as corrected",
    Relation.Kind.CONCERN: "is marked with an expression of concern",
}


def effect(articles: Sequence[Article], *, publish: bool) -> Effect | None:
    """None when none of them changes its place."""
    wanted = Article.Status.PUBLISHED if publish else Article.Status.DRAFT
    moving = [one for one in articles if one.status != wanted]
    if not moving:
        return None
    now, today = this_moment()
    looked_at = moving[:MOST_LOOKED_AT]
    rights, is_cut = _rights(looked_at, MOST_RIGHTS // len(looked_at))
    told = Effect(said=_when(moving, today, publish=publish))
    told.said += [*_sold(looked_at, today, publish=publish), *_marks(looked_at, publish=publish)]
    told.said += _led_to(looked_at, publish=publish)
    found = _who(looked_at, rights, now, today, publish=publish)
    if publish:
        told.gains = found
    else:
        told.loses = found if any(one.is_published for one in moving) else []
    if is_cut or len(moving) > len(looked_at):
        told.limits = [f"The first {len(looked_at):,} articles and {len(rights):,} rights to them were looked at."]
    return told


def _rights(articles: Sequence[Article], most: int) -> tuple[list[Held], bool]:
    scopes: dict[str, set[int | None]] = {
        "article": {one.pk for one in articles}, "issue": {one.issue_id for one in articles},
        "journal": {one.journal_id for one in articles},
    }  # fmt: skip
    found: list[Held] = []
    for scope, ids in scopes.items():
        found += held(Entitlement.objects.filter(**{f"{scope}__in": ids - {None}}), most)
    return found[:most], len(found) > most


def _who(
    articles: Sequence[Article], rights: Sequence[Held], now: datetime, today: date, *, publish: bool
) -> list[Group]:
    """Everybody, where an article is free; else those whose rights open one, by the decision itself."""
    free = [one for one in articles if public_reason(facts(one), max(today, one.published_online or today))]
    closed = [one for one in articles if one not in free]
    alone, verb = len(articles) == 1, "can read" if publish else "can no longer read"
    found = [EVERYBODY] if free and alone else []
    if free and not alone:
        found = named(f"Articles that everybody {verb}", [str(one) for one in free], SEE_ARTICLES)
    holders = {holder for one in closed for holder in readers(one, rights, now, today)}
    return [*found, *groups_of(holders, f"{verb} {'it' if alone else 'at least one of them'}")]


def _when(articles: Sequence[Article], today: date, *, publish: bool) -> list[str]:
    later = [one for one in articles if one.published_online and one.published_online > today]
    if len(articles) > 1:
        many = f"{len(articles):,} articles go {'onto' if publish else 'off'} the site."
        return [many, f"{len(later):,} of them appear later, on their day."] if later and publish else [many]
    (only,) = articles
    if later:
        when = day(only.published_online) if only.published_online else ""
        return [f"It appears on {when}." if publish else f"It was to appear on {when}, and does not."]
    if publish:
        new = only.published_online and only.published_online >= today - NEWS
        alerts = ["Readers who asked for alerts are told of it."] if new else []
        return ["From now on it is on the site: in its issue, in search, in the feeds.", *alerts]
    return ["From now on nobody finds it: its address, and its DOI, lead to “Not found”. Nothing of it is deleted."]


# --- what is sold ----------------------------------------------------------------------------------------------------


def _sold(articles: Sequence[Article], today: date, *, publish: bool) -> list[str]:
    said = [] if publish else _left_with([one.pk for one in articles])
    if len(articles) == 1:
        return [_prices(articles[0], today)] if publish else said
    for_sale = [one for one in articles if one.is_for_sale and not one.retracted_on and not public_reason(one, today)]
    verb = "can be bought then" if publish else "can no longer be bought"
    return [*said, f"{len(for_sale):,} of them {verb}."]


def _prices(article: Article, today: date) -> str:
    if public_reason(facts(article), max(today, article.published_online or today)):
        return "It is free, so it is not sold."
    found = offers_for(article, None)
    if not found:
        return "It is not sold: readers without a right are sent to the contact."
    prices = ", ".join(f"{SOLD.get(one.kind, one.get_kind_display())} for {one.price}" for one in found)
    return f"On its page stands: {prices}."


def _left_with(ids: Sequence[int]) -> list[str]:
    """What readers have paid for and what is under way, when an article leaves the site."""
    in_force = Entitlement.objects.in_force().filter(article__in=ids)
    kinds = dict(in_force.order_by().values_list("kind").annotate(Count("pk")))
    words = [f"{count:,} by {Entitlement.Kind(kind).label.lower()}" for kind, count in sorted(kinds.items())]
    ready = Entitlement.objects.filter(article__in=ids, kind="rental", opened_at=None, revoked_at=None).count()
    said = (
        [f"Rights to it alone that are in force: {', '.join(words)}. They stay for the day it returns."]
        if words
        else []
    )
    if kinds.get("rental") or ready:
        said.append(f"Rentals go on meanwhile: {kinds.get('rental', 0):,} run, {ready:,} wait to be started.")
    if orders := Order.objects.filter(article__in=ids, state__in=Order.UNDECIDED).count():
        said.append(f"Orders under way: {orders:,}. Who pays now owns what nobody finds; think of a refund.")
    return said


# --- what it says of others, and what leads to it --------------------------------------------------------------------


def _marks(articles: Sequence[Article], *, publish: bool) -> list[str]:
    """Notices mark their articles while they are on the site: retractions, corrections, concerns."""
    said = Relation.objects.filter(article__in=articles, kind__in=MARKS).values_list("kind", "target_doi")
    targets = {one.doi_key: one for one in Article.objects.published().filter(doi_key__in={doi for _, doi in said})}
    told = []
    for kind, doi in sorted(said):
        if target := targets.get(doi):
            told.append(_mark(target, Relation.Kind(kind), articles, publish=publish))
    more = len(told) - AMONG_MANY
    return [*told[:AMONG_MANY], *([f"And {more:,} more are marked or lose their mark."] if more > 0 else [])]


def _mark(target: Article, kind: Relation.Kind, notices: Sequence[Article], *, publish: bool) -> str:
    if publish:
        bought = Entitlement.objects.in_force().filter(article=target).count()
        holders = f" {plural(bought, 'right', 'rights')} to it alone in force." if bought else ""
        return f"“{target}” {MARKS[kind]}.{holders if kind == Relation.Kind.RETRACTION else ''}"
    others = Relation.objects.filter(kind=kind, target_doi=target.doi_key, article__status=Article.Status.PUBLISHED)
    if others.exclude(article__in=notices).exists():
        return f"“{target}” stays marked: another notice says the same."
    sold = " and is sold again" if kind == Relation.Kind.RETRACTION and target.is_for_sale else ""
    return f"“{target}” loses its mark{sold}: this is the notice that says it."


def _led_to(articles: Sequence[Article], *, publish: bool) -> list[str]:
    """Links on the site and in readers' hands."""
    dois = [one.doi_key or (one.doi or "").lower() for one in articles]
    points = Relation.objects.filter(target_doi__in=dois, article=OuterRef("pk"))
    said_of = Relation.objects.filter(article__in=articles, target_doi=OuterRef("doi_key"))
    cites = Citation.objects.filter(article__in=articles, here=OuterRef("pk"))
    linking = Article.objects.published().filter(Q(Exists(points)) | Q(Exists(said_of)) | Q(Exists(cites)))
    entries = CollectionEntry.objects.filter(article__in=articles).values("collection").distinct()
    known = {
        plural(count, one, many): count
        for count, one, many in (
            (linking.exclude(pk__in=[one.pk for one in articles]).count(), "other article", "other articles"),
            (len({one.issue_id for one in articles} - {None}), "issue's contents", "issues' contents"),
            (entries.count(), "collection", "collections"),
        )
    }
    places = ", ".join(words for words, count in known.items() if count)
    said = [f"Links {'appear' if publish else 'go'}: {places}."] if places else []
    return said if publish else [*said, *_kept_by_readers(articles)]


def _kept_by_readers(articles: Sequence[Article]) -> list[str]:
    _, today = this_moment()
    saved = SavedArticle.objects.filter(article__in=articles).count()
    gifts = GiftLink.objects.filter(article__in=articles, revoked_at=None, expires_at__date__gte=today).count()
    under_way = Attempt.objects.filter(activity__article__in=articles, state=Attempt.State.OPEN).count()
    said = []
    if saved or gifts:
        said.append(
            f"It leads nowhere meanwhile: saved by {plural(saved, 'reader', 'readers')}, open gift links: {gifts:,}."
        )
    if Activity.objects.open().filter(article__in=articles).exists():
        said.append(
            f"Its CME activity cannot be taken meanwhile; {plural(under_way, 'test is', 'tests are')} under way."
        )
    return said
