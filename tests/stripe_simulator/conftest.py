"""A local Stripe, a shop's webhook endpoint that keeps what it is sent, and the real client between them."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
import requests
import stripe

from stripe_simulator.process import LocalStripe

stripe.enable_telemetry = False
Shop = Any  # what `shop` gives: `client.v1` of stripe


class Endpoint:
    """A webhook endpoint: the verified events it took, the statuses it is to answer with."""

    def __init__(self) -> None:
        self.events: list[stripe.Event] = []
        self.bodies: list[bytes] = []
        self.refused: list[str] = []
        self.answers: list[int] = []
        self.takes = 0.0
        self.round = 0
        self.secret = ""
        self.meanwhile: Callable[[], object] = lambda: None
        endpoint = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                self.send_response(endpoint.receive(self))
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_port}/webhook"

    def receive(self, request: BaseHTTPRequestHandler) -> int:
        body, came_in = request.rfile.read(int(request.headers["Content-Length"])), self.round
        time.sleep(self.takes)
        self.meanwhile()
        if came_in != self.round:  # asked in the test before this one, and answered too late for it
            return 200
        try:
            event = stripe.Webhook.construct_event(body, request.headers.get("Stripe-Signature", ""), self.secret)
        except stripe.SignatureVerificationError as error:
            self.refused.append(str(error))
            return 400
        status = self.answers.pop(0) if self.answers else 200
        if status == 200:
            self.events.append(event)
            self.bodies.append(body)
        return status

    @property
    def types(self) -> list[str]:
        return [event.type for event in self.events]

    def clear(self) -> None:
        self.round += 1
        self.events, self.bodies, self.refused, self.answers, self.takes = [], [], [], [], 0.0
        self.meanwhile = lambda: None


def eventually(condition: Callable[[], Any], seconds: float = 5.0) -> Any:
    """Waits until the condition holds; fails the test when it does not."""
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        if time.monotonic() > deadline:
            pytest.fail("It did not come to that within the time.")
        time.sleep(0.02)
    return found


def hush(local: LocalStripe, endpoint: Endpoint) -> None:
    """Waits until all that was to be told has been told, and forgets it."""
    eventually(lambda: not [d for d in local.control("deliveries")["data"] if d["status"] in ("pending", "sending")])
    endpoint.clear()


def page(url: str, status: int = 200) -> str:
    """The text of a page that answers with this status."""
    response = requests.get(url, timeout=20)
    assert response.status_code == status
    return response.text


@pytest.fixture(scope="module")
def process() -> Iterator[tuple[LocalStripe, Endpoint]]:
    endpoint = Endpoint()
    with LocalStripe(webhook=endpoint.url, business="First Page") as local:
        endpoint.secret = local.secret
        yield local, endpoint
    endpoint.server.shutdown()
    endpoint.server.server_close()


@pytest.fixture
def endpoint(process: tuple[LocalStripe, Endpoint]) -> Endpoint:
    return process[1]


@pytest.fixture
def local(process: tuple[LocalStripe, Endpoint]) -> Iterator[LocalStripe]:
    """A fresh account; afterwards every reply and event so far must have fitted Stripe's contract."""
    found, endpoint = process
    found.reset()
    endpoint.clear()
    yield found
    assert found.control("violations")["data"] == []


@pytest.fixture
def shop(local: LocalStripe) -> Shop:
    return make_client(local).v1


def make_client(local: LocalStripe, key: str = "", **options: Any) -> stripe.StripeClient:
    settings = {"base_addresses": {"api": local.url}, "max_network_retries": 0} | options
    return stripe.StripeClient(key or local.key, **settings)


def make_price(shop: Shop, amount: int = 1_500, currency: str = "usd", **values: Any) -> Any:
    product = shop.products.create({"name": "Sleep and memory"})
    return shop.prices.create({"product": product.id, "unit_amount": amount, "currency": currency, **values})


def make_plan(shop: Shop, amount: int = 2_500, interval: str = "month") -> Any:
    return make_price(shop, amount, recurring={"interval": interval})


def make_customer(shop: Shop, email: str = "alice@example.org") -> Any:
    return shop.customers.create({"email": email})


def make_session(shop: Shop, price: Any, **values: Any) -> Any:
    """A session as the product makes one: for a customer, with our ids in its metadata."""
    mode = "subscription" if price.recurring else "payment"
    params = {
        "mode": mode,
        "line_items": [{"price": price.id, "quantity": 1}],
        "success_url": "https://journal.test/return/?session={CHECKOUT_SESSION_ID}",
        "cancel_url": "https://journal.test/article/",
        "metadata": {"order": "7"},
    }
    if "customer" not in values and "customer_email" not in values:
        params["customer"] = make_customer(shop).id
    return shop.checkout.sessions.create(params | values)


def make_subscription(local: LocalStripe, shop: Shop, plan: Any = None, **values: Any) -> Any:
    """A subscription somebody paid for on the payment page."""
    session = make_session(shop, plan or make_plan(shop), **values)
    local.pay(session.url)
    return shop.subscriptions.retrieve(shop.checkout.sessions.retrieve(session.id).subscription)
