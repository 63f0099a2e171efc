"""Starts the local Stripe as a process of its own, for tests and the demo."""

from __future__ import annotations

import json
import os
import queue
import re
import secrets
import subprocess
import sys
import threading
from html import unescape
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import HTTPRedirectHandler, Request, build_opener

READS = ("books", "clock", "refused", "requests", "deliveries", "violations", "objects")
STARTS_WITHIN = 30.0  # seconds
PACKAGE_PARENT = Path(__file__).resolve().parent.parent


class LocalStripeError(RuntimeError):
    """The local Stripe could not be started, or refused a control request."""


class _Stay(HTTPRedirectHandler):
    """Redirects are answers here, not ways to follow."""

    def redirect_request(self, *_: Any) -> None:
        return None


class LocalStripe:
    """A running local Stripe. `.url` its address, `.key` an API key for it, `.secret` its webhooks' signing secret.

    Use it as a context manager, or call `.stop()`.
    """

    def __init__(
        self,
        *,
        webhook: str = "",
        port: int = 0,
        state: str = ":memory:",
        public_url: str = "",
        business: str = "Local Stripe sandbox",
        strict: bool = True,
        secret: str = "",
        seed: int | None = None,
    ) -> None:
        self.key = "sk_test_sim_" + secrets.token_hex(12)
        self.secret = secret or "whsec_" + secrets.token_urlsafe(24)
        told: dict[str, object] = {"port": port, "state": state, "webhook": webhook, "secret": self.secret}
        told |= {"public-url": public_url, "business": business}
        told |= {"seed": seed} if seed is not None else {}
        command = [sys.executable, "-m", "stripe_simulator", *(f"--{name}={value}" for name, value in told.items())]
        self._process = subprocess.Popen(
            command + ["--strict"] * strict,
            cwd=PACKAGE_PARENT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
        )
        self._opener = build_opener(_Stay)
        self.url = self._address()

    def _address(self) -> str:
        """The address it prints; an error with its own words when it ends or stays silent."""
        lines: queue.Queue[str] = queue.Queue()
        output = self._process.stdout
        threading.Thread(target=lambda: lines.put(output.readline() if output else ""), daemon=True).start()
        try:
            line = lines.get(timeout=STARTS_WITHIN)
        except queue.Empty:
            self.stop()
            raise LocalStripeError(f"The local Stripe was not ready within {STARTS_WITHIN:.0f} s.") from None
        if not line.startswith("listening on "):
            self._process.kill()
            _, errors = self._process.communicate()
            raise LocalStripeError(f"The local Stripe did not start: {errors.strip() or line.strip()}")
        if self._process.stderr is not None:  # a full pipe would stop it
            threading.Thread(target=self._drain, daemon=True).start()
        return line.removeprefix("listening on ").strip()

    def _drain(self) -> None:
        for line in self._process.stderr or ():
            sys.stderr.write(line)

    def stop(self) -> None:
        """Ends the process; may be called twice."""
        if self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(timeout=5)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self.stop()

    # Control

    def control(self, path: str, **data: Any) -> Any:
        """Reads or does what `/_sim/<path>` offers, such as `control("clock/advance", days=31)`; JSON back."""
        name = path.strip("/")
        reads = name in READS or (name == "config" and not data)
        url = f"{self.url}/_sim/{name}" + (f"?{urlencode(data)}" if reads else "")
        body = None if reads else json.dumps(data).encode()
        request = Request(url, body, {"Content-Type": "application/json"})  # noqa: S310
        status, _, reply = self._open(request)
        if status != 200:
            raise LocalStripeError(f"/_sim/{name}: {reply}")
        return json.loads(reply)

    def reset(self) -> None:
        """A new account: no objects, no events, the real time, all knobs at rest."""
        self.control("reset")

    # A payer without a browser

    def pay(self, session_url: str, card: str = "4242424242424242", email: str | None = None, **fields: str) -> str:
        """Fills in the payment page: the address it redirects to, or the message it shows after a decline."""
        form = {"number": card, "expiry": "12 / 39", "cvc": "123", "name": "Test Payer", "country": "US"}
        form |= {"email": email or "payer@example.org"} | fields
        return self._submit(session_url, form)

    def answer_challenge(self, challenge_url: str, complete: bool = True) -> str:
        """Answers the bank's question that `pay` led to."""
        return self._submit(challenge_url, {"answer": "complete" if complete else "fail"})

    def _submit(self, url: str, form: dict[str, str]) -> str:
        status, headers, page = self._open(Request(url, urlencode(form).encode()))  # noqa: S310
        if status == 303:
            return headers["Location"]
        patterns = (r'role="alert">([^<]+)', r'class="problem"[^>]*>([^<]+)', r"<h1>([^<]+)")
        found = next((match for pattern in patterns if (match := re.search(pattern, page))), None)
        return unescape(found.group(1)) if found else page

    def _open(self, request: Request) -> tuple[int, dict[str, str], str]:
        try:
            with self._opener.open(request, timeout=60) as response:
                return response.status, dict(response.headers), response.read().decode()
        except HTTPError as error:
            with error:
                return error.code, dict(error.headers), error.read().decode()
