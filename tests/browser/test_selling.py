"""The pages around a sale, each on a whole way: guests, gifts, codes, withdrawing, one's own subscription, training.

Each page is looked at by axe, narrow and wide, light and dark; the ways are walked without JavaScript.
"""

from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.utils import timezone
from playwright.sync_api import Page, expect

from accounts.models import ServiceCenter, User
from journal.models import Article
from stripe_simulator.process import LocalStripe
from subscriptions import access_codes
from subscriptions.models import (
    AccessCodeBatch,
    Entitlement,
    Offer,
    PriceChange,
    PriceNotice,
    Subscription,
    Withdrawal,
)
from tests.browser.conftest import Tabs
from tests.browser.steps import (
    BUY,
    already_signed_in,
    choose,
    heading,
    let_the_worker_work,
    pay,
    shows_full_text,
)
from tests.browser.test_pages import Inspection
from tests.chromium import Complaints
from tests.make import make_offer
from tests.subscriptions.selling import buy

Offers = dict[str, Offer]


class Look:
    """One tab to walk in, without JavaScript; a second one, with it, in which axe looks at the same page."""

    def __init__(self, walk: Page, eye: Page, complaints: Complaints) -> None:
        self.walk, self.eye, self.inspection = walk, eye, Inspection(eye, complaints)

    def at(self, name: str, words: str) -> None:
        expect(heading(self.walk)).to_contain_text(words)
        self.eye.context.clear_cookies()
        self.eye.context.add_cookies(self.walk.context.cookies())  # type: ignore[arg-type]
        self.eye.goto(self.walk.url)
        expect(heading(self.eye)).to_contain_text(words)
        self.inspection.briefly(name)


@pytest.fixture
def look(new_tab: Tabs, complaints: Complaints, trial: Article, offers: Offers) -> Any:
    ServiceCenter(name="Reader Service", email="service@example.org", phone="+1 202-555-0143", hours="Always").save()
    seen = Look(new_tab(java_script_enabled=False), new_tab(), complaints)
    yield seen
    assert seen.inspection.found == []


def test_a_guest_buys_with_an_address_only_claims_it_and_finds_it_again(
    look: Look, trial: Article, hooked_stripe: LocalStripe
) -> None:
    tab = look.walk
    tab.goto(trial.get_absolute_url())
    choose(tab, BUY)
    look.at("order of a guest", "Buy this article")
    tab.get_by_label("Your email address").fill("guest@example.org")
    tab.get_by_role("checkbox").check()
    tab.get_by_role("button", name="Continue to payment").click()
    tab.get_by_label("Card number").wait_for()
    pay(tab)
    look.at("a guest's purchase, paid", "Thank you")
    let_the_worker_work(hooked_stripe)
    letter = str(next(one for one in mail.outbox if one.to == ["guest@example.org"]).body)
    link = next(line for line in letter.splitlines() if "/purchases/claim/" in line).strip()
    tab.goto(link)
    look.at("claim", "Your purchase is here")
    tab.get_by_role("button", name="Open my purchase").click()
    shows_full_text(tab, trial)
    tab.goto("/purchases/find/")
    look.at("find my purchase", "Find my purchase")
    tab.get_by_label("Email").first.fill("guest@example.org")
    tab.get_by_role("button", name="Send me the links").click()
    expect(tab.get_by_role("status")).to_contain_text("If something was bought with guest@example.org")


def test_a_subscriber_gives_an_article_and_a_stranger_reads_it(
    look: Look, new_tab: Tabs, site: str, alice: User, trial: Article
) -> None:
    tab = look.walk
    already_signed_in(tab, alice, site)
    tab.goto(trial.get_absolute_url())
    tab.get_by_role("link", name="Give this article").click()
    look.at("give", "Give this article to somebody")
    tab.get_by_role("button", name="Make a gift link").click()
    look.at("gift links", "My gift links")
    address = tab.get_by_label("The link to send").input_value()
    stranger = new_tab(java_script_enabled=False)
    stranger.goto(address)
    expect(heading(stranger)).to_contain_text("gives you this article to read")
    look.walk = stranger
    look.at("gift", "gives you this article to read")
    stranger.get_by_role("button", name="Read the article").click()
    shows_full_text(stranger, trial)
    tab.get_by_role("button", name="Take back the link").click()
    expect(tab.get_by_role("status")).to_contain_text("It opens nothing any more")
    stranger.goto(address)
    look.at("gift, taken back", "was taken back")


