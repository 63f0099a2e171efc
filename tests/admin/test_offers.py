"""Business: prices typed as people write them, and what happens to a price that somebody has ordered at."""

from typing import Any

import pytest
from django.test import Client

from subscriptions.models import Offer, Order
from tests.admin.said import errors_of, look_and_save, messages_of, text_of
from tests.make import make_article, make_journal, make_offer, make_user

pytestmark = pytest.mark.django_db
LIST = "/admin/subscriptions/offer/"


def form(**fields: Any) -> dict[str, Any]:
    usual = {
        "journal": make_journal().pk, "kind": "purchase", "interval": "", "rental_hours": 48, "amount": "30.00",
        "currency": "usd", "tax_note": "Taxes included", "position": 0, "active": "on",
    }  # fmt: skip
    return usual | fields


def add(client: Client, **fields: Any) -> Any:
    return client.post(f"{LIST}add/", form(**fields))


def order(offer: Offer) -> Order:
    return Order.objects.create(
        user=make_user(), offer=offer, kind=offer.kind, article=make_article(), journal=offer.journal,
        amount=offer.amount, currency=offer.currency, description="An article", state="paid",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("amount", "currency", "minor"),
    [("30.00", "usd", 3000), ("30", "usd", 3000), (" 0.50 ", "eur", 50), ("4500", "jpy", 4500), ("1e2", "usd", 10000)],
)
def test_a_price_becomes_minor_units_of_its_currency(bea: Client, amount: str, currency: str, minor: int) -> None:
    assert add(bea, amount=amount, currency=currency).status_code == 302
    offer = Offer.objects.get()
    assert (offer.amount, offer.currency) == (minor, currency)


@pytest.mark.parametrize(
    ("amount", "currency", "sentence"),
    [
        ("30,00", "usd", "“30,00” is not a price. Write it like 30.00."),
        ("$30", "usd", "“$30” is not a price. Write it like 30.00."),
        ("NaN", "usd", "“NaN” is not a price. Write it like 30.00."),
        ("Infinity", "usd", "“Infinity” is not a price."),
        ("30.001", "usd", "USD has 2 decimals; 30.001 has more."),
        ("45.50", "jpy", "JPY has 0 decimals; 45.50 has more."),
        ("0", "usd", "A price of 0 is not free access."),
        ("-5", "usd", "A price of 0 is not free access."),
        ("0.10", "usd", "Stripe takes no payment below $0.50."),
        ("1000000.00", "usd", "Stripe takes no payment above 999,999.99 USD."),
        ("1e999999", "usd", "“1e999999” is not a price."),
        ("", "usd", "This field is required."),
    ],
)
def test_a_wrong_price_is_refused_in_words(bea: Client, amount: str, currency: str, sentence: str) -> None:
    errors = errors_of(add(bea, amount=amount, currency=currency))
    assert list(errors) == ["amount"]
    assert sentence in errors["amount"][0]
    assert not Offer.objects.exists()


def test_a_subscription_renews_and_a_purchase_does_not(bea: Client) -> None:
    assert "A subscription renews every month or year" in errors_of(add(bea, kind="subscription"))["__all__"][0]
    assert "other offers do not renew" in errors_of(add(bea, interval="month"))["__all__"][0]
    assert add(bea, kind="subscription", interval="month").status_code == 302


def test_a_second_offer_of_a_kind_waits_until_the_first_is_off_sale(bea: Client) -> None:
    make_offer()
    assert "take that off sale first" in errors_of(add(bea))["__all__"][0]


def test_a_price_nobody_ordered_at_is_changed_in_place(bea: Client) -> None:
    offer = make_offer()
    assert look_and_save(bea, f"{LIST}{offer.pk}/change/", form(amount="35.00")).status_code == 302
    assert Offer.objects.get().amount == 3500


def test_a_price_with_orders_is_kept_and_a_new_offer_takes_its_place(bea: Client) -> None:
    offer = make_offer()
    made = order(offer)
    assert "a change takes this offer off sale" in text_of(bea.get(f"{LIST}{offer.pk}/change/"))
    answer = look_and_save(bea, f"{LIST}{offer.pk}/change/", form(amount="35.00"))
    assert "is a new offer in its place" in messages_of(answer)
    old, new = Offer.objects.get(pk=offer.pk), Offer.objects.exclude(pk=offer.pk).get()
    assert (old.amount, old.active) == (3000, False)
    assert (new.amount, new.active) == (3500, True)
    made.refresh_from_db()
    assert (made.offer_id, made.amount) == (old.pk, 3000)


def test_its_tax_note_is_changed_in_place_also_with_orders(bea: Client) -> None:
    offer = make_offer()
    order(offer)
    bea.post(f"{LIST}{offer.pk}/change/", form(tax_note="Plus tax"))
    assert Offer.objects.get().tax_note == "Plus tax"


def test_offers_go_off_sale_and_back_unless_another_has_taken_the_place(bea: Client) -> None:
    old, new = make_offer(active=False), make_offer(amount=3500)
    said = messages_of(bea.post(LIST, {"action": "put_on_sale", "_selected_action": [old.pk]}))
    assert "was not put on sale. There is an active offer of this kind already" in said
    bea.post(LIST, {"action": "take_off_sale", "_selected_action": [new.pk]})
    bea.post(LIST, {"action": "put_on_sale", "_selected_action": [old.pk]})
    assert list(Offer.objects.on_sale()) == [old]


def test_an_offer_is_never_deleted(root: Client) -> None:
    offer = make_offer()
    assert root.post(f"{LIST}{offer.pk}/delete/", {"post": "yes"}).status_code == 403
    assert Offer.objects.exists()
