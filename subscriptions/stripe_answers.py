"""What Stripe answers, as our plain facts: from the SDK's objects, whose absent fields raise, to `stripe_objects.py`.

Knows no client and asks nothing; `gateway.py` calls it.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from subscriptions.stripe_objects import Charge, Dispute, FraudWarning, Invoice, Refund, Session, Tax


def moment(seconds: int | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)


def when(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def id_of(value: Any) -> str | None:
    """The id of an expandable field, expanded or not."""
    return value if value is None or isinstance(value, str) else value.id


def session_of(session: Any) -> Session:
    intent = session.payment_intent
    expanded = intent is not None and not isinstance(intent, str)
    return Session(
        id=session.id,
        url=session.url or "",
        status=session.status or "",
        payment_status=session.payment_status,
        expires_at=when(session.expires_at),
        amount_subtotal=session.amount_subtotal or 0,
        amount_total=session.amount_total or 0,
        amount_discount=session.total_details.amount_discount if session.total_details else 0,
        currency=session.currency or "",
        payment_intent_id=id_of(intent),
        subscription_id=id_of(session.subscription),
        payment_failed=expanded and intent.status in ("requires_payment_method", "canceled"),
        charge=charge_of(intent) if expanded else None,
        tax=_tax_of_session(session),
    )


def _tax_of_session(session: Any) -> Tax | None:
    if not getattr(session.automatic_tax, "enabled", False) or session.customer_details is None:
        return None
    buyer = session.customer_details
    items = getattr(getattr(session, "line_items", None), "data", [])
    found = [tax for item in items for tax in getattr(item, "taxes", None) or []]
    return Tax(
        amount=session.total_details.amount_tax if session.total_details else 0,
        lines=tuple((rate_words(tax.rate), tax.amount) for tax in found if tax.amount),
        inclusive=any(tax.rate.inclusive for tax in found),
        reverse=buyer.tax_exempt == "reverse",
        numbers=tuple(number.value for number in buyer.tax_ids or [] if number.value),
        buyer=_buyer(getattr(buyer, "business_name", None) or buyer.name, buyer.address),
    )


def rate_words(rate: Any) -> str:
    """`VAT 19%`, `Sales Tax 8.875%`."""
    percent = rate.effective_percentage if rate.effective_percentage is not None else rate.percentage
    return f"{rate.display_name} {percent:g}%"


def _buyer(name: str | None, address: Any) -> tuple[str, ...]:
    """Name and address, line by line, as an invoice needs them."""
    if address is None:
        return (name,) if name else ()
    place = " ".join(part for part in (address.postal_code, address.city, address.state) if part)
    return tuple(line for line in (name, address.line1, address.line2, place, address.country) if line)


def charge_of(intent: Any) -> Charge | None:
    charge = intent.latest_charge
    if charge is None or charge.status != "succeeded":
        return None
    details = charge.payment_method_details
    card = getattr(details, "card", None) if details else None
    return Charge(
        id=charge.id,
        payment_intent_id=intent.id,
        amount=charge.amount_captured or charge.amount,
        currency=charge.currency,
        amount_refunded=charge.amount_refunded,
        created=when(charge.created),
        card_brand=(card.brand if card else "") or "",
        card_last4=(card.last4 if card else "") or "",
        disputed=bool(charge.disputed),
        refunds=tuple(refund_of(refund) for refund in charge.refunds.data) if getattr(charge, "refunds", None) else (),
    )


def refund_of(refund: Any) -> Refund:
    return Refund(
        id=refund.id,
        amount=refund.amount,
        status=refund.status or "pending",
        created=when(refund.created),
        reason=refund.reason or "",
        failure_reason=getattr(refund, "failure_reason", None) or "",
        request=metadata_of(refund).get("request", ""),
    )


def dispute_of(dispute: Any) -> Dispute:
    return Dispute(
        id=dispute.id,
        payment_intent_id=id_of(dispute.payment_intent) or "",
        status=dispute.status,
        reason=dispute.reason or "",
        amount=dispute.amount,
        currency=dispute.currency,
        created=when(dispute.created),
        due_by=moment(dispute.evidence_details.due_by),
    )


def warning_of(warning: Any) -> FraudWarning:
    return FraudWarning(
        id=warning.id,
        payment_intent_id=id_of(getattr(warning, "payment_intent", None)) or "",
        kind=warning.fraud_type or "",
        actionable=bool(warning.actionable),
        created=when(warning.created),
    )


def metadata_of(holder: Any) -> dict[str, str]:
    return dict(holder.metadata.to_dict()) if getattr(holder, "metadata", None) else {}


def tax_of_invoice(invoice: Any, words_of: Callable[[str], str]) -> Tax | None:
    """`words_of` turns a tax rate's id into words: an invoice only names its rates."""
    if not getattr(invoice.automatic_tax, "enabled", False):
        return None
    found = invoice.total_taxes or []
    rates = [(tax.tax_rate_details.tax_rate, tax.amount) for tax in found if tax.amount and tax.tax_rate_details]
    return Tax(
        amount=sum(tax.amount for tax in found),
        lines=tuple((words_of(rate), amount) for rate, amount in rates),
        inclusive=any(tax.tax_behavior == "inclusive" for tax in found),
        reverse=invoice.customer_tax_exempt == "reverse"
        or any(tax.taxability_reason == "reverse_charge" for tax in found),
        numbers=tuple(number.value for number in invoice.customer_tax_ids or [] if number.value),
        buyer=_buyer(invoice.customer_name, invoice.customer_address),
    )


def invoice_of(invoice: Any, words_of: Callable[[str], str]) -> Invoice:
    payments = getattr(invoice, "payments", None)
    intents = [
        id_of(payment.payment.payment_intent)
        for payment in (payments.data if payments else [])
        if payment.status == "paid" and getattr(payment.payment, "payment_intent", None)
    ]
    return Invoice(
        id=invoice.id,
        status=invoice.status,
        amount_paid=invoice.amount_paid,
        created=when(invoice.created),
        hosted_invoice_url=invoice.hosted_invoice_url or "",
        payment_intent_ids=tuple(intent for intent in intents if intent),
        covers_until=max((when(line.period.end) for line in invoice.lines.data), default=None),
        amount_due=invoice.amount_due,
        next_attempt=moment(getattr(invoice, "next_payment_attempt", None)),
        tax=tax_of_invoice(invoice, words_of),
    )
