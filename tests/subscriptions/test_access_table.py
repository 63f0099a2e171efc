"""docs/access.md says who may read what; here each of its rows is built in a real database and asked."""

import re
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import pytest
from django.utils import timezone

from accounts.models import User
from journal.access import Access
from journal.models import Article, Issue, Journal
from subscriptions import fulfilment
from subscriptions.access import look_up
from subscriptions.institutions import licenses
from subscriptions.models import Entitlement, GiftLink, Membership, Order, SiteLicense
from tests.make import make_article, make_institution, make_issue, make_journal, make_offer, make_right, make_user

TABLE = Path(__file__).parents[2] / "docs" / "access.md"
HERE, HERE6, ELSEWHERE = "192.0.2.7", "2001:db8:7::1", "198.51.100.1"
Situation = Callable[[], tuple]  # user or None, address, article, and ids of opened gift links where there are some
SITUATIONS: dict[str, Situation] = {}


def situation(words: str) -> Callable[[Situation], Situation]:
    def register(build: Situation) -> Situation:
        SITUATIONS[words] = build
        return build

    return register


def the_table() -> dict[str, tuple[bool, bool, str]]:
    rows = re.findall(r"^\| (.+?) \| (yes|no) \| (yes|no) \| (\w+) \|$", TABLE.read_text(), re.MULTILINE)
    return {words: (reads == "yes", pdf == "yes", reason) for words, reads, pdf, reason in rows}


def days(number: float) -> timedelta:
    return timedelta(days=number)


def held(kind: str, *, scope: str = "journal", **fields: object) -> tuple[User, str, Article]:
    """A reader who holds one right for the article (or its journal)."""
    article, user = make_article(), make_user()
    make_right(user, {"article": article, "journal": article.journal}[scope], kind, **fields)
    return user, ELSEWHERE, article


def by_anybody(**fields: object) -> tuple[None, str, Article]:
    return None, ELSEWHERE, make_article(**fields)


SITUATIONS |= {
    "the article is open access": lambda: by_anybody(access_type="open"),
    "the article is marked free to read": lambda: by_anybody(access_type="free_to_read"),
    "the article's free day is today": lambda: by_anybody(free_from=timezone.localdate()),
    "the article's free day is tomorrow": lambda: by_anybody(free_from=timezone.localdate() + days(1)),
    "the article is a correction notice": lambda: by_anybody(article_type="correction"),
    "a visitor, nothing else": by_anybody,
    "paid for the article's CME activity, nothing else": lambda: held("cme", scope="article"),
    "signed in, no right": lambda: (make_user(), ELSEWHERE, make_article()),
    "bought the article": lambda: held("purchase", scope="article"),
    "bought, and the payment was refunded": lambda: held("purchase", scope="article", revoked_at=timezone.now()),
    "rented, not started": lambda: held("rental", scope="article"),
    "rented, not started within 30 days": lambda: held("rental", scope="article", open_by=timezone.now() - days(1)),
    "rented, started an hour ago": lambda: held(
        "rental", scope="article", opened_at=timezone.now() - days(0.04), ends_at=timezone.now() + days(1.96)
    ),
    "rented, the time is over": lambda: held(
        "rental", scope="article", starts_at=timezone.now() - days(4),
        opened_at=timezone.now() - days(3), ends_at=timezone.now() - days(1),
    ),
    "subscribes": lambda: held("subscription", ends_at=timezone.now() + days(10)),
    "subscribes from tomorrow on": lambda: held("subscription", starts_at=timezone.now() + days(1)),
    "the renewal failed, within grace": lambda: held(
        "subscription", grace_since=timezone.now() - days(2), ends_at=timezone.now() + days(12)
    ),
    "the subscription has ended": lambda: held(
        "subscription", starts_at=timezone.now() - days(40), ends_at=timezone.now() - days(1)
    ),
    "complimentary access": lambda: held("complimentary", reason="Author"),
    "complimentary access, revoked": lambda: held("complimentary", reason="Author", revoked_at=timezone.now()),
}  # fmt: skip


@situation("a visitor, while others hold rights")
def _() -> tuple[None, str, Article]:
    _, _, article = held("purchase", scope="article")
    make_right(make_user(), article.journal, "subscription")
    return None, ELSEWHERE, article


@situation("bought another article")
def _() -> tuple[User, str, Article]:
    user, _, _ = held("purchase", scope="article")
    return user, ELSEWHERE, make_article()


@situation("bought the issue it is in")
def _() -> tuple[User, str, Article]:
    user, issue = make_user(), make_issue()
    make_right(user, issue)
    return user, ELSEWHERE, make_article(issue=issue)


@situation("bought another issue")
def _() -> tuple[User, str, Article]:
    user = make_user()
    make_right(user, make_issue())
    return user, ELSEWHERE, make_article(issue=make_issue())


