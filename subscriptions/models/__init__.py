"""Who may read what, and how they came by it."""

from subscriptions.models.entitlement import Entitlement
from subscriptions.models.institution import Institution, IPRange
from subscriptions.models.returns import (
    CreditNote,
    Dispute,
    Finding,
    FraudWarning,
    Policy,
    Reconciliation,
    Refund,
)
from subscriptions.models.sales import Offer, Order, PaperNumber, Payment, Receipt, Subscription
from subscriptions.models.stripe import OutgoingMail, StripeCustomer, StripeEvent, SyncTarget

__all__ = [
    "CreditNote",
    "Dispute",
    "Entitlement",
    "Finding",
    "FraudWarning",
    "IPRange",
    "Institution",
    "Offer",
    "Order",
    "OutgoingMail",
    "PaperNumber",
    "Payment",
    "Policy",
    "Receipt",
    "Reconciliation",
    "Refund",
    "StripeCustomer",
    "StripeEvent",
    "Subscription",
    "SyncTarget",
]
