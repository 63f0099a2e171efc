"""Charges, refunds, disputes and warnings as rows, with their papers and mails. Called by fulfilment.py alone.

Everything here may be done again without effect: rows are found by Stripe's ids, papers and mails exist once for each.
"""

from collections.abc import Collection
from dataclasses import asdict
from typing import Any

from django.utils import timezone

from accounts.models import User
from subscriptions import gateway, mail
from subscriptions.models import CreditNote, Dispute, FraudWarning, Payment, Receipt, Refund, SiteLicense
from subscriptions.standing import Paid
from subscriptions.stripe_objects import Tax

UNSEEN = "needs_response"  # a dispute the charge tells of and we have not read yet counts as an open one


def known_of(charges: Collection[gateway.Charge]) -> dict[str, Payment]:
    """The payments of charges that were recorded before, each with its receipt, in one statement."""
    rows = Payment.objects.filter(charge_id__in=[charge.id for charge in charges])
    return {payment.charge_id: payment for payment in rows.select_related("receipt")}


def record_charge(
    charge: gateway.Charge, user: User | None, description: str, terms: str, tax: Tax | None, paid: Paid,
    known: Payment | None = None, **links: Any,
) -> Payment:  # fmt: skip
    """The payment with its refunds and its receipt. `paid` is how the charge stands; `known` spares looking for it."""
    payment = _payment(charge, paid, {"user": user, **links}, known)
    receipt = _receipt(payment, description, terms, tax)
    for refund in charge.refunds:
        _record_refund(payment, receipt, refund)
    return payment


def record_license_charge(charge: gateway.Charge, bought: SiteLicense) -> Payment:
    """A payment of an institution. Its papers are Stripe's invoice and credit notes, so that there is one of each."""
    payment = _payment(charge, standing_of(charge), {"license": bought, "invoice_id": bought.invoice_id or ""})
    for refund in charge.refunds:
        _record_refund(payment, None, refund)
    return payment


def _payment(charge: gateway.Charge, paid: Paid, whose: dict[str, Any], known: Payment | None = None) -> Payment:
    """The row of a charge, written only when it is new or has changed: most events of a payment change nothing."""
    told = {
        "payment_intent_id": charge.payment_intent_id, "amount": charge.amount, "currency": charge.currency,
        "amount_refunded": charge.amount_refunded, "disputed": paid.in_question, "card_brand": charge.card_brand,
        "card_last4": charge.card_last4, "paid_at": charge.created, **whose,
    }  # fmt: skip
    known = known or known_of([charge]).get(charge.id)
    if known and all(_same(known, name, value) for name, value in told.items()):
        return known
    return Payment.objects.update_or_create(charge_id=charge.id, defaults=told)[0]


def _same(row: Payment, name: str, value: Any) -> bool:
    if name in ("user", "order", "subscription", "license"):
        return bool(getattr(row, f"{name}_id") == (value.pk if value else None))
    return bool(getattr(row, name) == value)


def standing_of(charge: gateway.Charge) -> Paid:
    return standings_of([charge])[charge.id]


def standings_of(charges: Collection[gateway.Charge]) -> dict[str, Paid]:
    """How charges stand, by their ids, in two statements however many they are."""
    intents = [charge.payment_intent_id for charge in charges]
    disputes: dict[str, list[str]] = {}
    for intent, status in Dispute.objects.filter(payment_intent_id__in=intents).values_list(
        "payment_intent_id", "status"
    ):
        disputes.setdefault(intent, []).append(status)
    warned = set(FraudWarning.objects.filter(payment_intent_id__in=intents).values_list("payment_intent_id", flat=True))
    return {
        charge.id: Paid(
            amount=charge.amount,
            refunded=charge.amount_refunded,
            disputes=tuple(disputes.get(charge.payment_intent_id, [UNSEEN] if charge.disputed else [])),
            warned=charge.payment_intent_id in warned,
        )
        for charge in charges
    }


def has_unseen_dispute(charge: gateway.Charge) -> bool:
    return charge.disputed and not Dispute.objects.filter(payment_intent_id=charge.payment_intent_id).exists()


def _receipt(payment: Payment, description: str, terms: str, tax: Tax | None) -> Receipt:
    receipt = getattr(payment, "receipt", None)
    if receipt is None:
        receipt = Receipt.objects.create(
            payment=payment, user=payment.user, description=description, terms=terms, tax=asdict(tax) if tax else None
        )
        mail.receipt(receipt)
    return receipt


def _record_refund(payment: Payment, receipt: Receipt | None, found: gateway.Refund) -> None:
    refund = Refund.objects.filter(stripe_id=found.id).first()
    if refund is None and found.request:
        refund = Refund.objects.filter(request=found.request, payment=payment).first()
    refund = refund or Refund(payment=payment, reason=found.reason)
    refund.stripe_id, refund.amount, refund.created_at = found.id, found.amount, found.created
    refund.state = found.status if found.status in Refund.State else Refund.State.PENDING
    refund.failure_reason = found.failure_reason
    refund.save()
    _credit_note(refund, receipt)


def _credit_note(refund: Refund, receipt: Receipt | None) -> None:
    """The paper and the mail of a refund that was carried out; the paper is void when the money came back. An
    institution's paper is Stripe's."""
    note = CreditNote.objects.filter(refund=refund).first()
    if refund.state == Refund.State.SUCCEEDED and note is None and receipt:
        mail.credit_note(CreditNote.objects.create(refund=refund, receipt=receipt))
    elif refund.state in (Refund.State.FAILED, Refund.State.CANCELED):
        if note and note.voided_at is None:
            note.voided_at = timezone.now()
            note.save(update_fields=["voided_at"])
        mail.alert_staff(
            f"refund_failed:{refund.stripe_id}",
            f"{refund} to {refund.payment.email} did not arrive ({refund.failure_reason or refund.state}). The reader"
            " has their access again. If the money is owed, pay it back another way.",
        )


def record_facts(facts: gateway.PaymentFacts) -> None:
    """Disputes and fraud warnings of one payment intent; staff hear of each once."""
    for dispute in facts.disputes:
        _record_dispute(dispute)
    for warning in facts.warnings:
        fields = {
            "payment_intent_id": facts.payment_intent_id, "kind": warning.kind, "actionable": warning.actionable,
            "created_at": warning.created,
        }  # fmt: skip
        FraudWarning.objects.update_or_create(stripe_id=warning.id, defaults=fields)
        mail.alert_staff(
            f"fraud_warning:{warning.id}",
            f"A card's issuer warns that payment {facts.payment_intent_id} is fraudulent ({warning.kind})."
            " A refund now averts the dispute and its fee.",
        )


def _record_dispute(found: gateway.Dispute) -> None:
    dispute, _ = Dispute.objects.update_or_create(
        stripe_id=found.id,
        defaults={
            "payment_intent_id": found.payment_intent_id, "status": found.status, "reason": found.reason,
            "amount": found.amount, "currency": found.currency, "due_by": found.due_by, "created_at": found.created,
            "synced_at": timezone.now(),
        },
    )  # fmt: skip
    if dispute.status in Dispute.OPEN:
        mail.dispute(dispute)