def test_a_code_is_redeemed_and_an_issue_is_ordered(look: Look, site: str, dan: User, trial: Article) -> None:
    batch = AccessCodeBatch.objects.create(name="Congress", article=trial, days=30, number=1, uses=1)
    access_codes.make_codes(batch)
    make_offer("issue")
    tab = look.walk
    already_signed_in(tab, dan, site)
    tab.goto("/redeem/")
    look.at("redeem", "Redeem an access code")
    tab.get_by_label("Code").fill(batch.codes.get().code)
    tab.get_by_role("button", name="Redeem").click()
    shows_full_text(tab, trial)
    assert trial.issue
    tab.goto(trial.issue.get_absolute_url())
    tab.get_by_role("link", name="Buy the whole issue").click()
    look.at("order of an issue", "Buy the whole issue")


def test_a_subscriber_cancels_keeps_switches_and_withdraws(
    look: Look, site: str, dan: User, trial: Article, offers: Offers, hooked_stripe: LocalStripe
) -> None:
    from tests.conftest import signed_in

    client = signed_in(dan)
    client.get(buy(client, hooked_stripe, offers["month"]).removeprefix(site))
    subscription = Subscription.objects.get()
    dearer = PriceChange.objects.create(offer=offers["month"])
    assert subscription.period_end
    PriceNotice.objects.create(
        change=dearer, subscription=subscription, old_amount=900, amount=1200, currency="usd",
        applies_at=subscription.period_end,
    )  # fmt: skip
    tab = look.walk
    already_signed_in(tab, dan, site)
    tab.goto("/my-access/")
    look.at("my access, a new price ahead", "My access")
    expect(tab.get_by_text("New price:")).to_be_visible()
    tab.get_by_role("link", name="Cancel subscription").click()
    look.at("cancel", "Cancel your subscription")
    tab.get_by_role("button", name="Cancel the subscription").click()
    expect(tab.get_by_text("Your subscription is canceled.")).to_be_visible()
    look.at("my access, canceled", "My access")
    tab.get_by_role("button", name="Keep my subscription").click()
    expect(tab.get_by_text("Your subscription goes on: $12.00 on")).to_be_visible()
    tab.get_by_role("link", name="Pay by the year").click()
    look.at("switch", "Pay by the year")
    tab.get_by_role("button", name="Continue: ").click()
    tab.get_by_role("button", name="Confirm").click()
    expect(tab.get_by_text("Your subscription is $89.00 per year now")).to_be_visible()
    tab.get_by_role("link", name="Withdraw from contract here").first.click()
    look.at("withdraw", "Withdraw from a contract")
    tab.get_by_role("button", name="Go on").click()
    expect(heading(tab)).to_have_text("Confirm the withdrawal")
    tab.get_by_role("button", name="Confirm withdrawal").click()
    expect(heading(tab)).to_have_text("Your withdrawal has been received")
    assert Withdrawal.objects.get().order == subscription.order


def test_a_reader_in_training_sends_a_proof_and_waits(
    look: Look, site: str, dan: User, tmp_path: Any, offers: Offers
) -> None:
    make_offer("subscription", audience="trainee", amount=400)
    tab = look.walk
    already_signed_in(tab, dan, site)
    tab.goto("/subscribe/")
    look.at("plans", "Subscribe")
    tab.get_by_role("link", name="In training: $4.00").click()
    look.at("proof of training", "The price for readers in training")
    proof = tmp_path / "proof.pdf"
    proof.write_bytes(b"%PDF-1.4\n1 0 obj<<>>endobj\ntrailer<<>>\n%%EOF\n")
    tab.get_by_label("Training program and institution").fill("Neurology residency, Tests")
    tab.get_by_label("Expected end of your training").fill(f"{timezone.localdate() + timedelta(days=300)}")
    tab.get_by_label("A document that shows it").set_input_files(str(proof))
    tab.get_by_role("button", name="Send the proof").click()
    expect(tab.get_by_role("status")).to_contain_text("Your proof is with us.")
    assert not Entitlement.objects.exists()
