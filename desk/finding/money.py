"""Money: orders, receipts, invoices, credit notes, Stripe's ids, cards. What is a person's leads to the person."""

import re
from collections.abc import Iterable, Iterator
from datetime import datetime, time, timedelta
from typing import Any

from django.db.models import Model, Q, QuerySet
from django.utils import timezone

from accounts.admin_pages import admin_url
from accounts.models import User
from desk.finding import MOST, Hit, Typed, finder
from desk.finding.cards import DECIMALS, Card, read_card
from desk.finding.people import person_url
from desk.finding.shapes import ORDER, STRIPE_ID
from subscriptions.models import (
    CreditNote,
    Dispute,
    FraudWarning,
    Institution,
    Order,
    Payment,
    Receipt,
    Refund,
    SiteLicense,
    StripeCustomer,
    StripeEvent,
    Subscription,
)
from subscriptions.support import day_of

SEES = "subscriptions.view_payment"


def leading_to(user: User | None, row: Model, kind: str, why: str, about: str, *, exact: bool = True) -> Hit:
    """The person it belongs to, named by what was found; else (a guest's, an institution's) the thing itself."""
    if user:
        return Hit(user.email, "Person", f"{kind}: {why}", person_url(user.pk), exact, about, user.pk)
    return Hit(str(row), kind, why, admin_url(row), exact, about)


@finder("Order", "subscriptions.view_order", "7KQ4-9ACM")
def by_order_number(typed: Typed) -> Iterator[Hit]:
    """With or without its hyphen. Half of one is no number: it may be anybody's."""
    if ORDER.match(typed.compact):
        for order in _orders(number=typed.grouped):
            yield _order(order, f"number {order.number}")
        for license_ in SiteLicense.objects.filter(number=typed.grouped).select_related("institution"):
            yield leading_to(None, license_, "License", "its number", license_.institution.name)


def _orders(*by: Q, **named: Any) -> QuerySet[Order]:
    return Order.objects.filter(*by, **named).select_related("user").defer("params")[:MOST]


def _order(order: Order, why: str) -> Hit:
    return leading_to(order.user, order, "Order", why, f"{order.description}, {order.get_state_display().lower()}")


@finder("Receipt", "subscriptions.view_receipt", "1001")
def by_paper(typed: Typed) -> Iterator[Hit]:
    """Receipts (which are the invoices) and credit notes have numbers of their own; both may have this one."""
    number = re.fullmatch(
        r"(?i)(?:receipt|invoice|credit note|rechnung|no\.?|nr\.?|#)?\s*(?:no\.?|nr\.?|#)?\s*(\d{1,9})", typed.text
    )
    if number is None:
        return
    for receipt in Receipt.objects.filter(number=int(number[1])).select_related("user", "payment"):
        about = f"{receipt.description}, {receipt.payment.price}"
        yield leading_to(receipt.user, receipt, "Receipt", f"number {receipt.number}", about)
    notes = CreditNote.objects.filter(number=int(number[1])).select_related("receipt__user", "refund__payment")
    for note in notes:
        yield leading_to(note.receipt.user, note, "Credit note", f"number {note.number}", str(note.refund.price))


@finder("License", "subscriptions.view_sitelicense", "F-2026-0007")
def by_invoice_number(typed: Typed) -> Iterator[Hit]:
    """Stripe's invoices to institutions, by the number on the paper, or by the library's PO number."""
    if len(typed.text) < 4 or "@" in typed.text:
        return
    for row in SiteLicense.objects.filter(Q(invoice_number=typed.text) | Q(po_number=typed.text)).select_related(
        "institution"
    )[:MOST]:
        yield leading_to(None, row, "License", "its invoice's or PO number", row.institution.name)


@finder("Payment", SEES, "pi_…, ch_…, cs_…, sub_…, cus_…, in_…, re_…, evt_…")
def by_stripe_id(typed: Typed) -> Iterator[Hit]:
    """Any id of Stripe's, wherever we keep it."""
    if not STRIPE_ID.match(typed.text):
        return
    for kind, rows, whose in _named_at_stripe(typed.text):
        for row in rows[:MOST]:
            yield leading_to(whose(row), row, kind, typed.text, str(row))


