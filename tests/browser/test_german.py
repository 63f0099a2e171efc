"""German words are longer: the pages people meet first still fit a small phone."""

import os
from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from journal.models import Article
from subscriptions.models import Offer, Order
from tests.browser.conftest import Tabs
from tests.browser.steps import already_signed_in
from tests.browser.test_pages import NARROW, WIDER_THAN_THE_SCREEN
from tests.cme.make import make_activity, make_attempt, make_learner
from tests.speaking import offering


@pytest.fixture
def german(transactional_db: None) -> Iterator[None]:
    with offering("de"):
        yield


def test_german_pages_fit_a_phone(
    german: None, new_tab: Tabs, site: str, trial: Article, offers: dict[str, Offer]
) -> None:
    activity = make_activity()
    greta = make_learner(activity, "greta.wiedenbrueck-holthausen@example.org")
    order = Order.objects.create(
        user=greta, offer=offers["buy"], kind="purchase", article=trial, journal=trial.journal, amount=3000,
        currency="usd", description=trial.title, state=Order.State.PROCESSING,
    )  # fmt: skip
    attempt = make_attempt(activity, greta)
    places = [
        ("", trial.get_absolute_url(), "Volltext lesen"),
        ("", "/accounts/login/", "Anmelden"),
        ("greta", f"/offers/{offers['rent'].pk}/order/?article={trial.pk}", "ausleihen"),
        ("greta", "/account/profile/", "Profil"),
        ("greta", "/my-access/", "Mein Zugang"),
        ("greta", order.get_absolute_url(), "bestätigt"),
        ("greta", attempt.get_absolute_url(), "Test"),
    ]
    visiting, signed_in = new_tab(viewport=NARROW), new_tab(viewport=NARROW)
    already_signed_in(signed_in, greta, site)
    found = []
    for who, place, words in places:
        tab = signed_in if who else visiting
        tab.goto(place)
        expect(tab.get_by_role("heading", level=1)).to_be_visible()
        assert words in tab.inner_text("main"), place
        assert tab.evaluate("document.documentElement.lang") == "de"
        for width in (320, 390):
            tab.set_viewport_size({"width": width, "height": 800})
            if wide := tab.evaluate(WIDER_THAN_THE_SCREEN):
                found.append(f"{place} at {width} px: {wide}")
            if folder := os.environ.get("PICTURES"):
                tab.screenshot(path=f"{folder}/{place.strip('/').replace('/', '-')[:40]}-{width}.png", full_page=True)
    assert found == []
