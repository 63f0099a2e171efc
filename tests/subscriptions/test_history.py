"""Rights keep their history: the decision can be asked for any past moment, whoever changed them since."""

from collections.abc import Callable
from datetime import datetime, timedelta
from random import Random

import pytest
from django.db import connection
from django.utils import timezone

from accounts.models import Member, User
from journal.access import Access, Reason
from journal.models import Article
from subscriptions import grants, merging
from subscriptions.access import look_up
from subscriptions.models import Entitlement, Membership, RightChange
from tests.make import make_article, make_institution, make_journal, make_right, make_user

pytestmark = pytest.mark.django_db
HERE = "192.0.2.7"


def then(user: User | None, article: Article, at: datetime, ip: str | None = None) -> Access:
    return look_up(user.pk if user else None, ip, [article.pk], at, as_it_was=True)[article.pk]


def test_what_was_given_revoked_and_given_back_is_known_for_each_moment(dan: User, article: Article) -> None:
    before = timezone.now()
    right = make_right(dan, article)
    given = timezone.now()
    grants.revoke(right, dan, "By mistake")
    revoked = timezone.now()
    grants.give_back(right)
    assert not then(dan, article, before).considered, "it was not there yet"
    assert then(dan, article, given).reason == Reason.PURCHASE
    assert not then(dan, article, revoked).granted
    assert then(dan, article, timezone.now()).granted
    (shown,) = then(dan, article, revoked).considered
    assert shown.right.revoke_reason == "By mistake"


def test_a_renewal_and_a_rentals_start_move_dates_and_the_old_ones_stay_known(dan: User, article: Article) -> None:
    now = timezone.now()
    right = make_right(dan, article.journal, "subscription", ends_at=now + timedelta(hours=1))
    eve = make_user()
    rental = make_right(eve, make_article(), "rental")
    first = timezone.now()
    Entitlement.objects.filter(pk=right.pk).update(ends_at=now + timedelta(days=30))
    rental.opened_at, rental.ends_at = now, now + timedelta(hours=48)
    rental.save()
    assert then(dan, article, first).until == now + timedelta(hours=1)
    assert then(dan, article, timezone.now()).until == now + timedelta(days=30)
    assert rental.article is not None
    assert then(eve, rental.article, first).reason == Reason.RENTAL_READY


def test_a_right_that_came_with_a_merge_was_the_other_accounts_before(dan: User, article: Article) -> None:
    other = make_user()
    make_right(other, article)
    before = timezone.now()
    merging.merge(dan, other)
    assert then(other, article, before).granted and not then(dan, article, before).granted
    after = timezone.now()
    assert then(dan, article, after).granted and not then(other, article, after).granted


def test_a_right_that_was_deleted_is_known_as_it_was(dan: User, article: Article) -> None:
    member = Member.objects.create(number="P-1", name="Dan", valid_until=timezone.localdate(), user=dan)
    right = make_right(dan, article.journal, "membership", source=f"member:{member.pk}:1")
    there = timezone.now()
    right.delete()
    assert then(dan, article, there).reason == Reason.MEMBERSHIP
    assert RightChange.objects.get().was_deleted
    assert not then(dan, article, timezone.now()).considered


def test_a_seat_and_an_institutions_license_are_asked_as_they_were(dan: User, article: Article) -> None:
    institution = make_institution("192.0.2.0/24")
    right = make_right(institution, article.journal)
    seat = Membership.objects.create(institution=institution, user=dan, way="seat")
    seated = timezone.now()
    Membership.objects.filter(pk=seat.pk).update(ended_at=timezone.now())
    unseated = timezone.now()
    grants.revoke(right, dan, "Void")
    assert then(dan, article, seated).reason == Reason.INSTITUTION
    assert not then(dan, article, unseated).granted
    assert then(None, article, unseated, HERE).granted
    assert not then(None, article, timezone.now(), HERE).granted


def test_rights_older_than_their_history_go_by_their_own_dates(dan: User, article: Article) -> None:
    """Before the migration no change was kept: a revocation's own moment says what was before it."""
    now = timezone.now()
    right = make_right(dan, article, revoked_at=now - timedelta(days=1), revoke_reason="Refunded")
    Entitlement.objects.filter(pk=right.pk).update(created_at=now - timedelta(days=9))
    RightChange.objects.all().delete()
    assert then(dan, article, now - timedelta(hours=1)).granted is False
    Entitlement.objects.filter(pk=right.pk).update(starts_at=now - timedelta(days=9))
    RightChange.objects.all().delete()
    assert then(dan, article, now - timedelta(days=2)).granted


def test_what_opens_nothing_new_leaves_no_row(dan: User, article: Article) -> None:
    right = make_right(dan, article)
    right.reason = "A note"
    right.save()
    assert not RightChange.objects.exists()


def test_any_changes_in_any_order_are_found_again(dan: User, article: Article) -> None:
    """The oracle: what the decision said at each moment, written down then."""
    chance = Random(8)
    now = timezone.now()
    deeds: list[Callable[[Entitlement], object]] = [
        lambda right: grants.revoke(right, dan, "x"),
        grants.give_back,
        lambda right: Entitlement.objects.filter(pk=right.pk).update(ends_at=now - timedelta(minutes=1)),
        lambda right: Entitlement.objects.filter(pk=right.pk).update(ends_at=None),
        lambda right: Entitlement.objects.filter(pk=right.pk).update(covers_until=chance.choice([None, now.date()])),
        lambda right: Entitlement.objects.filter(pk=right.pk).update(grace_since=chance.choice([None, now])),
    ]
    rights = [make_right(dan, article), make_right(dan, make_journal(), "subscription"), make_right(dan, article)]
    seen = []
    for _ in range(40):
        chance.choice(deeds)(Entitlement.objects.get(pk=chance.choice(rights).pk))
        at = timezone.now()
        seen.append((at, look_up(dan.pk, None, [article.pk], at)[article.pk]))
    for at, said in seen:
        found = then(dan, article, at)
        assert found == said
        assert {(one.source, one.verdict) for one in found.considered} == {
            (one.source, one.verdict) for one in said.considered
        }


def test_looking_back_reads_no_whole_table() -> None:
    from subscriptions.access import LOOKING_BACK

    asked = {"user": 1, "ip": HERE, "now": timezone.now(), "time_zone": "UTC", "articles": [1], "gifts": []}
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute(f"EXPLAIN {LOOKING_BACK}", asked)
        plan = "\n".join(row[0] for row in cursor.fetchall())
    assert "Seq Scan" not in plan
