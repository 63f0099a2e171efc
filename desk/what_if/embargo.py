"""Many articles that become free so many months after they were published: looked at first, then in one statement."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from django import forms
from django.contrib.admin.models import CHANGE, LogEntry
from django.db import transaction
from django.db.models import DateField, F, Q, QuerySet, Value
from django.db.models.expressions import RawSQL
from django.db.models.functions import Now

from desk.what_if.effect import NAMES, SEE_ARTICLES, Effect, Group, day
from journal.access import NOTICE_TYPES
from journal.models import Article

LONGEST = 600


class EmbargoForm(forms.Form):
    months = forms.IntegerField(
        label="Free after so many months", min_value=0, max_value=LONGEST, required=False,
        help_text="Counted from each article's publication day; January 31 and one month is the end of February."
        " Empty: they never become free by themselves.",
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Embargo:
    """The rule, for the articles of `chosen`: open and free ones, and those without a day, are left as they are."""

    chosen: "QuerySet[Article]"
    months: int | None

    @property
    def met(self) -> "QuerySet[Any]":
        closed = self.chosen.filter(access_type=Article.AccessType.CONTROLLED, published_online__isnull=False)
        plain: QuerySet[Any] = Article.objects.filter(
            pk__in=closed.order_by().values("pk")
        )  # without the list's joins and order
        moved = Q(free_from=None, then__isnull=False) | Q(free_from__isnull=False, then=None) | ~Q(free_from=F("then"))
        found: QuerySet[Any] = plain.annotate(then=self._day).filter(moved)
        return found

    @property
    def _day(self) -> Any:
        """PostgreSQL's months: the day of the month stays, or is the last one."""
        if self.months is None:
            return Value(None, output_field=DateField())
        sql = '("journal_article"."published_online" + make_interval(months => %s))::date'
        return RawSQL(sql, [self.months], output_field=DateField())  # noqa: S611  (our own words)

    def effect(self, today: date) -> Effect:
        on_site = self.met.filter(status=Article.Status.PUBLISHED, published_online__lte=today)
        walled = on_site.exclude(article_type__in=NOTICE_TYPES)  # notices are free for everybody anyway
        opens = walled.filter(then__lte=today).exclude(free_from__lte=today)
        closes = walled.filter(free_from__lte=today).filter(Q(then__gt=today) | Q(then=None))
        told = Effect(said=[f"{self.met.count():,} of {self.chosen.count():,} chosen articles get another day."])
        told.gains = _group("Articles that become free for everybody at once", opens)
        told.loses = _group("Articles that everybody reads now, and only rights open then", closes)
        later = walled.exclude(free_from__lte=today).filter(Q(then__gt=F("free_from")) | Q(then=None))
        sooner = walled.filter(then__gt=today).filter(Q(then__lt=F("free_from")) | Q(free_from=None))
        told.keeps = _group("Articles that stay behind the wall longer", later.exclude(free_from=None))
        told.keeps += _group("Articles that become free sooner, and not yet", sooner.exclude(free_from__lte=today))
        return told

    def apply(self, user_id: int) -> int:
        """All of them in one statement, with an entry in the log for each."""
        with transaction.atomic():
            rows = list(Article.objects.select_for_update().filter(pk__in=self.met.values("pk")).only("title", "doi"))
            words = "Free from its day by the rule: " + (
                f"{self.months} months after publication." if self.months is not None else "never by itself."
            )
            LogEntry.objects.log_actions(user_id, rows, CHANGE, change_message=words)
            ids = [row.pk for row in rows]
            Article.objects.filter(pk__in=ids).update(free_from=self._day, updated_at=Now())
        return len(ids)


def _group(what: str, found: "QuerySet[Any]") -> list[Group]:
    count = found.count()
    if not count:
        return []
    newest = found.order_by("-published_online", "-pk").values_list("title", "then")[:NAMES]
    names = tuple(f"{title} ({day(then)})" if then else title for title, then in newest)
    return [Group(what, count, names, SEE_ARTICLES)]
