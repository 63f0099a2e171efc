"""`python -m stripe_simulator`: starts a local Stripe and prints where it listens."""

from __future__ import annotations

import argparse
import signal
import sys
from pathlib import Path

from .blank import sow
from .contract import spec
from .sandbox import Sandbox
from .server import LocalServer
from .store import Store


def parser() -> argparse.ArgumentParser:
    found = argparse.ArgumentParser(prog="stripe_simulator", description="The local Stripe: no money moves.")
    found.add_argument("--port", type=int, default=0, help="0 takes a free one (default)")
    found.add_argument("--state", default=":memory:", metavar="FILE", help="SQLite file; without it nothing is kept")
    found.add_argument("--webhook", default="", metavar="URL", help="where events are sent")
    found.add_argument("--secret", default="whsec_local", help="the webhook's signing secret")
    found.add_argument("--public-url", default="", metavar="URL", help="how browsers reach it, if not at its own port")
    found.add_argument("--business", default="Local Stripe sandbox", help="the name on the payment page")
    found.add_argument("--ready-file", default="", metavar="FILE", help="gets the address once it listens")
    found.add_argument("--seed", type=int, default=None, help="the same ids in the same order, and the same chances")
    found.add_argument("--strict", action="store_true", help="check every reply and event; see /_sim/violations")
    return found


def main(arguments: list[str] | None = None) -> int:
    told = parser().parse_args(arguments)
    if told.seed is not None:
        sow(told.seed)
    spec()  # read before the first request, which would wait for it
    sandbox = Sandbox(
        Store(told.state),
        secret=told.secret,
        webhook=told.webhook,
        public_url=told.public_url,
        business=told.business,
        strict=told.strict,
    )
    if told.seed is not None:
        with sandbox.transaction():
            sandbox.turn(seed=told.seed)
    try:
        server = LocalServer(sandbox, told.port)
    except OSError as error:
        print(f"The local Stripe cannot listen on port {told.port}: {error.strerror}.", file=sys.stderr)  # noqa: T201
        return 1
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, lambda *_: server.stop())
    if told.ready_file:
        Path(told.ready_file).write_text(server.url + "\n")
    print(f"listening on {server.url}", flush=True)  # noqa: T201  what its starter waits for
    server.run()
    return 0


if __name__ == "__main__":
    sys.exit(main())
