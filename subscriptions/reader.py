"""Whoever reads: an account or the unnamed visitor, at an address that may be an institution's."""

import logging
from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from functools import cached_property
from typing import Any

from django.conf import settings
from django.db import DatabaseError
from django.http import HttpRequest
from django.utils import timezone

from accounts import viewing
from accounts.away import was_cut_off
from accounts.client_address import client_ip
from accounts.incidents import report
from accounts.models import SignInIncident, User
from journal.access import Access, Beside, License, Reason
from journal.models import Article
from subscriptions import on_sale
from subscriptions.access import look_up
from subscriptions.orders import number_behind

GIFTS = "gifts"  # the session's list of gift links that were opened on this device

log = logging.getLogger(__name__)


class RequestReader:
    """The reader of one request (the `Reader` of journal/access.py). Asks once for each article."""

    def __init__(self, request: HttpRequest) -> None:
        self._request = request
        self._answers: dict[int, Access] = {}
        self._on_sale: dict[int, str] = {}  # by article, where the decision's statement told it

    @cached_property
    def user(self) -> User | None:
        """The account, without touching the session of a visitor who has none."""
        if settings.SESSION_COOKIE_NAME not in self._request.COOKIES:
            return None
        user = self._request.user
        return user if isinstance(user, User) else None

    @property
    def is_authenticated(self) -> bool:
        return self.user is not None

    @property
    def name(self) -> str:
        return self.user.get_short_name() if self.user else ""

    @property
    def session_key(self) -> str | None:
        """Of a session that is really there: what stands in the cookie may be made up."""
        if settings.SESSION_COOKIE_NAME not in self._request.COOKIES:
            return None
        self._request.session.get(GIFTS)  # looks it up
        return self._request.session.session_key

    @property
    def bound_to(self) -> str:
        """Not to an address: a campus has several, and a telephone changes its own."""
        if key := self.session_key:
            return f"{self.user.pk if self.user else '-'}|{key}"
        return f"-|{self._request.headers.get('User-Agent', '')}"

    @cached_property
    def ip(self) -> str | None:
        """None while staff look as this reader: their own network must open nothing."""
        return None if viewing.is_by_staff(self._request) else client_ip(self._request)

    @cached_property
    def gifts(self) -> list[int]:
        """The gift links this device has opened. A visitor without a session is asked nothing."""
        if settings.SESSION_COOKIE_NAME not in self._request.COOKIES or viewing.is_by_staff(self._request):
            return []
        return [int(link) for link in self._request.session.get(GIFTS, [])]

    @property
    def was_asked(self) -> bool:
        """Whether this request's answer depends on a decision."""
        return bool(self._answers)

    @property
    def is_anybody(self) -> bool:
        """A request that tells nothing of who sent it but their address."""
        return self._request.COOKIES.keys() <= {settings.CSRF_COOKIE_NAME}

    @property
    def answers(self) -> Iterable[Access]:
        """All that was decided for this request."""
        return self._answers.values()

    @property
    def answer(self) -> Access | None:
        """The answer of a page about one article, for whoever counts; None when nothing was asked yet."""
        return next(iter(self._answers.values()), None)

    def access_to(self, article: Article) -> Access:
        return self.access_to_all([article])[article.pk]

    def access_to_all(self, articles: Iterable[Article]) -> Mapping[int, Access]:
        ids = [article.pk for article in articles]
        missing = [pk for pk in ids if pk not in self._answers]
        if missing:
            self._answers.update(self._ask(missing))
        return {pk: self._answers[pk] for pk in ids}

    def beside(self) -> Beside | None:
        """Of who has a session the decision is asked by itself: it may be a row for each of their rights."""
        return None if settings.SESSION_COOKIE_NAME in self._request.COOKIES else on_sale.beside(self.ip)

    def learn(self, article: int, rows: Sequence[Sequence[Any]]) -> None:
        self._answers[article], self._on_sale[article] = on_sale.taken(article, rows)

    def on_sale(self, article: Article) -> str:
        """What is on sale for an article, as subscriptions/on_sale.py reads it."""
        told = self._on_sale.get(article.pk)
        return on_sale.ask(article.pk) if told is None else told

    def license_for(self, access: Access) -> License:
        """The account and the order behind the right; at an institution's network, the institution."""
        user, right = self.user, access.entitlement
        return License(
            holder=f"user:{user.pk}" if user else f"right:{right}",
            name=user.get_full_name() if user else "",
            email=user.email if user else "",
            provider=access.via,
            order=number_behind(right) if right else "",
        )

    def report_unlinked(self, order_number: str) -> str:
        """E2: a payment is there and opens nothing. One reference a day for one reader and order, not one a page."""
        happened = f"Order {order_number} is paid and linked to no right of this account."
        day_ago = timezone.now() - timedelta(days=1)
        told = SignInIncident.objects.filter(user=self.user, happened=happened, created_at__gte=day_ago).first()
        if told:
            return told.reference
        if viewing.is_by_staff(self._request):
            return ""  # an error the reader was not shown
        return report(self._request, "E2", happened, self.user.pk if self.user else None, is_rise=False)

    def _ask(self, ids: list[int]) -> Mapping[int, Access]:
        user_id = self.user.pk if self.user else None
        try:
            return look_up(user_id, self.ip, ids, gifts=self.gifts)
        except DatabaseError as error:
            if getattr(self._request, "asks_again", False) and was_cut_off(error):
                raise  # the page is made once more (config/middleware.py)
            happened = f"The rights could not be looked up: {error}"
            reference = report(self._request, "E2", happened, user_id)
            return dict.fromkeys(ids, Access(False, Reason.UNKNOWN, reference=reference))
