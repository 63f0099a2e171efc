"""Who may read what, and how they came by it."""

from subscriptions.models.entitlement import Entitlement
from subscriptions.models.institution import Institution, IPRange
from subscriptions.models.sales import Offer, Order, Payment, Receipt, Subscription
from subscriptions.models.stripe import OutgoingMail, StripeCustomer, StripeEvent, SyncTarget

__all__ = [
    "Entitlement",
    "IPRange",
    "Institution",
    "Offer",
    "Order",
    "OutgoingMail",
    "Payment",
    "Receipt",
    "StripeCustomer",
    "StripeEvent",
    "Subscription",
    "SyncTarget",
]
