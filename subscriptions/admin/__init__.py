"""The support desk and the shop's back room: offers, what was sold, who may read, and what Stripe told us."""

from subscriptions.admin import entitlements, institutions, jobs, offers, people, returns, sales, stripe

__all__ = ["entitlements", "institutions", "jobs", "offers", "people", "returns", "sales", "stripe"]
