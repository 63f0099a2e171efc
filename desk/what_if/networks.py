"""An institution's networks that would change: which addresses come and go, and what readers there gain or lose."""

import ipaddress
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any

from django.db import connection

from desk.what_if.effect import (
    MOST_ARTICLES,
    NAMES,
    SEE_ARTICLES,
    SEE_INSTITUTIONS,
    Effect,
    Group,
    Text,
    held,
    named,
    opened,
    plural,
    texts,
    this_moment,
)
from journal.models import Article
from subscriptions.models import Entitlement, Institution
from subscriptions.networks import Network

Span = tuple[int, int, int]  # version, first and last address
MOST_BLOCKS = 200
_OTHERS = """
SELECT DISTINCT i.id, i.name FROM unnest(%s::text[]) AS t(text), LATERAL (SELECT t.text::cidr AS network) n
JOIN subscriptions_iprange r ON r.network && n.network JOIN subscriptions_institution i ON i.id = r.institution_id
WHERE i.id <> %s ORDER BY i.name LIMIT %s
"""


def effect(institution: Institution, before: Iterable[str], after: Iterable[str]) -> Effect | None:
    """None when no address comes or goes, or the institution has no right that opens anything."""
    was, will = spans(before), spans(after)
    gone, come = minus(was, will), minus(will, was)
    if not (gone or come):
        return None
    now, today = this_moment()
    articles, is_cut = opened_for(institution, now, today)
    if not articles:
        return None
    told = Effect(said=[f"{institution} opens {_many(articles, is_cut)} that others have to pay for."])
    told.gains, told.loses = _addresses(come, "read them then"), _addresses(gone, "no longer read them")
    if gone:
        told.keeps = _others(institution, gone, "at home there, too, whose rights stay")
        told.said.append("Readers whom it invited by name keep their access wherever they are.")
    if come:
        shared = _others(institution, come, "at home there already")
        told.keeps += [group for group in shared if group not in told.keeps]
    told.keeps += named("Articles it opens", [one.title for one in articles], SEE_ARTICLES, is_at_least=is_cut)
    if is_cut:
        told.limits = [f"The newest {MOST_ARTICLES:,} articles were looked at; there are more."]
    return told


def opened_for(institution: Institution, now: datetime, today: date) -> tuple[list[Text], bool]:
    """The articles on the site that this institution's rights open and that are not free for everybody."""
    rights = held(Entitlement.objects.filter(institution=institution, revoked_at=None))
    if not rights:
        return [], False
    found = texts(Article.objects.published(today))
    return [one for one in found if opened(one, rights, now, today)], len(found) > MOST_ARTICLES


def _many(articles: Sequence[Text], is_cut: bool) -> str:
    return f"{'at least ' if is_cut else ''}{plural(len(articles), 'article', 'articles')}"


def _addresses(found: Sequence[Span], words: str) -> list[Group]:
    """IPv4 by the number of addresses, IPv6 by networks: their addresses are beyond counting."""
    groups = []
    for version, what in ((4, "IPv4 addresses whose readers"), (6, "IPv6 networks whose readers")):
        blocks = [block for span in found if span[0] == version for block in networks_of(span)]
        count = sum(last - first + 1 for one, first, last in found if one == version) if version == 4 else len(blocks)
        if blocks:
            shown = tuple(str(block) for block in blocks[:NAMES])
            more = (f"and {len(blocks) - NAMES:,} networks more",) if len(blocks) > NAMES else ()
            groups.append(Group(f"{what} {words}", count, (*shown, *more), is_measured=True))
    return groups


def _others(institution: Institution, found: Sequence[Span], words: str) -> list[Group]:
    blocks = [str(block) for span in found[:MOST_BLOCKS] for block in networks_of(span)][:MOST_BLOCKS]
    with connection.cursor() as cursor:
        cursor.execute(_OTHERS, [blocks, institution.pk, NAMES])
        names = [name for _, name in cursor.fetchall()]
    return named(f"Other institutions {words}", names, SEE_INSTITUTIONS)


# --- arithmetic of addresses -----------------------------------------------------------------------------------------


def spans(networks: Iterable[str]) -> list[Span]:
    """Networks as spans that are apart, in order."""
    found: list[Span] = []
    for version, first, last in sorted(_span(ipaddress.ip_network(text)) for text in networks):
        if found and found[-1][0] == version and first <= found[-1][2] + 1:
            found[-1] = (version, found[-1][1], max(last, found[-1][2]))
        else:
            found.append((version, first, last))
    return found


def _span(network: Network) -> Span:
    return network.version, int(network[0]), int(network[-1])


def minus(these: Sequence[Span], those: Sequence[Span]) -> list[Span]:
    """What is in `these` and not in `those`; both are apart and in order."""
    found, place = list[Span](), 0
    for version, first, last in these:
        while place < len(those) and (those[place][0], those[place][2]) < (version, first):
            place += 1
        at, begin = place, first
        while at < len(those) and (those[at][0], those[at][1]) <= (version, last):
            if those[at][1] > begin:
                found.append((version, begin, those[at][1] - 1))
            begin = max(begin, those[at][2] + 1)
            at += 1
        if begin <= last:
            found.append((version, begin, last))
    return found


def networks_of(span: Span) -> list[Network]:
    make: Any = ipaddress.IPv4Address if span[0] == 4 else ipaddress.IPv6Address
    return list(ipaddress.summarize_address_range(make(span[1]), make(span[2])))