def _named_at_stripe(text: str) -> Iterator[tuple[str, Any, Any]]:
    prefix = text.partition("_")[0]
    of_row = lambda row: row.user  # noqa: E731
    if prefix in ("cs", "pi", "sub"):
        by = {"cs": Q(session_id=text), "pi": Q(payment_intent_id=text), "sub": Q(subscription_id=text)}[prefix]
        yield "Order", Order.objects.filter(by).select_related("user").defer("params"), of_row
    if prefix in ("ch", "py", "pi", "in"):
        column = {"pi": "payment_intent_id", "in": "invoice_id__filled"}.get(prefix, "charge_id")
        yield "Payment", Payment.objects.filter(**{column: text}).select_related("user"), of_row
    if prefix == "sub":
        yield "Subscription", Subscription.objects.filter(stripe_id=text).select_related("user", "journal"), of_row
    if prefix == "cus":
        yield "Customer", StripeCustomer.objects.filter(stripe_id=text).select_related("user"), of_row
        yield "Institution", Institution.objects.filter(customer_id=text), lambda _: None
    if prefix == "in":
        yield "License", SiteLicense.objects.filter(invoice_id=text), lambda _: None
    yield from _returned(prefix, text)
    if prefix == "evt":
        yield "Event", StripeEvent.objects.filter(pk=text).defer("payload"), lambda _: None


def _returned(prefix: str, text: str) -> Iterator[tuple[str, Any, Any]]:
    if prefix in ("re", "pyr"):
        yield (
            "Refund",
            Refund.objects.filter(stripe_id=text).select_related("payment__user"),
            lambda row: row.payment.user,
        )
    found = {"du": Dispute, "dp": Dispute, "issfr": FraudWarning}.get(prefix)
    if found:
        yield str(found._meta.verbose_name).capitalize(), found.objects.filter(stripe_id=text), _payer  # type: ignore[attr-defined]


def _payer(row: Any) -> User | None:
    payment = Payment.objects.filter(payment_intent_id=row.payment_intent_id).select_related("user").first()
    return payment.user if payment else None


@finder("Payment", SEES, "4242 30.00 2026-11-20")
def by_card(typed: Typed) -> Iterator[Hit]:
    """A card's last four digits with an amount, a day, or both; the day before and after count, clocks differ."""
    card = read_card(typed.text)
    if card is None:
        if re.fullmatch(r"[*•x.…\s]*\d{4}", typed.text, re.IGNORECASE):
            by = Q(card_last4__filled=typed.text[-4:])
            yield from _cards(by, "ends in these digits: add amount and day", exact=False)
        return
    told = Q(card_last4__filled=card.last4) & _amounts(card)
    if card.days:
        told &= Q(*(Q(paid_at__range=_around(day)) for day in card.days), _connector=Q.OR)
    yield from _cards(told, "the card, as far as it was told", exact=True)


def _amounts(card: Card) -> Q:
    if card.amount is None:
        return Q()
    found = Q(pk=None)
    for minor, kind in card.minor:
        special = [*DECIMALS["none"], *DECIMALS["three"]]
        found |= (
            Q(amount=minor, currency__in=DECIMALS[kind])
            if kind in DECIMALS
            else Q(amount=minor) & ~Q(currency__in=special)
        )
    return found & Q(currency=card.currency) if card.currency else found


def _around(day: Any) -> tuple[datetime, datetime]:
    midnight = timezone.make_aware(datetime.combine(day, time.min))
    return midnight - timedelta(hours=14), midnight + timedelta(hours=38)


def _cards(by: Q, why: str, *, exact: bool) -> Iterable[Hit]:
    payments = list(Payment.objects.filter(by).select_related("user").order_by("-paid_at")[: MOST + 1])
    for payment in payments:
        about = f"{payment.price} on {day_of(payment.paid_at)}, {payment.card_brand} ending in {payment.card_last4}"
        yield leading_to(payment.user, payment, "Payment", why, about, exact=exact)