@situation("bought an issue, the article has none yet")
def _() -> tuple[User, str, Article]:
    user = make_user()
    make_right(user, make_issue())
    return user, ELSEWHERE, make_article(issue=None)


@situation("paid, and the bank has not confirmed")
def _() -> tuple[User, str, Article]:
    user, article, offer = make_user(), make_article(), make_offer()
    Order.objects.create(
        user=user, offer=offer, kind="purchase", article=article, journal=article.journal, amount=3000, currency="usd",
        state="processing",
    )  # fmt: skip
    return user, ELSEWHERE, article


@situation("rented before, and bought since")
def _() -> tuple[User, str, Article]:
    now = timezone.now()
    user, _, article = held(
        "rental", scope="article", starts_at=now - days(4), opened_at=now - days(3), ends_at=now - days(1)
    )
    make_right(user, article, "purchase")
    return user, ELSEWHERE, article


@situation("subscribes to another journal")
def _() -> tuple[User, str, Article]:
    user, article = make_user(), make_article()
    make_right(user, Journal.objects.create(title="Another", abbreviation="A", publisher="P"), "subscription")
    return user, ELSEWHERE, article


def back_file(published: date) -> tuple[User, str, Article]:
    user, article = make_user(), make_article(published_online=published)
    ended = timezone.now() - days(1)
    make_right(user, make_journal(), "subscription", starts_at=ended - days(365), ends_at=ended)
    make_right(
        user,
        make_journal(),
        "subscription",
        covers_from=date(2025, 1, 1),
        covers_until=date(2025, 12, 31),
        ends_at=None,
    )
    return user, ELSEWHERE, article


@situation("the subscription has ended, the article is in the kept back-file")
def _() -> tuple[User, str, Article]:
    return back_file(date(2025, 12, 31))


@situation("the article is newer than the kept back-file")
def _() -> tuple[User, str, Article]:
    return back_file(date(2026, 1, 1))


def licensed(ip: str, network: str = "192.0.2.0/24", user: User | None = None, **fields: object):
    institution = make_institution(network)
    make_right(institution, make_journal(), "institution", **fields)
    return user, ip, make_article(published_online=date(2026, 2, 1))


SITUATIONS |= {
    "at a licensed institution's IPv4 address": lambda: licensed(HERE),
    "at a licensed institution's IPv6 address": lambda: licensed(HERE6, "2001:db8:7::/48"),
    "at another address": lambda: licensed(ELSEWHERE),
    "at an institution whose license has ended": lambda: licensed(
        HERE, starts_at=timezone.now() - days(40), ends_at=timezone.now() - days(1)
    ),
    "at an institution whose license covers earlier years only": lambda: licensed(
        HERE, covers_until=date(2025, 12, 31)
    ),
    "signed in without a right, at a licensed institution": lambda: licensed(HERE, user=make_user()),
    "at an institution whose license has ended, the article is in its kept back-file": lambda: licensed(
        HERE, covers_from=date(2026, 1, 1), covers_until=date(2026, 12, 31)
    ),
    "at an institution whose license begins tomorrow": lambda: licensed(HERE, starts_at=timezone.now() + days(1)),
}


def invoiced(objection: str = "", **fields: object) -> tuple[None, str, Article]:
    """An institution whose license is invoiced, and what follows from it."""
    today = timezone.localdate()
    bought = SiteLicense.objects.create(
        institution=make_institution(), journal=make_journal(), amount=250_000, starts_on=today - days(9),
        ends_on=today + days(300), **{"state": "open", "finalized_at": timezone.now(), **fields},
    )  # fmt: skip
    licenses.write_rights(bought, objection)
    return None, HERE, make_article()


SITUATIONS |= {
    "at an institution that is trusted, its invoice is sent and not paid": lambda: invoiced(trusted=True),
    "at an institution whose invoice is sent and not paid": invoiced,
    "at an institution whose license was paid, and the payment was refunded": lambda: invoiced(
        "The payment was refunded", state="paid"
    ),
}


def member(way: str = "seat", *, is_licensed: bool = True, **fields: object) -> tuple[User, str, Article]:
    user, institution = make_user(), make_institution()
    Membership.objects.create(institution=institution, user=user, way=way, **fields)
    if is_licensed:
        make_right(institution, make_journal(), "institution")
    return user, ELSEWHERE, make_article()


def member_who_subscribes() -> tuple[User, str, Article]:
    user, _, article = member()
    make_right(user, article.journal, "subscription", ends_at=timezone.now() + days(10))
    return user, ELSEWHERE, article


SITUATIONS |= {
    "has a seat of a licensed institution, elsewhere": member,
    "has a seat of an institution without a license": lambda: member(is_licensed=False),
    "had a seat, which was taken back": lambda: member(ended_at=timezone.now()),
    "signed in through a licensed institution, elsewhere": lambda: member("sign_in", until=timezone.now() + days(30)),
    "signed in through a licensed institution, too long ago": lambda: member("sign_in", until=timezone.now() - days(1)),
    "holds a seat here, and subscribes": member_who_subscribes,
}


