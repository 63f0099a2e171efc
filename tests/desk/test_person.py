"""A person's page: few statements however much there is, one timeline, and the same from a shell and for the reader."""

import json
from datetime import UTC, datetime, timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

from accounts.models import User
from cme.explaining import OPEN, WORDS
from cme.models import Opening
from cme.standing import Step
from desk import person, timeline
from subscriptions import grants
from subscriptions.explaining import REPRESENTATIONS
from subscriptions.models import Entitlement, LibraryManager, Order, Payment
from tests.admin.said import text_of
from tests.cme.make import make_activity
from tests.conftest import signed_in
from tests.desk.selling import bought, ordered, subscribed
from tests.make import make_article, make_institution, make_issue, make_right, make_user

pytestmark = pytest.mark.django_db
MOST = 15


def page_of(user: User) -> str:
    return f"/admin/desk/people/{user.pk}/"


def test_the_page_of_somebody_with_thousands_of_rights_takes_fifteen_statements(
    sam: Client, dan: User, django_assert_max_num_queries: Any
) -> None:
    article = make_article(title="On waiting herons")
    subscribed(dan)
    bought(dan, article)
    rights = (Entitlement(user=dan, article=article, kind="purchase", source=f"many:{n}") for n in range(3000))
    Entitlement.objects.bulk_create(rights, batch_size=1000)
    Entitlement.objects.filter(source__startswith="many:1").update(revoked_at=timezone.now())
    sam.get(page_of(dan))
    with django_assert_max_num_queries(MOST):
        answer = sam.get(page_of(dan))
    said = text_of(answer)
    assert "the newest 20 · all of them" in said
    stranger = make_user("not-dan@example.org", name=dan.email)
    make_right(stranger, article)
    rest = sam.get(f"/admin/subscriptions/entitlement/?user={dan.pk}")
    assert f'href="/admin/subscriptions/entitlement/?user={dan.pk}"' in answer.content.decode()
    assert "of 3002" in text_of(rest) or "3002 " in text_of(rest)
    assert "not-dan@example.org" not in text_of(rest)
    assert "articles bought, without end" in said and "1 subscription, the whole journal" in said


def test_the_timeline_is_one_list_page_by_page_and_of_one_kind(sam: Client, dan: User) -> None:
    for number in range(50):
        make_right(dan, make_article(title=f"Heron {number}"))
    ordered(dan, make_article())
    first = sam.get(page_of(dan))
    assert first.context["timeline"].entries[0].source == "Orders"
    seen = {entry.words for entry in first.context["timeline"].entries}
    second = sam.get(page_of(dan), {"before": first.context["timeline"].before})
    assert not seen & {entry.words for entry in second.context["timeline"].entries}
    assert second.context["timeline"].before == ""
    only = sam.get(page_of(dan), {"source": "orders"}).context["timeline"].entries
    assert [entry.source for entry in only] == ["Orders"]
    assert sam.get(page_of(dan), {"source": "nonsense", "before": "yesterday"}).status_code == 200


def test_a_right_is_called_by_what_it_opens(sam: Client, dan: User) -> None:
    article = make_article(title="On waiting herons", issue=make_issue(volume="4", number="2"))
    for scope in (article, article.issue, article.journal):
        make_right(dan, scope)
    said = text_of(sam.get(page_of(dan)))
    for name in ("On waiting herons", "4(2)", article.journal.title):
        assert f"Complimentary, {name}" in said or f"Purchase, {name}" in said or f"Subscription, {name}" in said, name
    assert "()" not in said


def test_a_payment_of_a_late_evening_has_the_day_the_reader_saw_and_its_right_names_the_order(
    sam: Client, dan: User
) -> None:
    article = make_article()
    order = bought(dan, article, at=datetime(2026, 11, 30, 0, 14, tzinfo=UTC))  # the evening before in New York
    assert str(Payment.objects.get()) == "$30.00 on 2026-11-29"
    said = text_of(
        sam.get(
            f"{page_of(dan)}explain/",
            {
                "doi": article.doi,
            },
        )
    )
    assert f"Order {order.number}" in said and str(order.pk) not in said


def test_what_became_of_a_right_stands_in_the_timeline(dan: User) -> None:
    right = make_right(dan, make_article())
    grants.revoke(right, dan, "By mistake")
    grants.give_back(right)
    told = [entry.words for entry in timeline.page_of(dan, lambda _: True, "changes").entries]
    assert told == ["Purchase: Given back", "Purchase: Taken back: By mistake"]


def test_every_part_and_source_has_words_for_its_rows_and_a_permission_hides_it(sam: Client, dan: User) -> None:
    assert len(person.PARTS) >= 18 and len(timeline.SOURCES) >= 22
    bought(dan, make_article())
    (order,) = sam.get(page_of(dan)).context["parts"][1].rows
    assert ("In force, without end", "") in order
    assert person.questions(dan, lambda _: False).keys() < person.questions(dan, lambda _: True).keys()
    assert {entry.source for entry in timeline.page_of(dan, lambda _: False).entries}.isdisjoint({"Orders", "Payments"})


def test_nobodys_page_is_not_found(sam: Client) -> None:
    assert sam.get("/admin/desk/people/999999999/").status_code == 404
    assert sam.get("/admin/desk/people/99999999999999999999/").status_code == 404


# --- from a shell ---


def told(*words: str) -> str:
    out = StringIO()
    call_command("subscription_status", *words, stdout=out)
    return out.getvalue()


