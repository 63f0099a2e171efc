"""The benchmarks' site without recording usage: the other half of `python -m tests.benchmarks.recording`."""

from tests.benchmarks.settings import *  # noqa: F403
from tests.benchmarks.settings import MIDDLEWARE

MIDDLEWARE = [name for name in MIDDLEWARE if name != "subscriptions.counter.middleware.UsageMiddleware"]
