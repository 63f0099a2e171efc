"""Support: what a right's state is in words, complimentary access with its reason, and ending or revoking."""

import uuid
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client
from django.utils import timezone

from accounts.models import User
from journal.models import Article
from subscriptions import access, fulfilment, standing, support
from subscriptions.models import Entitlement, Order
from tests.admin.said import errors_of, text_of
from tests.make import make_article, make_institution, make_journal, make_offer, make_right, make_user

pytestmark = pytest.mark.django_db
LIST = "/admin/subscriptions/entitlement/"
NEW_YORK = ZoneInfo("America/New_York")


def give(client: Client, **fields: Any) -> Any:
    return client.post(f"{LIST}add/", {"first_day": "2026-01-05", "reason": "Reviewer of the year", **fields})


def end(client: Client, right: Entitlement, **fields: Any) -> Any:
    return client.post(f"{LIST}{right.pk}/end/", fields)


def may_read(user: User, article: Article) -> bool:
    return access.look_up(user.pk, None, [article.pk])[article.pk].granted


def sold_right(user: User, article: Article) -> Entitlement:
    """A right as selling writes it, with its paid order."""
    offer = make_offer()
    order = Order.objects.create(
        user=user, offer=offer, kind="purchase", article=article, journal=article.journal, amount=3000, currency="usd",
        description="An article", state="paid", paid_at=timezone.now(),
    )  # fmt: skip
    fulfilment.grant_order(order)
    return Entitlement.objects.get()


def test_complimentary_access_opens_the_article_and_is_logged_with_its_reason(sam: Client, dan: User) -> None:
    article = make_article()
    assert give(sam, user=dan.pk, article=article.pk).status_code == 302
    right = Entitlement.objects.get()
    assert may_read(dan, article)
    assert (right.kind, right.granted_by.email) == ("complimentary", "sam@example.org")
    assert uuid.UUID(right.source.removeprefix("staff:"))
    assert LogEntry.objects.get().get_change_message() == "Complimentary access given: Reviewer of the year"


def test_an_institution_gets_the_whole_journal(sam: Client) -> None:
    institution, article = make_institution("192.0.2.0/24"), make_article()
    assert give(sam, institution=institution.pk, journal=make_journal().pk).status_code == 302
    assert access.look_up(None, "192.0.2.9", [article.pk])[article.pk].via == institution.name


def test_days_are_whole_days_of_the_sites_time_zone_and_the_last_is_part_of_it(sam: Client, dan: User) -> None:
    give(sam, user=dan.pk, article=make_article().pk, last_day="2026-01-31")
    right = Entitlement.objects.get()
    assert right.starts_at == datetime(2026, 1, 5, tzinfo=NEW_YORK)
    assert right.ends_at == datetime(2026, 2, 1, tzinfo=NEW_YORK)


@pytest.mark.parametrize(
    ("fields", "field", "sentence"),
    [
        ({"reason": " "}, "reason", "Write why this access is given"),
        ({"user": ""}, "__all__", "Choose a reader or an institution, and only one of them."),
        ({"article": ""}, "__all__", "Choose an article, an issue or the journal, and only one of them."),
        ({"last_day": "2026-01-04"}, "last_day", "The last day lies before the first."),
        ({"first_day": "soon"}, "first_day", "Enter a valid date."),
    ],
)
def test_what_is_missing_or_wrong_is_said_beside_its_field(
    sam: Client, dan: User, fields: Any, field: str, sentence: str
) -> None:
    errors = errors_of(give(sam, **{"user": dan.pk, "article": make_article().pk, **fields}))
    assert sentence in errors[field][0]
    assert not Entitlement.objects.exists()


def test_two_holders_are_one_too_many(sam: Client, dan: User) -> None:
    errors = errors_of(give(sam, user=dan.pk, institution=make_institution().pk, article=make_article().pk))
    assert "only one of them" in errors["__all__"][0]


def test_no_form_changes_or_deletes_a_right(root: Client, dan: User) -> None:
    right = make_right(dan, make_article())
    root.post(f"{LIST}{right.pk}/change/", {"ends_at_0": "2020-01-01", "ends_at_1": "00:00"})
    assert root.post(f"{LIST}{right.pk}/delete/", {"post": "yes"}).status_code == 403
    right.refresh_from_db()
    assert right.ends_at is None


