"""What a subscription renews by, in words: Stripe's `month` and `year` are kept, the reader's are said."""

from django.utils.translation import gettext_lazy

_WORDS = {"month": gettext_lazy("month"), "year": gettext_lazy("year")}


def in_words(interval: str) -> str:
    return str(_WORDS.get(interval, interval))
