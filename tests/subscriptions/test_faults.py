"""Stripe down, slow, refusing or losing its reply, at every address we ask and in every way: the reader presses again,
and in the end there is one order, one payment, one right and one refund."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import pytest

from accounts.models import User
from stripe_simulator.process import LocalStripe
from subscriptions import changing, gateway, refunds, sync
from subscriptions.models import Entitlement, Order, Payment, Refund, Subscription, SyncTarget
from tests.conftest import signed_in
from tests.make import make_article, make_offer
from tests.subscriptions.selling import buy, latest_order

pytestmark = pytest.mark.django_db
# Each press of a button asks up to twice (429 once), so these are five to seven presses.
TROUBLE = [
    ("503", "before_execution"), ("reset", "after_execution"), ("409", "before_execution"), ("429", "before_execution"),
    ("500", "stored"), ("reset", "before_execution"), ("500", "after_execution"),
]  # fmt: skip
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
PURCHASE = (
    "POST /v1/customers", "POST /v1/coupons", "POST /v1/checkout/sessions", "GET /v1/checkout/sessions",
    "GET /v1/refunds", "POST /v1/refunds",
)  # fmt: skip
SUBSCRIPTION = (
    "GET /v1/prices", "POST /v1/prices", "GET /v1/subscriptions", "POST /v1/subscriptions", "GET /v1/invoices",
    "GET /v1/payment_intents",
)  # fmt: skip


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """No pauses between tries."""
    monkeypatch.setattr("stripe._http_client.HTTPClient._sleep_time_seconds", lambda *_, **__: 0)
    monkeypatch.setattr("subscriptions.views.RETURN_SECONDS", 0.0)


def trouble_at(local: LocalStripe, endpoint: str) -> None:
    for kind, phase in TROUBLE:
        local.control("fault", endpoint=endpoint, kind=kind, phase=phase, times=1)


def insist(deed: Callable[[], bool]) -> None:
    """Again, as a reader or the sweep does, until it is done."""
    for _ in range(len(TROUBLE) + 2):
        SyncTarget.objects.update(next_at=LONG_AGO, lease_until=LONG_AGO)
        Order.objects.update(synced_at=LONG_AGO)  # a page asks Stripe once in three seconds
        if deed():
            return
    raise AssertionError("never done")


def presses(client: Any, path: str, data: dict[str, Any] | None = None) -> Any:
    """The answer once it is no 503."""
    found: list[Any] = []

    def press() -> bool:
        answer = client.post(path, data) if data is not None else client.get(path)
        assert answer.status_code in (200, 302, 303, 503), answer.status_code
        found.append(answer)
        return bool(answer.status_code == 303)

    insist(press)
    return found[-1]


@pytest.mark.parametrize("endpoint", PURCHASE)
def test_a_purchase_with_a_credit_and_its_refund_survive_trouble_at(
    endpoint: str, dan: User, local_stripe: LocalStripe, quick: None
) -> None:
    client, article = signed_in(dan), make_article()
    if "customers" not in endpoint:
        client.get(buy(client, local_stripe, make_offer("rental"), article))
    trouble_at(local_stripe, endpoint)
    data = {"article": article.pk, "consent": "on"}
    page = presses(client, f"/offers/{make_offer().pk}/order/", data)["Location"]
    back = local_stripe.pay(page).removeprefix("http://testserver")
    order = latest_order()
    insist(lambda: client.get(back).status_code == 302 or Order.objects.get(pk=order.pk).state == Order.State.PAID)
    payment = Payment.objects.get(order=order)
    wish = refunds.request(payment, 500, reason="", note="x", by=None)
    insist(lambda: sync.run("refund", str(wish.request)))
    insist(lambda: (sync.run_due(), Refund.objects.filter(state="succeeded").exists())[1])
    local_stripe.control("config", faults=[])
    charges = [one for one in local_stripe.control("objects", kind="charge")["data"] if one["status"] == "succeeded"]
    paid = 3000 if "customers" in endpoint else 2400
    assert [one["amount"] for one in charges if one["payment_intent"] == payment.payment_intent_id] == [paid]
    assert len(charges) == Payment.objects.count() == Order.objects.count()
    assert [one["amount"] for one in local_stripe.control("objects", kind="refund")["data"]] == [500]
    assert Entitlement.objects.filter(kind="purchase", revoked_at=None).count() == 1
    if endpoint == "POST /v1/checkout/sessions":
        open_pages = [
            one for one in local_stripe.control("objects", kind="checkout.session")["data"] if one["status"] == "open"
        ]
        assert all(one["metadata"]["order"] == str(order.pk) for one in open_pages), "nothing of somebody else's"


@pytest.mark.parametrize("endpoint", SUBSCRIPTION)
def test_a_subscription_and_its_cancellation_survive_trouble_at(
    endpoint: str, dan: User, local_stripe: LocalStripe, quick: None
) -> None:
    client = signed_in(dan)
    trouble_at(local_stripe, endpoint)
    data = {"consent": "on", "renewal": "on"}
    page = presses(client, f"/offers/{make_offer('subscription').pk}/order/", data)["Location"]
    client.get(local_stripe.pay(page).removeprefix("http://testserver"))
    insist(lambda: (sync.run_due(), Subscription.objects.exists() and Payment.objects.exists())[1])
    subscription = Subscription.objects.get()

    def cancel() -> bool:
        client.post(f"/subscriptions/{subscription.pk}/cancel/")
        subscription.refresh_from_db()
        return subscription.ends_at is not None

    insist(cancel)
    local_stripe.control("config", faults=[])
    changing.read_again(subscription)
    assert (subscription.status, subscription.ends_at) == ("active", subscription.period_end)
    assert len(local_stripe.control("objects", kind="subscription")["data"]) == 1
    charges = [one for one in local_stripe.control("objects", kind="charge")["data"] if one["status"] == "succeeded"]
    assert [one["amount"] for one in charges] == [900]
    assert Entitlement.objects.filter(kind="subscription", revoked_at=None).count() == 1


@contextmanager
def impatient() -> Iterator[None]:
    """A second is too long for us to wait."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(gateway, "PAGE_READ_SECONDS", 0.5)
        gateway._client.cache_clear()
        yield
    gateway._client.cache_clear()


def test_a_stripe_that_does_not_answer_in_time_costs_nobody_anything(
    dan: User, local_stripe: LocalStripe, quick: None
) -> None:
    """It does what it is asked, and nobody waits for its answer."""
    client, article, offer = signed_in(dan), make_article(), make_offer()
    data = {"article": article.pk, "consent": "on"}
    late: dict[str, Any] = {
        "kind": "slow",
        "phase": "after_execution",
        "seconds": 1.0,
        "times": gateway.PAGE_RETRIES + 1,
    }
    local_stripe.control("fault", endpoint="POST /v1/checkout/sessions", **late)
    with impatient():
        answer = client.post(f"/offers/{offer.pk}/order/", data)
    assert answer.status_code == 503
    assert "Nothing was charged and your order is kept" in answer.content.decode()
    local_stripe.control("config", faults=[])
    time.sleep(late["seconds"])  # Stripe refuses a second request while the first one with its key is under way
    page = presses(client, f"/offers/{offer.pk}/order/", data)["Location"]
    client.get(local_stripe.pay(page).removeprefix("http://testserver"))
    assert [one["amount"] for one in local_stripe.control("objects", kind="charge")["data"]] == [3000]
    assert len(local_stripe.control("objects", kind="checkout.session")["data"]) == 1
    assert len(local_stripe.control("objects", kind="customer")["data"]) == 1
