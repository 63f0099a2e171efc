"""`make bench-paying`: how long from paying until the article is open, on the production server with a worker.

Three ways: webhooks on time and the reader comes back; every webhook lost and the reader comes back; webhooks on time
and the return page is never opened. The aim is 2 s. Paying itself ends when Stripe's page sends the browser back.
"""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any

from demo.processes import Child, free_port
from stripe_simulator.process import LocalStripe
from tests.benchmarks.site import FIRST_PORT, ROOT, _start, remove, site_environment

WAYS = ("on time", "lost", "never returned")
PURCHASES, PATIENCE = 10, 8.0


def main() -> int:
    folder = Path(tempfile.mkdtemp(prefix="firstpage-paying-"))
    folder.chmod(0o755)
    port = free_port(FIRST_PORT)
    try:
        with LocalStripe(webhook=f"http://127.0.0.1:{port}/stripe/webhook/", strict=False) as local:
            environment = site_environment(folder, port) | {
                "STRIPE_SECRET_KEY": local.key, "STRIPE_WEBHOOK_SECRETS": local.secret, "STRIPE_API_BASE": local.url,
                "BENCH_STRIPE": local.url,
            }  # fmt: skip
            _run(environment, "manage.py", "migrate", "--verbosity", "0")
            _run(environment, "manage.py", "collectstatic", "--noinput", "--verbosity", "0")
            children = [
                Child("worker", [sys.executable, "manage.py", "procrastinate", "worker"], environment, folder / "log")
            ]
            try:
                children.append(_start(folder, environment, port))
                _run(environment, "-m", "tests.benchmarks.paying", "--inside")
            finally:
                for child in reversed(children):
                    child.stop()
    finally:
        remove(folder)
    return 0


def _run(environment: dict[str, str], *words: str) -> None:
    subprocess.run([sys.executable, *words], cwd=ROOT, env=environment, check=True)


def inside() -> None:
    """In a process of the site: readers who buy, and the decision asked until it says yes."""
    import django

    django.setup()
    from tests.make import make_offer

    offer = make_offer()
    local = object.__new__(LocalStripe)  # the one that runs already
    _attach(local)
    for way in WAYS:
        local.control("config", drop_p=1 if way == "lost" else 0)
        seconds = sorted(_buy(local, offer, comes_back=way != "never returned") for _ in range(PURCHASES))
        words = f"median {median(seconds):.2f} s, longest {seconds[-1]:.2f} s"
        sys.stdout.write(f"{way:<15} {words} of {PURCHASES} ({sum(one <= 2 for one in seconds)} within 2 s)\n")


def _attach(local: Any) -> None:
    from urllib.request import build_opener

    from stripe_simulator.process import _Stay

    local.url, local._opener = os.environ["BENCH_STRIPE"], build_opener(_Stay)


def _buy(local: LocalStripe, offer: Any, comes_back: bool) -> float:
    from django.test import Client

    from subscriptions.access import look_up
    from tests.make import make_article, make_user

    reader, article, client = make_user(), make_article(), Client()
    client.force_login(reader)
    host = {"headers": {"host": "127.0.0.1"}}
    answer = client.post(f"/offers/{offer.pk}/order/", {"article": article.pk, "consent": "on"}, **host)
    began = time.perf_counter()
    back = local.pay(answer["Location"])
    if comes_back:
        client.get("/" + back.split("/", 3)[3], **host)
    while not look_up(reader.pk, None, [article.pk])[article.pk].granted:
        if time.perf_counter() - began > PATIENCE:
            return float("inf")
        time.sleep(0.01)
    return time.perf_counter() - began


if __name__ == "__main__":
    if "--inside" in sys.argv:
        inside()
    else:
        sys.exit(main())
