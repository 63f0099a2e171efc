"""An article whose access, free day, issue or publication day would change: who could read it then, who no longer."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import date, datetime

from accounts.models import User
from desk.what_if.effect import (
    MOST_RIGHTS,
    SEE_INSTITUTIONS,
    SEE_READERS,
    Effect,
    Group,
    Held,
    day,
    held,
    named,
    names_of,
    this_moment,
)
from journal.access import public_reason
from journal.models import Article
from subscriptions.access import Facts, decide
from subscriptions.models import Entitlement, Institution

DECISIVE = ("access_type", "free_from", "published_online", "issue_id", "article_type")
EVERYBODY = Group("Everybody: readers without an account, and search engines", -1)
Holder = tuple[str, int]


def effect(before: Article, after: Article) -> Effect | None:
    """None when nobody's reading changes, because nothing decisive does or the article is a draft."""
    if not before.is_published or all(getattr(before, name) == getattr(after, name) for name in DECISIVE):
        return None
    now, today = this_moment()
    found, is_cut = _rights(before, after)
    was, will = readers(before, found, now, today), readers(after, found, now, today)
    public_was, public_will = (bool(public_reason(facts(one), today)) for one in (before, after))
    told = Effect(said=_said(before, after, today, public_was=public_was, public_will=public_will))
    if public_will and not public_was:
        told.gains = [EVERYBODY]
        told.keeps = groups_of(was, "could read it already")
    elif public_was and not public_will:
        told.loses = [Group("Everybody who has no right of their own", -1)]
        told.keeps = groups_of(will, "can still read it, by a right")
    elif not public_was:
        told.gains, told.loses = (
            groups_of(will - was, "can read it then"),
            groups_of(was - will, "can no longer read it"),
        )
        told.keeps = groups_of(was & will, "can read it as before")
    if is_cut:
        told.limits = [f"The first {MOST_RIGHTS:,} rights to it were looked at; there are more."]
    return told


def facts(article: Article) -> Facts:
    return Facts(article.article_type, article.access_type, article.free_from, article.published_online)


def _rights(before: Article, after: Article) -> tuple[list[Held], bool]:
    """Everything that may open it before or after, each scope by its own index."""
    scopes: dict[str, list[int | None]] = {
        "article": [before.pk],
        "issue": [before.issue_id, after.issue_id],
        "journal": [before.journal_id],
    }
    found: list[Held] = []
    for scope, ids in scopes.items():
        wanted = {one for one in ids if one is not None}
        found += held(Entitlement.objects.filter(**{f"{scope}__in": wanted})) if wanted else []
    return found[:MOST_RIGHTS], len(found) > MOST_RIGHTS


def readers(article: Article, rights: Iterable[Held], now: datetime, today: date) -> set[Holder]:
    """Whose rights open it, by the decision itself; were it free, by what their rights are without that."""
    scopes = {("article", article.pk), ("issue", article.issue_id), ("journal", article.journal_id)}
    closed = Facts("research-article", Article.AccessType.CONTROLLED, None, article.published_online)
    by_holder: dict[Holder, list[Held]] = {}
    for one in rights:
        if one.scope in scopes:
            by_holder.setdefault(one.holder, []).append(one)
    return {
        holder for holder, own in by_holder.items() if decide(closed, [one.right for one in own], now, today).granted
    }


def groups_of(holders: set[Holder], words: str) -> list[Group]:
    ids = {kind: {one for found, one in holders if found == kind} for kind in ("user", "institution", "gift_link")}
    people = named(f"Readers who {words}", names_of(User, ids["user"], "email"), SEE_READERS)
    places = named(
        f"Institutions whose readers {words}", names_of(Institution, ids["institution"], "name"), SEE_INSTITUTIONS
    )
    links = [Group(f"Gift links whose holders {words}", len(ids["gift_link"]))] if ids["gift_link"] else []
    return [replace(group, names=tuple(filter(None, group.names))) for group in (*people, *places, *links)]


def _said(before: Article, after: Article, today: date, *, public_was: bool, public_will: bool) -> list[str]:
    told = []
    if public_was == public_will:
        told.append("It is free for everybody before and after." if public_was else "It stays behind the wall today.")
    else:
        told.append("From now on everybody can read it." if public_will else "From now on it is behind the wall.")
    if before.free_from != after.free_from:
        told.append(_moved(before.free_from, after.free_from))
    if before.issue_id != after.issue_id:
        told.append("Whoever bought the old issue has the article with it; whoever bought the new one gets it.")
    if before.published_online != after.published_online:
        told.append("Rights that cover certain years, such as a kept back-file, go by the publication day.")
    if after.published_online and after.published_online > today:
        told.append(f"Until {day(after.published_online)} it is not on the site at all.")
    return told


def _moved(old: date | None, new: date | None) -> str:
    if new is None:
        return f"It was to become free on {day(old)}, and now never does by itself." if old else ""
    if old is None:
        return f"It becomes free for everybody on {day(new)}."
    apart = (new - old).days
    way = "later" if apart > 0 else "earlier"
    return f"It becomes free on {day(new)} instead of {day(old)}: {abs(apart):,} days {way}."
