"""Counters of tries: each in its window, and gone when nobody needs them."""

import pytest

from accounts import rate_limits
from accounts.models import RateLimit

pytestmark = pytest.mark.django_db


def test_a_window_counts_for_itself_and_its_counter_is_forgotten_a_day_later() -> None:
    tries = [rate_limits.is_allowed_for("192.0.2.1", "redeem", most=2, seconds=600) for _ in range(3)]
    assert tries == [True, True, False]
    assert rate_limits.is_allowed_for("192.0.2.2", "redeem", most=2, seconds=600)
    counter = RateLimit.objects.order_by("-count").first()
    assert counter
    assert counter.window_start % 600 == 0
    assert rate_limits.forget_old() == 0
    RateLimit.objects.filter(pk=counter.pk).update(window_start=counter.window_start - rate_limits.LONGEST_WINDOW)
    assert rate_limits.is_allowed_for("192.0.2.1", "redeem", most=2, seconds=600), "a new window"
    RateLimit.objects.filter(pk=counter.pk).update(window_start=counter.window_start - rate_limits.LONGEST_WINDOW)
    assert rate_limits.forget_old() == 1
    assert RateLimit.objects.count() == 1
