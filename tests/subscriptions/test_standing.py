"""What follows from how a payment stands: pure, for states that the local Stripe does not show by itself."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from subscriptions import policy, standing
from subscriptions.models import Subscription
from subscriptions.standing import Paid

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
RULES = {name: policy.default(name) for name in policy.LIMITS}


def running(**fields: object) -> Subscription:
    defaults = {"status": "active", "period_end": NOW + timedelta(days=20), "paid_until": NOW + timedelta(days=20)}
    return Subscription(**{**defaults, **fields})


def test_active_and_never_paid_opens_nothing_whatever_stripe_calls_it() -> None:
    """Whether Stripe reports a subscription whose first debit is on its way as active is not documented."""
    assert standing.subscription_end(running(paid_until=None), RULES) is None
    assert standing.subscription_end(running(), RULES) == NOW + timedelta(days=23)


def test_an_invoice_written_off_ends_with_what_was_paid() -> None:
    paid = NOW - timedelta(days=3)
    for status in ("void", "uncollectible"):
        assert standing.subscription_end(running(paid_until=paid, latest_invoice_status=status), RULES) == paid


def test_statuses_that_open_nothing() -> None:
    for status in ("incomplete", "incomplete_expired", "unpaid", "paused", "a_word_of_next_year"):
        assert standing.subscription_end(running(status=status), RULES) is None


def test_canceled_after_failed_renewals_was_open_until_the_grace_was_over() -> None:
    over = running(status="canceled", ended_at=NOW, paid_until=NOW - timedelta(days=20))
    assert standing.subscription_end(over, RULES) == NOW - timedelta(days=6)


@given(amount=st.integers(1, 10**9), refunded=st.integers(0, 10**9), period=st.booleans())
def test_money_that_went_back_whole_holds_back_and_less_does_not(amount: int, refunded: int, period: bool) -> None:
    objection = standing.objection(Paid(amount, refunded), RULES, period=period)
    assert bool(objection) is (refunded >= amount)


@given(
    disputes=st.lists(st.sampled_from(["won", "lost", "needs_response", "under_review", "warning_closed", "prevented",
                                       "warning_needs_response", "appeal_under_review"]), max_size=3),
)  # fmt: skip
def test_a_dispute_holds_back_while_the_bank_has_the_money(disputes: list[str]) -> None:
    held = bool(standing.objection(Paid(100, 0, tuple(disputes)), RULES))
    assert held is any(word in ("lost", "needs_response", "under_review", "appeal_under_review") for word in disputes)