def test_a_shell_tells_the_same(dan: User) -> None:
    article = make_article(doi="10.5555/heron")
    bought(dan, article)
    subscribed(dan)
    said = told("7kq4 9acm")
    assert "Dan <dan@example.org>" in said and "a month, renews" in said
    said = told("dan@example.org", "--article", "10.5555/heron", "--of", "pdf")
    assert "Yes: it was bought." in said and "In force, without end" not in said.splitlines()[0]
    parsed = json.loads(told("dan@example.org", "--article", "10.5555/heron", "--json"))
    assert parsed["article"]["granted"] is True
    assert {one["right"] for one in parsed["article"]["considered"]} == {"Purchase", "Subscription"}
    before = (timezone.localtime() - timedelta(days=9)).isoformat(timespec="minutes")
    parsed = json.loads(told("dan@example.org", "--article", "10.5555/heron", "--at", before, "--json"))
    assert parsed["article"]["granted"] is False
    assert any("Was written here" in one["why"] for one in parsed["article"]["considered"])


def test_a_shell_says_what_it_cannot_do(dan: User) -> None:
    make_user("dan@other.example", name="Dan")
    for words, sentence in (
        (["dan"], "may be several people: dan@example.org, dan@other.example"),
        (["nobody@example.org"], "Nobody was found"),
        (["dan@example.org", "--article", "10.5555/none"], "There is no article with the DOI 10.5555/none"),
        (["dan@example.org", "--at", "2026-01-01"], "add --article DOI"),
        (["\x00"], "Type an email address"),
    ):
        with pytest.raises(CommandError, match=sentence):
            told(*words)


ANSWERS = """
purchase      yes page, yes pdf, yes figures, yes cme
rental        yes page, no pdf, yes figures, no cme
subscription  yes page, yes pdf, yes figures, yes cme
complimentary yes page, yes pdf, yes figures, yes cme
nothing       no page, no pdf, no figures, no cme
"""


def test_each_representation_has_its_own_answer_now_and_in_the_past(sam: Client, dan: User) -> None:
    """And the page's is what the reader gets at that moment."""
    activity = make_activity()
    article, now = activity.article, timezone.now()
    assert set(OPEN) | set(WORDS) == set(Step)
    for line in ANSWERS.strip().splitlines():
        kind, told = line[:14].strip(), dict(reversed(one.split()) for one in line[14:].split(", "))  # type: ignore[misc]
        assert set(told) == set(REPRESENTATIONS)
        reader = make_user()
        if kind != "nothing":
            scope = article.journal if kind == "subscription" else article
            clock = {"opened_at": now, "ends_at": now + timedelta(hours=9)} if kind == "rental" else {}
            make_right(reader, scope, kind, **clock)
            Opening.objects.create(user=reader, article=article)
        opens = "The heron waits behind the wall" in signed_in(reader).get(article.get_absolute_url()).content.decode()
        assert opens == (told["page"] == "yes"), kind
        for of, answer in told.items():
            asked = {"doi": article.doi, "representation": of}
            said = text_of(sam.get(f"/admin/desk/people/{reader.pk}/explain/", asked))
            assert f"{answer.title()}, {reader}" in said, (kind, of)
            past = {**asked, "at": f"{timezone.localtime(now) - timedelta(days=2):%Y-%m-%d %H:%M}"}
            assert f"No, {reader} could not read" in text_of(sam.get(f"/admin/desk/people/{reader.pk}/explain/", past))


# --- the reader and the library ---


def test_the_reader_sees_one_sentence_and_nothing_of_others(dan: User) -> None:
    article = make_article()
    reader = signed_in(dan)
    address = f"/why/{article.pk}/"
    assert address in reader.get(article.get_absolute_url()).content.decode()
    assert "Your account has no access to this article" in text_of(reader.get(address))
    bought(dan, article, refunded=3000)
    page = reader.get(address)
    assert "What you paid for this article was refunded" in text_of(page)
    assert "order:" not in text_of(page) and page["Cache-Control"].startswith("max-age=0")
    Order.objects.all().update(state="failed")
    assert "You are not signed in" in text_of(Client().get(address))
    subscribed(dan)
    assert "You can read this article." in text_of(reader.get(address))
    assert Client().get("/why/999999/").status_code == 404
    assert Client().get(f"/why/{make_article(status='draft', doi=None).pk}/").status_code == 404


def test_a_library_sees_its_own_part(dan: User) -> None:
    article = make_article()
    ours, theirs = make_institution("192.0.2.0/25", name="Ours"), make_institution("198.51.100.0/24", name="Theirs")
    LibraryManager.objects.create(institution=ours, user=dan)
    librarian, page = signed_in(dan), f"/library/{ours.pk}/check/"
    make_right(theirs, article.journal)
    assert "Your readers cannot read it" in text_of(librarian.get(page, {"doi": article.doi}))
    right = make_right(ours, article.journal, ends_at=timezone.now() - timedelta(minutes=1))
    said = text_of(librarian.get(page, {"doi": article.doi, "ip": "192.0.2.130"}))
    assert "Ended" in said and "in no network that you have told us" in said and "missed by 3 addresses" in said
    Entitlement.objects.filter(pk=right.pk).update(ends_at=None)
    said = text_of(librarian.get(page, {"doi": article.doi, "ip": "192.0.2.7"}))
    assert "Your readers can read it" in said and "192.0.2.7 is in the network 192.0.2.0/25 of Ours" in said
    assert "Theirs" not in text_of(librarian.get(page, {"doi": article.doi, "ip": "198.51.100.9"}))
    assert "There is no article with this DOI" in text_of(librarian.get(page, {"doi": "herons"}))
    assert librarian.get(f"/library/{theirs.pk}/check/").status_code == 404
