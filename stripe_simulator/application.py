"""The WSGI application: the API under /v1, people's pages, the control API and console under /_sim."""

from __future__ import annotations

import json
import re
import socket
import traceback
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl, quote

from . import api, renewals, settlement  # noqa: F401  they register the endpoints and the timers
from .api.wire import Api, ConnectionCutError, Request
from .control import answer
from .delivery import wait_until_sent
from .pages.console import console, newest_event
from .pages.markup import Reply, note, origin, redirect, style
from .pages.papers import InvoicePage, credit_note_pdf, receipt
from .pages.payment import PaymentPage, recover
from .pages.portal import PortalPage
from .sandbox import Sandbox

Environ = dict[str, Any]
StartResponse = Callable[[str, list[tuple[str, str]]], Any]
LARGEST_BODY = 1_000_000
PATIENCE = 4.0  # seconds the console waits to show what became of the webhooks


@dataclass(frozen=True)
class Visit:
    """What a browser sent to a page beside its address."""

    form: dict[str, str]
    languages: str = ""


Page = Callable[[Sandbox, str, Visit], Reply]


def payment(sandbox: Sandbox, session: str, visit: Visit) -> PaymentPage:
    return PaymentPage(sandbox, session, visit.languages)


def portal(sandbox: Sandbox, token: str, visit: Visit) -> PortalPage:
    return PortalPage(sandbox, token, visit.languages)


PAGES: list[tuple[str, str, Page]] = [
    ("GET", r"/assets/local-stripe\.(css)", lambda _sandbox, _name, _visit: style()),
    ("GET", r"/c/pay/([^/]+)", lambda *visit: payment(*visit).show()),
    ("POST", r"/c/pay/([^/]+)", lambda *visit: payment(*visit).submit(visit[2].form)),
    ("GET", r"/c/pay/([^/]+)/promotion", lambda *visit: payment(*visit).show()),
    ("POST", r"/c/pay/([^/]+)/promotion", lambda *visit: payment(*visit).redeem(visit[2].form)),
    ("GET", r"/c/pay/([^/]+)/challenge", lambda *visit: payment(*visit).challenge()),
    ("POST", r"/c/pay/([^/]+)/challenge", lambda *visit: payment(*visit).answer(visit[2].form)),
    ("GET", r"/r/([^/]+)", lambda sandbox, token, _visit: recover(sandbox, token)),
    ("GET", r"/p/session/([^/]+)", lambda *visit: portal(*visit).show()),
    ("POST", r"/p/session/([^/]+)", lambda *visit: portal(*visit).act(visit[2].form)),
    ("GET", r"/i/([^/]+)", lambda sandbox, invoice, _visit: InvoicePage(sandbox, invoice).show()),
    ("POST", r"/i/([^/]+)", lambda sandbox, invoice, visit: InvoicePage(sandbox, invoice).pay(visit.form)),
    ("GET", r"/i/([^/]+)/pdf", lambda sandbox, invoice, _visit: InvoicePage(sandbox, invoice).pdf()),
    ("GET", r"/cn/([^/]+)/pdf", lambda sandbox, found, _visit: credit_note_pdf(sandbox, found)),
    ("GET", r"/receipts/([^/]+)", lambda sandbox, charge, _visit: receipt(sandbox, charge)),
]


