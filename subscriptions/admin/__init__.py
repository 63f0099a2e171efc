"""The support desk and the shop's back room: offers, what was sold, who may read, and what Stripe told us."""

from subscriptions.admin import (
    codes,
    entitlements,
    flows,
    institutions,
    jobs,
    licenses,
    offers,
    price_changes,
    proposals,
    returns,
    sales,
    sign_ins,
    stripe,
    trainees,
    usage,
    withdrawals,
)

__all__ = [
    "codes",
    "entitlements",
    "flows",
    "institutions",
    "jobs",
    "licenses",
    "offers",
    "price_changes",
    "proposals",
    "returns",
    "sales",
    "sign_ins",
    "stripe",
    "trainees",
    "usage",
    "withdrawals",
]
