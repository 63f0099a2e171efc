"""The endpoints of Stripe's API. Importing this package registers them all."""

from . import (
    account,
    catalog,
    checkout,
    clocks,
    customer_balance,
    customers,
    discounts,
    disputes,
    events,
    invoices,
    payments,
    portal,
    refunds,
    setups,
    subscription_items,
    subscriptions,
)

__all__ = [
    "account",
    "catalog",
    "checkout",
    "clocks",
    "customer_balance",
    "customers",
    "discounts",
    "disputes",
    "events",
    "invoices",
    "payments",
    "portal",
    "refunds",
    "setups",
    "subscription_items",
    "subscriptions",
]