class Application:
    """`application(environ, start_response)`, as any WSGI server calls it."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox, self.api = sandbox, Api(sandbox)

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        try:
            reply = self._reply(environ)
        except ConnectionCutError:
            cut(environ)
            reply = Reply(500, b"")
        except Exception:
            traceback.print_exc()
            reply = as_json(
                500, {"error": {"type": "api_error", "message": "The local Stripe failed; see its output."}}
            )
        reason = HTTPStatus(reply.status).phrase
        headers = {**reply.headers, "Content-Length": str(len(reply.body))}
        start_response(f"{reply.status} {reason}", list(headers.items()))
        return [b"" if environ["REQUEST_METHOD"] == "HEAD" else reply.body]

    def _reply(self, environ: Environ) -> Reply:
        method, path = environ["REQUEST_METHOD"], environ.get("PATH_INFO") or "/"
        method = "GET" if method == "HEAD" else method
        if path.startswith("/v1/"):
            return self._api(environ, method, path)
        body = read_body(environ)
        if path.startswith("/_sim"):
            return self._control(environ, method, path.removeprefix("/_sim").strip("/"), body)
        visit = Visit(dict(parse_qsl(body, keep_blank_values=True)), environ.get("HTTP_ACCEPT_LANGUAGE", ""))
        return self._page(method, path, visit)

    def _api(self, environ: Environ, method: str, path: str) -> Reply:
        body = read_body(environ) if method == "POST" else environ.get("QUERY_STRING", "")
        request = Request(
            method,
            path,
            body,
            environ.get("HTTP_AUTHORIZATION", ""),
            environ.get("HTTP_STRIPE_VERSION", ""),
            environ.get("HTTP_IDEMPOTENCY_KEY"),
        )
        status, headers, reply = self.api.answer(request)
        return as_json(status, reply, headers)

    def _page(self, method: str, path: str, visit: Visit) -> Reply:
        for verb, pattern, function in PAGES:
            match = re.fullmatch(pattern, path)
            if match and verb == method:
                with self.sandbox.lock:  # let go of while a payment waits for the webhook's answer
                    return function(self.sandbox, match.group(1), visit)
        if path == "/":
            return redirect(f"{self.sandbox.public_url}/_sim/")
        return note(self.sandbox.public_url, "Page not found", "There is nothing at this address.", status=404)

    def _control(self, environ: Environ, method: str, name: str, body: str) -> Reply:
        if not self._from_here(environ):
            return as_json(403, {"error": {"message": "The control API answers its own pages and scripts only."}})
        if method == "GET" and not name:
            query = dict(parse_qsl(environ.get("QUERY_STRING", "")))
            return console(self.sandbox, query.get("done", ""), query.get("since", ""))
        query = dict(parse_qsl(environ.get("QUERY_STRING", "")))
        data = query if method == "GET" else read_data(environ, body)
        if data is None:
            return as_json(400, {"error": {"message": "The body is neither form fields nor a JSON object."}})
        label = data.pop("console", None)
        with self.sandbox.lock:
            since = newest_event(self.sandbox)
        status, reply = answer(self.sandbox, method, name, data)
        if label is None:
            return as_json(status, reply)
        wait_until_sent(self.sandbox, PATIENCE)
        told = f"{label}: done." if status == 200 else f"{label}: {reply['error']['message']}"
        return redirect(f"{self.sandbox.public_url}/_sim/?done={quote(told)}&since={since}#result")

    def _from_here(self, environ: Environ) -> bool:
        """A web page of somewhere else must not press our buttons."""
        told = environ.get("HTTP_ORIGIN")
        return told is None or told in (origin(self.sandbox.public_url), f"http://{environ.get('HTTP_HOST')}")


def as_json(status: int, reply: Any, headers: dict[str, str] | None = None) -> Reply:
    body = json.dumps(reply, indent=2).encode()
    return Reply(status, body, {"Content-Type": "application/json", **(headers or {})})


def read_body(environ: Environ) -> str:
    length = min(int(environ.get("CONTENT_LENGTH") or 0), LARGEST_BODY)
    body: bytes = environ["wsgi.input"].read(length) if length else b""
    return body.decode("utf-8", "replace")


def read_data(environ: Environ, body: str) -> dict[str, Any] | None:
    """A control request's data: query, form fields or a JSON object."""
    if environ.get("CONTENT_TYPE", "").startswith("application/json"):
        try:
            data = json.loads(body or "{}")
        except ValueError:
            return None
        return data if isinstance(data, dict) else None
    return dict(parse_qsl(environ.get("QUERY_STRING", "") + "&" + body, keep_blank_values=True))


def cut(environ: Environ) -> None:
    """Closes the connection without a reply, where the server lets us."""
    connection: socket.socket | None = environ.get("simulator.connection")
    if connection is not None:
        connection.shutdown(socket.SHUT_RDWR)
