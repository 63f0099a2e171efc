"""The books: every payment and every refund by the number of its paper, for whoever keeps accounts. No names."""

import heapq
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.db.models import Exists, OuterRef
from django.utils import timezone

from desk.figures.series import SOURCES
from desk.figures.spans import Span
from subscriptions.models import Payment, Refund
from subscriptions.money import from_minor

MOST = 200_000
COLUMNS = ("Day", "What", "Paper", "For", "Currency", "Amount", "Of it tax", "Minor units", "At Stripe")
Line = tuple[datetime, list[Any]]


def _payments(span: Span) -> Any:
    earlier = Payment.objects.filter(subscription=OuterRef("subscription"), paid_at__lt=OuterRef("paid_at"))
    found = Payment.objects.filter(paid_at__gte=span.begins, paid_at__lt=span.ends).annotate(renews=Exists(earlier))
    return found.select_related("receipt", "order").defer("order__params").order_by("paid_at", "pk")


def _refunds(span: Span) -> Any:
    found = Refund.objects.filter(created_at__gte=span.begins, created_at__lt=span.ends, state__in=Refund.GIVEN_BACK)
    return found.select_related("payment", "credit_note").order_by("created_at", "pk")


def are_too_many(span: Span) -> bool:
    return bool(_payments(span)[: MOST + 1].count() + _refunds(span)[: MOST + 1].count() > MOST)


def rows(span: Span) -> Iterator[list[Any]]:
    """In the order in which they happened; what went back is negative."""
    paid = (_paid(row) for row in _payments(span).iterator(chunk_size=2000))
    back = (_back(row) for row in _refunds(span).iterator(chunk_size=2000))
    return (told for _, told in heapq.merge(paid, back, key=lambda line: line[0]))


def _paid(payment: Any) -> Line:
    receipt = getattr(payment, "receipt", None)
    tax = (receipt.tax or {}).get("amount") if receipt else None
    return payment.paid_at, [
        timezone.localdate(payment.paid_at), "Payment", f"Receipt {receipt.number}" if receipt else "",
        SOURCES[_kind(payment)], payment.currency.upper(), from_minor(payment.amount, payment.currency),
        "" if tax is None else from_minor(int(tax), payment.currency), payment.amount, payment.charge_id,
    ]  # fmt: skip


def _kind(payment: Any) -> str:
    if payment.license_id:
        return "license"
    if payment.subscription_id:
        return "renewal" if payment.renews else "subscription"
    kind = payment.order.kind if payment.order else "other"
    return kind if kind in SOURCES else "other"


def _back(refund: Any) -> Line:
    note, currency = getattr(refund, "credit_note", None), refund.payment.currency
    return refund.created_at, [
        timezone.localdate(refund.created_at), "Refund", f"Credit note {note.number}" if note else "",
        SOURCES["refund"], currency.upper(), from_minor(-refund.amount, currency), "", -refund.amount,
        refund.stripe_id or "",
    ]  # fmt: skip
