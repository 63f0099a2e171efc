"""What Stripe answers, as our plain facts: from the SDK's objects, whose absent fields raise, to `stripe_objects.py`.

Knows no client and asks nothing; `gateway.py` calls it.
"""

from datetime import UTC, datetime
from typing import Any

from subscriptions.stripe_objects import Charge, Dispute, FraudWarning, Invoice, Refund, Session


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
    )


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


def invoice_of(invoice: Any) -> Invoice:
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
    )
