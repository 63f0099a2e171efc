"""A Stripe that hangs holds few threads of a web process: buyers get a page that says so, and readers go on reading."""

import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import Any

import pytest
from django.db import connections
from django.test import Client

from stripe_simulator.process import LocalStripe
from subscriptions import gateway, patience, sync
from subscriptions.models import Order
from subscriptions.patience import PAUSE, SLOW, Places, TurnedAway
from tests.conftest import signed_in
from tests.make import SECRET_SENTENCE, make_article, make_journal, make_offer, make_right, make_user
from tests.subscriptions.selling import order

THREADS, BUYERS, READS = 4, 10, 8


class Hours:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def ask(places: Places, clock: Hours, seconds: float, fails: bool) -> bool:
    """Whether there was a place to ask from."""
    try:
        with places.one():
            clock.now += seconds
            if fails:
                raise ConnectionError
    except TurnedAway:
        return False
    except ConnectionError:
        pass
    return True


def test_after_two_calls_given_up_in_a_row_nobody_asks_for_some_seconds_and_one_more_is_enough_again() -> None:
    clock = Hours()
    places = Places(THREADS, now=clock)
    for seconds, fails in ((SLOW, True), (0.1, False), (SLOW, True), (0.1, True)):
        assert ask(places, clock, seconds, fails), "an answer between them, and a quick refusal, close nothing"
    assert ask(places, clock, SLOW, fails=True)
    assert not ask(places, clock, 0.1, fails=False)
    clock.now += PAUSE
    assert ask(places, clock, SLOW, fails=True), "somebody tries again"
    assert not ask(places, clock, 0.1, fails=False)
    clock.now += PAUSE
    assert all(ask(places, clock, 0.1, fails=False) for _ in range(5)), "it is back"
    assert ask(places, clock, SLOW, fails=True), "and was forgiven"
    assert ask(places, clock, 0.1, fails=False)


@pytest.mark.parametrize(("threads", "asking"), [(1, 1), (2, 1), (4, 2), (9, 4)])
def test_half_of_the_threads_may_ask_at_a_time(threads: int, asking: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patience, "MOMENT", 0.0)
    places = Places(threads)
    held = [places.one() for _ in range(asking)]
    for one in held:
        one.__enter__()
    with pytest.raises(TurnedAway), places.one():
        pass
    held.pop().__exit__(None, None, None)
    with places.one():
        pass


def test_a_job_waits_longer_than_a_page(local_stripe: LocalStripe, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gateway, "PAGE_READ_SECONDS", 0.2)
    gateway._client.cache_clear()
    slow = {"kind": "slow", "phase": "before_execution", "seconds": 0.6, "times": 10}
    local_stripe.control("fault", endpoint="GET /v1/checkout/sessions", **slow)
    with pytest.raises(gateway.Gone):  # an answer
        gateway.read_session("cs_test_none")
    with patience.of_a_page(), pytest.raises(gateway.Unreachable):
        gateway.read_session("cs_test_none")
    gateway._client.cache_clear()


@pytest.fixture
def four_threads(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[ThreadPoolExecutor]:
    """A web process as gunicorn makes it, with a Stripe that is given up sooner."""
    settings.WEB_THREADS = THREADS
    monkeypatch.setattr(gateway, "PAGE_READ_SECONDS", 3)
    monkeypatch.setattr(patience, "SLOW", 2.5)
    monkeypatch.setattr(patience, "PAUSE", 600)
    gateway._client.cache_clear()
    patience.places.cache_clear()
    with ThreadPoolExecutor(THREADS) as threads:
        yield threads
    gateway._client.cache_clear()
    patience.places.cache_clear()


@pytest.mark.django_db(transaction=True)
def test_while_ten_buyers_wait_for_a_stripe_that_hangs_readers_go_on_reading_and_later_each_buys_once(
    four_threads: ThreadPoolExecutor, local_stripe: LocalStripe, monkeypatch: pytest.MonkeyPatch
) -> None:
    article, offer, subscriber = make_article(), make_offer(), make_user()
    make_right(subscriber, make_journal(), "subscription")
    buyers, reader = [signed_in(make_user()) for _ in range(BUYERS)], signed_in(subscriber)
    path, form = f"/offers/{offer.pk}/order/", {"article": article.pk, "consent": "on"}
    hangs = {"kind": "slow", "phase": "before_execution", "seconds": 3.6, "times": 100}
    local_stripe.control("fault", endpoint="POST /v1/customers", **hangs)

    def press(buyer: Client) -> Any:
        return given_back(buyer.post(path, form))

    def read() -> Any:
        return given_back(reader.get(article.get_absolute_url()))

    pressed = [four_threads.submit(press, buyer) for buyer in buyers]
    pages = [four_threads.submit(read) for _ in range(READS)]
    wait(pages, timeout=60)
    assert still(pressed[:THREADS]) >= 2, "those who asked first hang while all the readers' pages have come"
    assert all(SECRET_SENTENCE in page.result().content.decode() for page in pages)
    answers = [one.result(timeout=60) for one in pressed]
    assert {answer.status_code for answer in answers} == {503}
    assert all("Nothing was charged and your order is kept" in answer.content.decode() for answer in answers)

    local_stripe.control("config", faults=[])
    while len(local_stripe.control("objects", kind="customer")["data"]) < THREADS // 2:
        time.sleep(0.05)  # what Stripe is still at work on, it refuses to begin again
    asked = len(local_stripe.control("requests")["data"])
    assert press(buyers[0]).status_code == 503
    assert len(local_stripe.control("requests")["data"]) == asked, "known to hang, it is not even asked"

    patience.places.cache_clear()  # as if the pause were over
    for buyer in buyers:
        local_stripe.pay(order(buyer, offer, article))
    for key in Order.objects.values_list("pk", flat=True):
        sync.hint("order", str(key))
    sync.run_due()
    assert list(Order.objects.values_list("state", flat=True)) == ["paid"] * BUYERS
    made = {kind: local_stripe.control("objects", kind=kind)["data"] for kind in ("customer", "charge")}
    assert [one["amount"] for one in made["charge"]] == [3000] * BUYERS
    assert len(made["customer"]) == BUYERS


def given_back(answer: Any) -> Any:
    """The answer; the thread's connection is closed, so that the table may be emptied afterwards."""
    connections.close_all()
    return answer


def still(pressed: "list[Future[Any]]") -> int:
    return sum(not one.done() for one in pressed)
