"""The one search: what is unambiguous leads there, what is not is listed with the reason, and nothing breaks it."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import Member, User
from desk.finding import FINDERS, Hit, Typed, find, finder, table
from desk.finding.cards import read_card
from subscriptions.models import Institution, SiteLicense, StripeEvent
from tests.admin.said import text_of
from tests.desk.selling import bought
from tests.make import make_article, make_institution, make_journal, make_user

pytestmark = pytest.mark.django_db
SEARCH = "/admin/desk/"


def everything(_: str) -> bool:
    return True


def said(client: Client, typed: str) -> str:
    answer = client.get(SEARCH, {"q": typed})
    assert answer.status_code == 200, answer.get("Location")
    return text_of(answer)


@pytest.mark.parametrize(
    "typed",
    [
        "4242 30.00 2026-11-20", "4242 $30 on Nov 20, 2026", "20.11.2026 30,00 4242",
        "visa ending in 4242 30.00 USD 11/20/2026",
        "•••• 4242 $30.00 20 November 2026", "4242 30.00 20. November 2026", "$30.00 4242 2026/11/20",
    ],
)  # fmt: skip
def test_a_card_is_read_as_people_say_it(typed: str) -> None:
    card = read_card(typed)
    assert card is not None
    assert (card.last4, card.amount, card.days) == ("4242", Decimal(30), (date(2026, 11, 20),))


@pytest.mark.parametrize(
    "typed", ["4242", "7KQ4 9ACM", "Anna Müller", "4242 Elm Street 30.00", "30.00", "2026-11-20", ""]
)
def test_what_is_no_card_is_not_taken_for_one(typed: str) -> None:
    assert read_card(typed) is None


def test_a_day_that_can_be_two_days_is_both() -> None:
    card = read_card("4242 11/10/2026")
    assert card is not None and card.days == (date(2026, 10, 11), date(2026, 11, 10))


def test_an_ambiguous_name_is_a_list_with_what_each_is_and_why(sam: Client) -> None:
    for number in range(3):
        make_user(f"anna{number}@example.org", name=f"Anna Müller {number}")
    make_institution(name="Anna Hospital")
    page = said(sam, "anna")
    for words in ("anna0@example.org", "Anna Müller 2", "Person", "Anna Hospital", "Institution", "words of its name"):
        assert words in page


def test_more_than_fit_are_said_and_more_is_asked_for(sam: Client) -> None:
    User.objects.bulk_create(User(email=f"common{number}@example.org", name="Common Name") for number in range(25))
    assert "and more: type more of the name or address" in said(sam, "common")


def test_the_whole_name_goes_before_a_part_of_another(sam: Client, dan: User) -> None:
    make_user("x@example.org", name="Dan Daniels")
    answer = sam.get(SEARCH, {"q": "dan"})
    assert answer["Location"] == f"/admin/desk/people/{dan.pk}/"


def test_whole_words_are_somebodys_before_they_are_beginnings(sam: Client) -> None:
    users = [make_user(f"{n}@example.org", name=name) for n, name in enumerate(("Anna Berg", "Annabel Bergmann"))]
    assert sam.get(SEARCH, {"q": "berg anna"})["Location"] == f"/admin/desk/people/{users[0].pk}/"
    assert "Annabel Bergmann" in said(sam, "anna be") and "Annabel Bergmann" in said(sam, "berg")


def test_what_nearly_everybody_has_is_found_among_the_newest(sam: Client) -> None:
    User.objects.bulk_create(User(email=f"c{number}@common.example", name="Carla") for number in range(40))
    with CaptureQueriesContext(connection) as asked:
        assert "and more" in said(sam, "common")
    assert not [one for one in asked if "search_words" in one["sql"] and 'FROM "accounts_user"' in one["sql"]]


def test_nothing_found_says_as_what_it_was_read_and_what_to_try(sam: Client) -> None:
    page = said(sam, "e2 7kq4m")
    assert "Nothing was found for “e2 7kq4m”" in page and "It was read as an error reference" in page
    assert "Try another thing they can read out" in page
    assert "an order number" in said(sam, "7KQ4-9ACX")


@pytest.mark.parametrize("typed", ["x" * 10_000, "%", "_ _", "*", "' OR 1=1 --", "a:* & | !(", "🦆", "\ufffd", "  ",
                                   "¼", "&#0;", "٤٢٤٢", "9" * 40, "1e5", "::1", "1.2.3.4/33", "٣" * 8])  # fmt: skip
def test_whatever_is_typed_gets_a_page(sam: Client, typed: str) -> None:
    make_user("duck@example.org", name="O'Duck")
    page = said(sam, typed)
    assert "duck@example.org" not in page
    assert typed.strip() not in page or len(typed) < 300


def test_a_text_of_ten_thousand_characters_is_not_searched(sam: Client, django_assert_max_num_queries: Any) -> None:
    with django_assert_max_num_queries(8):
        assert "That is 10,000 characters long" in said(sam, "annä!" * 2000)


def test_what_pasting_brings_along_is_left_out(dan: User) -> None:
    assert find("\x00 “dan@example.org” \n", everything).only == find("dan@example.org", everything).only
    assert find("\x00", everything).problem == "Type an email address, a name, a number or an id."


def test_wildcards_are_letters_like_others(sam: Client, dan: User) -> None:
    assert "dan@example.org" not in said(sam, "d_n@")
    assert "dan@example.org" not in said(sam, "%an@example.org")


def test_an_order_leads_to_its_own_person_and_to_nobody_else(sam: Client, dan: User) -> None:
    bought(make_user("eve@example.org"), make_article())
    answer = sam.get(SEARCH, {"q": "7KQ4-9ACM"}, follow=True)
    assert "eve@example.org" in text_of(answer) and "dan@example.org" not in text_of(answer)


def test_institutions_are_found_by_name_ror_and_network(sam: Client) -> None:
    one = make_institution("2001:db8:7::/48", name="Universität Zürich", ror_id="https://ror.org/02mhbdp94")
    address = f"/admin/subscriptions/institution/{one.pk}/change/"
    for typed in ("universitat zurich", "ror.org/02MHBDP94", "02mhbdp94", "[2001:db8:7::5]", "Universitaet Zuerich"):
        assert sam.get(SEARCH, {"q": typed}).get("Location") == address, typed


def test_an_article_is_found_by_its_doi_however_it_was_pasted(sam: Client) -> None:
    article = make_article(doi="10.5555/Heron.1")
    for typed in ("10.5555/heron.1", "https://doi.org/10.5555/HERON.1", "doi:10.5555/heron.1."):
        assert sam.get(SEARCH, {"q": typed})["Location"] == f"/admin/journal/article/{article.pk}/change/"


def test_a_number_that_may_be_two_things_is_a_list(sam: Client, dan: User) -> None:
    order = bought(dan, make_article())
    number = str(order.payments.get().receipt.number)
    Member.objects.create(number=number, name="Somebody Else", valid_until=date(2027, 1, 1))
    page = said(sam, number)
    assert f"Receipt: number {number}" in page and f"Membership {number}" in page


def test_an_event_of_stripes_is_found(sam: Client) -> None:
    told = {"type": "charge.succeeded", "object_type": "charge", "livemode": False, "payload": {}}
    StripeEvent.objects.create(id="evt_1heron", created="2026-11-20T10:00:00Z", **told)
    assert "/stripeevent/evt_1heron/" in sam.get(SEARCH, {"q": "evt_1heron"})["Location"]


def test_nobody_is_found_by_a_role_that_sees_no_people(client: Client, dan: User) -> None:
    client.force_login(make_user("edith@example.org", groups=["Editor"], is_staff=True))
    make_article(doi="10.5555/a")
    assert "dan@example.org" not in text_of(client.get(SEARCH, {"q": "dan@example.org"})).replace(
        "“dan@example.org”", ""
    )
    assert client.get(SEARCH, {"q": "10.5555/a"}).status_code == 302
    assert client.get(f"/admin/desk/people/{dan.pk}/").status_code == 403


def test_readers_have_no_desk(client: Client, dan: User) -> None:
    client.force_login(dan)
    assert client.get(SEARCH, {"q": "dan"}).status_code in (302, 403)


def test_somebody_elses_finder_is_a_function_in_the_table(dan: User) -> None:
    @finder("Locker", "accounts.view_user", "L-7")
    def by_locker(typed: Typed) -> list[Hit]:
        return [Hit("Locker 7", "Locker", "its number", "/locker/7/")] if typed.compact == "L7" else []

    try:
        assert find("l-7", everything).only == by_locker(Typed("L7"))[0]
    finally:
        FINDERS[:] = [one for one in table() if one.kind != "Locker"]


def test_the_list_of_accounts_searches_the_same_way(sam: Client, dan: User) -> None:
    Institution.objects.create(name="Dan University")
    bought(dan, make_article())
    make_user("eve@example.org", name="Eve")
    for typed in ("7kq4 9acm", "dan", "dan@example.org"):
        page = text_of(sam.get("/admin/accounts/user/", {"q": typed}))
        assert "dan@example.org" in page and "eve@example.org" not in page, typed


@pytest.mark.parametrize("typed", ["HU-2026-0007", "PO 4500", "in_heron"])
def test_an_institutions_invoice_is_found_by_its_number_its_order_number_and_stripes(sam: Client, typed: str) -> None:
    row = SiteLicense.objects.create(
        institution=make_institution(name="Heron University"), journal=make_journal(), starts_on=date(2026, 1, 1),
        ends_on=date(2026, 12, 31), amount=250_000, currency="usd", state="open", po_number="PO 4500",
        invoice_number="HU-2026-0007", invoice_id="in_heron",
    )  # fmt: skip
    answer = sam.get(SEARCH, {"q": typed})
    assert (answer.status_code, answer["Location"]) == (302, f"/admin/subscriptions/sitelicense/{row.pk}/change/")
