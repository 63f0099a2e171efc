"""`make bench-enumeration`: does the time of an answer tell whether an address has an account?

Known and unknown addresses in turn, in one process on a real PostgreSQL with the production's password hasher: less
noise than any attacker has. Told for each form: the medians, and how often a known address was the slower one of a
random pair (one half means that nothing can be told), with its z-score. A figure, not an assertion: a loaded machine
shifts it. As answers wait for the half second (config/even_answers.py), 100 pairs of a form take 100 seconds; `--bare`
leaves that out, which shows what it hides. Forms to measure may be named: `password`, `code`, `reset`, `registering`.
"""

import argparse
import os
import sys
import tempfile
import time
from math import sqrt
from statistics import median
from typing import Any

FORMS = {
    "password": ("/accounts/login/", lambda email: {"login": email, "password": "not this one"}),
    "code": ("/accounts/login/code/", lambda email: {"email": email}),
    "reset": ("/accounts/password/reset/", lambda email: {"email": email}),
    "registering": ("/accounts/signup/", lambda email: {"email": email, "password1": "a sentence nobody has"}),
}


def main() -> int:
    options = argparse.ArgumentParser()
    options.add_argument("forms", nargs="*")
    options.add_argument("--pairs", type=int, default=100)
    options.add_argument("--bare", action="store_true", help="without waiting for the half second")
    asked = options.parse_args()
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
    os.environ["VAR_DIR"] = tempfile.mkdtemp(prefix="firstpage-enumeration-")
    import django

    django.setup()
    from django.conf import settings
    from django.test.utils import get_runner, setup_test_environment, teardown_test_environment

    from config import settings as product

    setup_test_environment()
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.PBKDF2PasswordHasher"]
    settings.TRUSTED_PROXY_COUNT = 1
    settings.EVEN_ANSWERS_SECONDS = 0 if asked.bare else product.EVEN_ANSWERS_SECONDS
    runner = get_runner(settings)(verbosity=0, interactive=False)
    databases = runner.setup_databases()
    try:
        _measure(asked.forms or list(FORMS), asked.pairs)
    finally:
        runner.teardown_databases(databases)
        teardown_test_environment()
    return 0


def _measure(forms: list[str], pairs: int) -> None:
    from tests.make import make_journal, make_user

    make_journal()
    known = [make_user(f"known{n}@example.org").email for n in range(pairs)]
    sys.stdout.write(f"{'form':<14}{'known, ms':>12}{'unknown, ms':>13}{'known slower':>14}{'z':>7}\n")
    for name in forms:
        path, form = FORMS[name]
        times: dict[bool, list[float]] = {True: [], False: []}
        for n in range(pairs):
            for is_known in (True, False) if n % 2 else (False, True):
                email = known[n] if is_known else f"other{n}@example.org"
                times[is_known].append(_seconds(path, form(email), n))
        share, z = _slower(times[True][5:], times[False][5:])  # the first ones warm up
        told = (median(times[True]) * 1000, median(times[False]) * 1000)
        sys.stdout.write(f"{name:<14}{told[0]:>12.1f}{told[1]:>13.1f}{share:>14.3f}{z:>7.1f}\n")


def _seconds(path: str, form: dict[str, str], n: int) -> float:
    from django.core import mail
    from django.test import Client

    client: Any = Client(HTTP_X_FORWARDED_FOR=f"10.{n % 250}.{len(path)}.{n // 250}")
    mail.outbox.clear()
    began = time.perf_counter()
    answer = client.post(path, form)
    took = time.perf_counter() - began
    assert answer.status_code in (200, 302), answer.status_code
    return took


def _slower(known: list[float], unknown: list[float]) -> tuple[float, float]:
    """Mann-Whitney: the share of pairs in which the known one took longer, and how many deviations from one half."""
    wins = sum((a > b) + 0.5 * (a == b) for a in known for b in unknown)
    n, m = len(known), len(unknown)
    return wins / (n * m), (wins - n * m / 2) / sqrt(n * m * (n + m + 1) / 12)


if __name__ == "__main__":
    sys.exit(main())
