"""How long a rental lasts, in the words that a reader without scripts sees."""

from datetime import timedelta

import pytest
from django.utils import timezone

from subscriptions.templatetags.access_tags import time_left


@pytest.mark.parametrize(
    ("left", "words"),
    [
        (timedelta(days=30), "30 days left"),
        (timedelta(hours=72), "3 days left"),
        (timedelta(hours=48), "48 hours left"),
        (timedelta(hours=47, minutes=59), "47 hours left"),
        (timedelta(hours=2, minutes=5), "2 hours 5 minutes left"),
        (timedelta(hours=1), "1 hour left"),
        (timedelta(minutes=1), "1 minute left"),
        (timedelta(seconds=0), "less than a minute left"),
        (timedelta(minutes=-1), "ended"),
    ],
)
def test_a_reader_is_told_how_long_is_left(left: timedelta, words: str) -> None:
    assert time_left(timezone.now() + left + timedelta(seconds=20)) == words
