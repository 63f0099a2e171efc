"""How a payment stands, and what follows for the right it paid for. Pure: facts and rules in, words and dates out.

What was read from Stripe and the policy decide; an event's claim, the hour and the order of arrival play no part.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings

from subscriptions.models import Dispute, Order, Subscription
from subscriptions.policy import HOLD, Happening, Rule
from subscriptions.stripe_objects import Invoice, Session

Rules = Mapping[str, Rule]


@dataclass(frozen=True, slots=True)
class Paid:
    """One charge as it stands. `disputes` holds Stripe's status words of its disputes, newest first."""

    amount: int
    refunded: int = 0
    disputes: tuple[str, ...] = ()
    warned: bool = False

    @property
    def is_untroubled(self) -> bool:
        """Nothing has happened that the policy has a word about."""
        return not (self.refunded or self.warned or self.in_question or self.is_lost or self.is_asked_about)

    @property
    def is_refunded(self) -> bool:
        return 0 < self.amount <= self.refunded

    @property
    def is_lost(self) -> bool:
        return "lost" in self.disputes

    @property
    def in_question(self) -> bool:
        return any(status in Dispute.IN_QUESTION for status in self.disputes)

    @property
    def is_asked_about(self) -> bool:
        return any(status in Dispute.INQUIRY for status in self.disputes)


def objection(paid: Paid, rules: Rules, *, period: bool = False) -> str:
    """Why the right that was paid for is held back, in words for the reader; empty when it is not.

    `period`: the payment is a subscription's latest.
    """
    happened = [
        (paid.is_refunded, Happening.PERIOD_REFUNDED if period else Happening.REFUNDED_IN_FULL,
         "The payment was refunded"),
        (paid.is_lost, Happening.DISPUTE_LOST, "The payment was disputed, and the bank kept it"),
        (paid.in_question and not paid.is_lost, Happening.PERIOD_DISPUTED if period else Happening.DISPUTED,
         "The payment is disputed"),
        (paid.is_asked_about, Happening.INQUIRY, "The bank asks about the payment"),
        (paid.warned, Happening.FRAUD_WARNING, "The card's issuer warns of fraud"),
        (bool(paid.refunded) and not paid.is_refunded and not period, Happening.REFUNDED_IN_PART,
         "The payment was refunded in part"),
    ]  # fmt: skip
    return next((words for so, happening, words in happened if so and rules[happening].consequence == HOLD), "")


def order_state(order: Order, session: Session, paid: Paid | None) -> str:
    """What an order is, from what its session is. Stripe, Checkout Session: `status` and `payment_status`."""
    state = Order.State
    if session.status != "complete":
        return state.EXPIRED if session.status == "expired" else state.OPEN
    if session.payment_status == "unpaid":
        return state.FAILED if session.payment_failed else state.PROCESSING
    if session.currency != order.currency or not _is_the_price(order, session):
        return state.REVIEW
    if paid and paid.in_question:
        return state.DISPUTED
    return state.REFUNDED if paid and paid.is_refunded else state.PAID


def _is_the_price(order: Order, session: Session) -> bool:
    """What was asked for is what was ordered; a free trial asks for nothing yet (its lines may be told as 0)."""
    if order.credit and session.amount_discount != order.credit:
        return False
    return session.amount_subtotal == order.amount or bool(order.trial_days and session.amount_total == 0)


def covered_until(invoices: tuple[Invoice, ...]) -> datetime | None:
    """The end of the last period that was paid for, or that cost nothing (a trial); None when nothing was."""
    return max((i.covers_until for i in invoices if i.status == "paid" and i.covers_until), default=None)


def subscription_end(subscription: Subscription, rules: Rules) -> datetime | None:
    """Until when a subscription opens the journal, or None when it opens nothing."""
    grace = timedelta(days=rules[Happening.RENEWAL_FAILED].days or 0)
    if subscription.status == "canceled":
        return _not_after(subscription.ended_at, subscription.paid_until, grace)
    if subscription.paid_until is None or subscription.status not in ("active", "trialing", "past_due"):
        return None  # an `active` one whose first direct debit is on its way is not paid for yet
    if subscription.status == "past_due":
        since = subscription.unpaid_since or subscription.period_end
        return since + grace if since else None
    return _running_end(subscription, grace)


def _running_end(subscription: Subscription, grace: timedelta) -> datetime | None:
    if subscription.ends_at:
        return subscription.ends_at
    if not subscription.is_collecting or subscription.latest_invoice_status in ("void", "uncollectible"):
        return subscription.paid_until  # nothing more is being asked for, so nothing more is open
    if subscription.unpaid_since:
        return subscription.unpaid_since + grace
    # Stripe drafts the renewal an hour after the period's end and may retry: nobody is locked out meanwhile.
    slack = timedelta(hours=settings.RENEWAL_SLACK_HOURS)
    return subscription.period_end + slack if subscription.period_end else None


def _not_after(ended: datetime | None, paid_until: datetime | None, grace: timedelta) -> datetime | None:
    """A subscription that ended by itself after failed renewals was open until its grace was over, not longer."""
    return min(ended, paid_until + grace) if ended and paid_until else None
