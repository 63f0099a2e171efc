"""`make triggers`: Stripe's own command line tool makes its sample objects, and the local Stripe has to take them.

`stripe trigger EVENT` sends the requests that Stripe wrote down for an event (its fixtures). Here they go to the local
Stripe instead: each must be taken, the event must arise, and no reply or event may break Stripe's contract. So the
local Stripe is compared with what Stripe itself thinks its API takes; Stripe is not reached.

Exits with 1 when an event that the product asks for fails. Names choose: `python -m tests.triggers invoice.paid`.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from stripe_simulator import wheel
from stripe_simulator.process import LocalStripe

HERE = Path(__file__).parent
PROGRAM = HERE / "node_modules/@stripe/cli-linux-x64/bin/stripe"
SECONDS = 60
# What the local Stripe has no part of (docs/local-stripe.md: no Connect, no payouts, no issuing …).
ELSEWHERE = (
    "account.", "balance.", "cash_balance.", "customer.source.", "customer_cash_balance_transaction.", "identity.",
    "issuing_", "payment_link.", "payout.", "plan.", "quote.", "reporting.", "topup.", "transfer.", "v1.billing.",
)  # fmt: skip


def main(names: list[str]) -> int:
    program = install()
    if program is None:
        return 1
    with tempfile.TemporaryDirectory(prefix="firstpage-triggers-") as home, LocalStripe(strict=True) as local:
        run = Runner(program, Path(home), local)
        chosen = names or [event for event in run.known() if not event.startswith(ELSEWHERE)]
        told = [(event, run.trigger(event)) for event in chosen]
    width = max(len(event) for event, _ in told)
    for event, problem in told:
        ours = "ours" if event in subscribed() else ""
        sys.stdout.write(f"{event:<{width}}  {ours:<4}  {problem or 'as Stripe says'}\n")
    good = sum(not problem for _, problem in told)
    sys.stdout.write(f"{good} of {len(told)} events as Stripe's tool makes them.\n")
    return int(any(problem for event, problem in told if event in subscribed()))


def subscribed() -> tuple[str, ...]:
    """What our endpoint asks for: the tuple in the product, read as text, for nothing of the product is imported."""
    source = (HERE.parents[1] / "subscriptions/stripe_account.py").read_text()
    block = source.split("EVENTS = (", 1)[1].split(")", 1)[0]
    return tuple(line.strip().strip('",') for line in block.splitlines() if line.strip())


def install() -> Path | None:
    """The tool of the lock file beside this module, installed at the first use; or what STRIPE_CLI names."""
    if os.environ.get("STRIPE_CLI"):
        return Path(os.environ["STRIPE_CLI"])
    if not shutil.which("npm"):
        sys.stderr.write("Node.js with npm is missing. Install it (Debian: apt install nodejs npm).\n")
        return None
    if not PROGRAM.exists():
        sys.stderr.write("Installing Stripe's command line tool …\n")
        command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--silent"]
        if subprocess.run(command, cwd=HERE, check=False).returncode or not PROGRAM.exists():
            sys.stderr.write("It is to be had here for Linux on x86-64 only. Elsewhere name yours: STRIPE_CLI=…\n")
            return None
    return PROGRAM


# The tool's requests are older than the API version of the installed package, which calls this by another name.
NEWER = (
    "--remove", "checkout_session:payment_method_types",
    "--add", "checkout_session:allowed_payment_method_types[0]=sepa_debit",
)  # fmt: skip


class Runner:
    """The tool, with a home of its own and the local Stripe as its Stripe."""

    def __init__(self, program: Path, home: Path, local: LocalStripe) -> None:
        self.program, self.home, self.local = program, home, local

    def known(self) -> list[str]:
        """The events it can trigger."""
        lines = self._run("trigger", "--help").stdout.split("Supported events:", 1)[1].split("Usage:", 1)[0]
        return [line.strip() for line in lines.splitlines() if line.strip()]

    def trigger(self, event: str) -> str:
        """Empty when all is as it should be, else what was wrong."""
        self.local.control("reset")
        done = self._send(event, *(NEWER if event.startswith("checkout.session.async") else ()))
        if done.returncode and '"param": "payment_method_types"' in done.stderr + done.stdout:
            request = done.stdout.rpartition("Running fixture for: ")[2].split()[0]
            self.local.control("reset")
            done = self._send(event, "--remove", f"{request}:payment_method_types")
        if done.returncode:
            told = dict(re.findall(r'"(code|message|param)": "([^"]*)"', done.stderr + done.stdout))
            return f"refused: {told.get('code', '')} {told.get('param', '')} {told.get('message', '')[:90]}"
        broken = self.local.control("violations")["data"]
        return f"breaks the contract: {broken[0]}"[:200] if broken else self._missing(event)

    def _send(self, event: str, *more: str) -> "subprocess.CompletedProcess[str]":
        stripe = ("--api-base", self.local.url, "--api-key", self.local.key, "--api-version", wheel.api_version())
        return self._run("trigger", event, *more, *stripe)

    def _missing(self, event: str) -> str:
        """Some happen at once, some a moment later, a debit after days."""
        wanted, arisen = event.replace("subscription.payment_", "invoice.payment_"), set()
        for seconds in (1, 10, 4 * 86_400):
            self.local.control("clock/advance", seconds=seconds)
            arisen = {one["type"] for one in self.local.control("objects", kind="event")["data"]}
            if wanted in arisen:
                return ""
        return f"taken, and no such event arose (but {', '.join(sorted(arisen))})"[:160]

    def _run(self, *words: str) -> subprocess.CompletedProcess[str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("STRIPE_")}
        environment = kept | {"HOME": str(self.home), "STRIPE_CLI_TELEMETRY_OPTOUT": "1", "NO_COLOR": "1"}
        return subprocess.run(
            [str(self.program), *words, "--color", "off"], capture_output=True, text=True, timeout=SECONDS,
            check=False, env=environment, cwd=self.home,
        )  # fmt: skip


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