def test_a_right_that_staff_gave_is_ended_with_a_day(sam: Client, dan: User) -> None:
    article = make_article()
    give(sam, user=dan.pk, article=article.pk)
    right = Entitlement.objects.get()
    yesterday = timezone.localdate() - timedelta(days=1)
    assert "Choose the last day" in text_of(end(sam, right, action="end", reason="Review done"))
    assert end(sam, right, action="end", last_day=yesterday, reason="Review done").status_code == 302
    assert not may_read(dan, article)
    entry = LogEntry.objects.filter(action_flag=2).get()
    assert entry.get_change_message() == f"Ended with {yesterday}: Review done"


def test_nothing_stops_without_a_reason(sam: Client, dan: User) -> None:
    right = make_right(dan, make_article())
    assert "Write the reason" in text_of(end(sam, right, action="revoke", reason=""))
    right.refresh_from_db()
    assert right.revoked_at is None


def test_a_sold_right_cannot_be_ended_only_revoked(sam: Client, dan: User) -> None:
    right = sold_right(dan, make_article())
    page = text_of(sam.get(f"{LIST}{right.pk}/end/"))
    assert "Revoking it gives no money back" in page
    assert "End it with a day" not in page
    assert "That is not possible any more" in text_of(end(sam, right, action="end", last_day="2026-01-01", reason="x"))


def test_what_staff_revoked_stays_revoked_when_stripe_is_read_again(sam: Client, dan: User) -> None:
    article = make_article()
    right = sold_right(dan, article)
    assert end(sam, right, action="revoke", reason="Bought with a stolen card").status_code == 302
    assert not may_read(dan, article)
    fulfilment.grant_order(Order.objects.get())
    assert not may_read(dan, article)
    assert "Revoked: Bought with a stolen card" in [entry.get_change_message() for entry in LogEntry.objects.all()]


def test_what_was_revoked_by_mistake_is_given_back(sam: Client, dan: User) -> None:
    article = make_article()
    right = sold_right(dan, article)
    end(sam, right, action="revoke", reason="Wrong person")
    assert end(sam, right, action="give_back", reason="Was the right person").status_code == 302
    assert may_read(dan, article)


def test_what_a_refund_revoked_is_not_for_staff_to_give_back(sam: Client, dan: User) -> None:
    right = sold_right(dan, make_article())
    Order.objects.update(state="refunded")
    fulfilment.grant_order(Order.objects.get(), standing.Paid(3000, refunded=3000))
    assert "It was revoked because of its payment" in text_of(sam.get(f"{LIST}{right.pk}/end/"))
    end(sam, right, action="give_back", reason="Please")
    right.refresh_from_db()
    assert right.revoked_at


def test_the_list_tells_what_is_in_force(sam: Client, dan: User) -> None:
    past = timezone.now() - timedelta(days=2)
    make_right(dan, make_article(title="Open now"))
    make_right(dan, make_article(title="Over"), starts_at=past, ends_at=past + timedelta(days=1))
    in_force, over = text_of(sam.get(LIST, {"in_force": "yes"})), text_of(sam.get(LIST, {"in_force": "no"}))
    assert "Open now" in in_force and "Over" not in in_force
    assert "Over" in over and "Open now" not in over


def test_the_state_of_a_right_in_words(dan: User) -> None:
    now = timezone.now()
    article, hour = make_article(), timedelta(hours=1)

    def said(kind: str = "purchase", **fields: Any) -> str:
        return support.state_of(make_right(dan, article, kind, **fields), now)

    assert said() == "In force, without end"
    assert said(ends_at=now + hour) == f"In force until {support.moment(now + hour)}"
    assert said(ends_at=now + hour, grace_since=now) == f"In force until {support.moment(now + hour)}, renewal failing"
    assert said(ends_at=now) == f"Ended {support.moment(now)}"
    assert said(starts_at=now + hour) == f"Starts {support.moment(now + hour)}"
    assert said(revoked_at=now, revoke_reason="Refund") == f"Revoked {support.moment(now)}: Refund"
    assert said("rental", open_by=now + hour) == f"Paid, not started; can be until {support.moment(now + hour)}"
    assert said("rental", open_by=now) == f"Was never started, lapsed {support.moment(now)}"


def test_ending_needs_the_role_support(edith: Client, dan: User) -> None:
    right = make_right(dan, make_article())
    assert end(edith, right, action="revoke", reason="x").status_code == 403
    right.refresh_from_db()
    assert right.revoked_at is None


def test_support_chooses_people_and_articles_by_typing(sam: Client, dan: User) -> None:
    query = {"app_label": "subscriptions", "model_name": "entitlement", "field_name": "user", "term": "dan@"}
    assert sam.get("/admin/autocomplete/", query).json()["results"] == [{"id": str(dan.pk), "text": "dan@example.org"}]
    make_user("eve@example.org")