def paying_for_issue(issue: Issue, own: Issue) -> tuple[User, str, Article]:
    user, article = make_user(), make_article(issue=own)
    offer = make_offer("issue", amount=9000)
    Order.objects.create(
        user=user, offer=offer, kind="issue", issue=issue, journal=article.journal, amount=9000, currency="usd",
        state="processing",
    )  # fmt: skip
    return user, ELSEWHERE, article


def as_a_guest() -> tuple[User, str, Article]:
    article, offer = make_article(), make_offer()
    order = Order.objects.create(
        guest_email="wanda@example.org", offer=offer, kind="purchase", article=article, journal=article.journal,
        amount=3000, currency="usd", state="paid", paid_at=timezone.now(),
    )  # fmt: skip
    fulfilment.grant_order(order)
    return make_user("wanda@example.org"), ELSEWHERE, article


def gift(*, opened: bool = True, other: bool = False, **fields: object) -> tuple[User | None, str, Article, list[int]]:
    article = make_article()
    now = timezone.now()
    link = GiftLink.objects.create(giver=make_user(), article=article, expires_at=now + days(14))
    dates = {"starts_at": now - days(20), "ends_at": now + days(10)} | fields
    Entitlement.objects.create(gift_link=link, article=article, kind="gift", source=f"gift:{link.pk}", **dates)
    return None, ELSEWHERE, make_article() if other else article, [link.pk] if opened else []


def gift_to_a_subscriber() -> tuple[User, str, Article, list[int]]:
    _, _, article, links = gift()
    user = make_user()
    make_right(user, article.journal, "subscription", ends_at=timezone.now() + days(5))
    return user, ELSEWHERE, article, links


SITUATIONS |= {
    "paid for the issue it is in, and the bank has not confirmed": lambda: paying_for_issue(*[make_issue()] * 2),
    "paid for another issue, and the bank has not confirmed": lambda: paying_for_issue(make_issue(), make_issue()),
    "bought as a guest, not claimed": as_a_guest,
    "activated a membership of the society": lambda: held("membership", ends_at=timezone.now() + days(30)),
    "a membership of the society that ran out yesterday": lambda: held(
        "membership", starts_at=timezone.now() - days(40), ends_at=timezone.now() - days(1)
    ),
    "redeemed an access code": lambda: held("access_code", ends_at=timezone.now() + days(30)),
    "redeemed an access code, its days are over": lambda: held(
        "access_code", starts_at=timezone.now() - days(40), ends_at=timezone.now() - days(1)
    ),
    "opened a gift link on this device": gift,
    "opened a gift link that was taken back": lambda: gift(revoked_at=timezone.now()),
    "opened a gift link that has expired": lambda: gift(ends_at=timezone.now() - days(1)),
    "opened a gift link for another article": lambda: gift(other=True),
    "has a gift link, not opened on this device": lambda: gift(opened=False),
    "opened a gift link, and subscribes": gift_to_a_subscriber,
}  # fmt: skip


def test_every_row_of_the_table_has_a_situation_and_the_other_way_round() -> None:
    assert set(the_table()) == set(SITUATIONS)


@pytest.mark.parametrize("words", sorted(SITUATIONS))
def test_the_decision_is_as_the_table_says(db: None, words: str) -> None:
    user, ip, article, *gifts = SITUATIONS[words]()
    access = look_up(user.pk if user else None, ip, [article.pk], gifts=gifts[0] if gifts else ())[article.pk]
    assert (access.granted, access.allows_pdf, str(access.reason)) == the_table()[words]


def test_an_expiring_right_is_over_at_its_end_to_the_second(db: None) -> None:
    end = timezone.now() + days(1)
    user, _, article = held("subscription", ends_at=end)

    def at(moment: object) -> Access:
        return look_up(user.pk, None, [article.pk], moment)[article.pk]  # type: ignore[arg-type]

    assert at(end - timedelta(seconds=1)).granted
    assert not at(end).granted


@pytest.mark.parametrize("rights", [0, 1, 300])
def test_a_whole_list_is_decided_in_one_statement_whatever_the_number_of_rights(
    db: None, django_assert_num_queries: Callable, rights: int
) -> None:
    user = make_user()
    articles = [make_article() for _ in range(5)]
    Entitlement.objects.bulk_create(
        Entitlement(user=user, article=articles[n % 5], kind="purchase", source=f"many:{n}") for n in range(rights)
    )
    with django_assert_num_queries(1):
        answers = look_up(user.pk, HERE, [article.pk for article in articles])
    assert [answers[article.pk].granted for article in articles] == [number < rights for number in range(5)]
