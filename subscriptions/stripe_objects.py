"""What is read from Stripe, as plain facts: only the fields this product depends on. Made by `gateway.py`.

Times are aware, amounts integers in minor units, statuses Stripe's own words.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

__all__ = [
    "Charge",
    "Dispute",
    "Event",
    "FraudWarning",
    "Invoice",
    "PaymentFacts",
    "Refund",
    "Session",
    "SubscriptionState",
    "Tax",
]


@dataclass(frozen=True, slots=True)
class Tax:
    """What Stripe Tax worked out for one payment. `lines` are words and minor units: ("VAT 19%", 380).

    `inclusive`: it is in the price. `reverse`: the buyer, a business, accounts for it. `numbers`: the buyer's tax ids.
    """

    amount: int = 0
    lines: tuple[tuple[str, int], ...] = ()
    inclusive: bool = False
    reverse: bool = False
    numbers: tuple[str, ...] = ()
    buyer: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Session:
    """A Checkout Session. `expires_at` is aware; amounts in minor units."""

    id: str
    url: str
    status: str
    payment_status: str
    expires_at: datetime
    amount_subtotal: int
    amount_total: int
    currency: str
    payment_intent_id: str | None
    subscription_id: str | None
    amount_discount: int = 0
    payment_failed: bool = False
    charge: "Charge | None" = None
    tax: Tax | None = None


@dataclass(frozen=True, slots=True)
class Refund:
    """`request` is the id we gave it when we asked for it; empty for one made at Stripe."""

    id: str
    amount: int
    status: str
    created: datetime
    reason: str = ""
    failure_reason: str = ""
    request: str = ""


@dataclass(frozen=True, slots=True)
class Dispute:
    id: str
    payment_intent_id: str
    status: str
    reason: str
    amount: int
    currency: str
    created: datetime
    due_by: datetime | None


@dataclass(frozen=True, slots=True)
class FraudWarning:
    id: str
    payment_intent_id: str
    kind: str
    actionable: bool
    created: datetime


@dataclass(frozen=True, slots=True)
class PaymentFacts:
    """What is said of a payment intent beside its charge, and whose it is: an order, a subscription or a license."""

    payment_intent_id: str
    order: str
    site: str
    subscription_id: str
    disputes: tuple[Dispute, ...]
    warnings: tuple[FraudWarning, ...]
    license: str = ""


@dataclass(frozen=True, slots=True)
class Charge:
    """A charge that succeeded. `disputed` says only that there was a dispute; what became of it is read apart."""

    id: str
    payment_intent_id: str
    amount: int
    currency: str
    amount_refunded: int
    created: datetime
    card_brand: str = ""
    card_last4: str = ""
    disputed: bool = False
    refunds: tuple[Refund, ...] = ()


@dataclass(frozen=True, slots=True)
class Invoice:
    id: str
    status: str
    amount_paid: int
    created: datetime
    hosted_invoice_url: str
    payment_intent_ids: tuple[str, ...]
    covers_until: datetime | None = None
    amount_due: int = 0
    next_attempt: datetime | None = None
    tax: Tax | None = None


@dataclass(frozen=True, slots=True)
class SubscriptionState:
    id: str
    status: str
    customer_id: str
    amount: int
    currency: str
    interval: str
    period_start: datetime
    period_end: datetime
    ends_at: datetime | None
    ended_at: datetime | None
    metadata: dict[str, str] = field(default_factory=dict)
    invoices: tuple[Invoice, ...] = ()
    is_collecting: bool = True
    plus_tax: bool = False


@dataclass(frozen=True, slots=True)
class SwitchPreview:
    """What a change of price charges at once (negative: credited), in minor units, and when the next payment is due."""

    amount: int
    currency: str
    next_payment: datetime | None


@dataclass(frozen=True, slots=True)
class Event:
    """A webhook's envelope: a hint which object to read again."""

    id: str
    type: str
    created: datetime
    livemode: bool
    api_version: str
    object: dict[str, Any]
    payload: dict[str, Any]
