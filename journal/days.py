"""Which day it is for the journal."""

from datetime import date

from django.conf import settings
from django.utils import timezone

_known: tuple[tuple[int, str], date] = ((0, ""), date.min)


def today() -> date:
    """As Django's `localdate`, worked out once a second: a page asks three times, and each took as long as a cookie."""
    global _known  # noqa: PLW0603  (two threads may both work it out)
    now, known = timezone.now(), _known
    second = (int(now.timestamp()), settings.TIME_ZONE)
    if second != known[0]:
        known = _known = (second, timezone.localdate(now))
    return known[1]
