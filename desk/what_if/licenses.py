"""An institution's license that would change, or take its next step: what opens and closes for the readers there."""

from copy import copy
from datetime import date, datetime

from django.utils import timezone

from desk.what_if.effect import (
    MOST_ARTICLES,
    SEE_ARTICLES,
    Effect,
    Held,
    Text,
    day,
    held,
    named,
    opened,
    plural,
    texts,
    this_moment,
)
from journal.models import Article
from subscriptions.access import Right
from subscriptions.grants import end_of, start_of
from subscriptions.institutions import licenses
from subscriptions.models import Entitlement, SiteLicense

DECISIVE = ("institution_id", "journal_id", "starts_on", "ends_on", "covers_from", "keeps_back_file")


def effect(before: SiteLicense, after: SiteLicense) -> Effect | None:
    """What paying for the changed draft opens, beside what paying for it as it was would have opened."""
    if all(getattr(before, name) == getattr(after, name) for name in DECISIVE):
        return None
    found = texts(
        Article.objects.filter(status=Article.Status.PUBLISHED, journal__in=[before.journal_id, after.journal_id])
    )
    told = Effect(said=["Today nobody gains or loses anything: this is a draft. Once it is paid:"])
    if before.institution_id != after.institution_id:
        told.said.append(f"It opens to {after.institution} what was meant for {before.institution}.")
    for words, moment in _moments(before, after):
        was, will = (set(_titles(row, found, moment)) for row in (before, after))
        many = plural(len(will), "article", "articles")
        told.said.append(f"{words} {after.institution} reads {many}, instead of {len(was):,}.")
        told.gains += named(f"Articles open {_in_a_sentence(words)}", sorted(will - was), SEE_ARTICLES)
        told.loses += named(f"Articles not open {_in_a_sentence(words)}", sorted(was - will), SEE_ARTICLES)
    if len(found) > MOST_ARTICLES:
        told.limits = [f"The newest {MOST_ARTICLES:,} articles were looked at; there are more."]
    return told


def _in_a_sentence(words: str) -> str:
    return f"{words[0].lower()}{words[1:].rstrip(',')}"


def _moments(before: SiteLicense, after: SiteLicense) -> list[tuple[str, datetime]]:
    """The term's days are judged at its beginning (or now), what is kept on the day after its end."""
    begins = max(start_of(after.starts_on), timezone.now())
    first = min(begins, end_of(after.ends_on))
    last = max(end_of(before.ends_on), end_of(after.ends_on))
    return [
        (f"On {day(timezone.localdate(first))}", first),
        (f"On {day(timezone.localdate(last))}, after its end,", last),
    ]


def _titles(row: SiteLicense, found: list[Text], moment: datetime) -> list[str]:
    rights = [*_other_rights(row), *rights_when_paid(row)]
    on = timezone.localdate(moment)
    return [one.title for one in found if opened(one, rights, moment, on)]


def rights_when_paid(row: SiteLicense) -> list[Held]:
    """The rights that the license's own rules make of it once it is paid (institutions/licenses.py)."""
    paid = copy(row)
    paid.state = SiteLicense.State.PAID
    holder, scope = ("institution", row.institution_id), ("journal", row.journal_id)
    return [
        Held(holder, scope, Right(None, str(Entitlement.Kind.INSTITUTION), f"license:{row.pk}", "",
                                  right.starts_at, right.ends_at, right.covers_from, right.covers_until))
        for right in licenses.rights_of(paid)
    ]  # fmt: skip


def _other_rights(row: SiteLicense) -> list[Held]:
    rights = Entitlement.objects.filter(institution=row.institution_id, revoked_at=None)
    return [one for one in held(rights) if not one.right.source.startswith(f"license:{row.pk}")]


def next_step(row: SiteLicense) -> list[str]:
    """In sentences, what paying and making void would do for reading today or on the first day."""
    now, today = this_moment()
    begins = max(start_of(row.starts_on), now)
    on: date = timezone.localdate(begins)
    if on > row.ends_on:
        return [
            "Its term is over: paying opens only the years it keeps." if row.keeps_back_file else "Its term is over."
        ]
    found = texts(Article.objects.filter(status=Article.Status.PUBLISHED, journal=row.journal_id))
    own, others = rights_when_paid(row), _other_rights(row)
    without = sum(opened(one, others, begins, on) for one in found)
    with_it = sum(opened(one, [*others, *own], begins, on) for one in found)
    when = "now" if on == today else f"from {day(on)}"
    limit = f" (of the newest {MOST_ARTICLES:,})" if len(found) > MOST_ARTICLES else ""
    more = with_it - without
    opens = f"Paid, it opens {plural(more, 'article', 'articles')}{limit} to readers of {row.institution} {when}"
    return [
        f"{opens} that they cannot read otherwise; {without:,} are open to them without it.",
        f"Void, {'that one is' if more == 1 else f'those {more:,} are'} closed to them.",
    ]
