"""Taxes by Stripe Tax (STRIPE_TAX): in the price or on top of it, on the papers, for a business, at each renewal."""

from io import StringIO
from typing import Any
from urllib.request import urlopen

import pytest
from django.core import mail as outbox
from django.core.management import call_command

from accounts.models import User
from journal.models import Article
from stripe_simulator.process import LocalStripe
from subscriptions import checkout, doctor, mail, refunds, stripe_account, sync
from subscriptions.institutions import licenses
from subscriptions.models import (
    Consent,
    CreditNote,
    Entitlement,
    Institution,
    LibraryManager,
    Offer,
    Order,
    OutgoingMail,
    Payment,
    Receipt,
    SiteLicense,
    Subscription,
)
from tests.conftest import signed_in
from tests.make import make_article, make_institution, make_journal, make_offer, make_user
from tests.subscriptions.selling import buy, order
from tests.subscriptions.test_papers import words

pytestmark = pytest.mark.django_db


@pytest.fixture(params=["exclusive", "inclusive"])
def behavior(request: pytest.FixtureRequest, settings: Any) -> str:
    settings.STRIPE_TAX = request.param
    return str(request.param)


def test_a_purchase_with_tax_opens_the_article_and_its_papers_say_the_tax(
    dan: User, article: Article, local_stripe: LocalStripe, behavior: str
) -> None:
    client, offer = signed_in(dan), make_offer(currency="eur", amount=2000)
    page = client.get(f"/offers/{offer.pk}/order/?article={article.pk}").content.decode()
    assert ("plus tax" if behavior == "exclusive" else "Taxes included") in page
    client.get(buy(client, local_stripe, offer, article, country="DE"))
    total, tax, net = (2380, 380, "€20.00") if behavior == "exclusive" else (2000, 319, "€16.81")
    payment, paper = Payment.objects.get(), Receipt.objects.get()
    assert (Order.objects.get().state, payment.amount) == (Order.State.PAID, total)
    assert (str(paper.net), [(said, money.amount) for said, money in paper.tax_lines]) == (net, [("VAT 19%", tax)])
    shown = client.get(paper.get_absolute_url()).content.decode()
    pdf = words(client.get(f"/receipts/{paper.number}/invoice.pdf").content)
    mail.send_unsent()
    assert "VAT 19%" in str(outbox.outbox[0].body)
    for said in ("VAT 19%", net, str(payment.price), "DE"):
        assert said in shown, said
        assert said in pdf, said
    wish = refunds.request(payment, total // 2, reason="", note="x", by=None)
    sync.run("refund", str(wish.request))
    note = words(client.get(CreditNote.objects.get().get_absolute_url()).content)
    assert f"−€{tax / 200:.2f}" in note or f"−€{(tax + 1) / 200:.2f}" in note
    assert f"−€{total / 200:.2f}" in note


def test_a_business_with_a_tax_number_accounts_for_the_tax_itself(
    dan: User, article: Article, local_stripe: LocalStripe, settings: Any
) -> None:
    settings.STRIPE_TAX = "exclusive"
    client = signed_in(dan)
    offer = make_offer(currency="eur", amount=2000)
    client.get(buy(client, local_stripe, offer, article, country="DE", vat="DE123456789", name="Library of Tests"))
    paper = Receipt.objects.get()
    assert (paper.payment.amount, paper.tax_lines) == (2000, [])
    pdf = words(client.get(f"/receipts/{paper.number}/invoice.pdf").content)
    for said in ("Reverse charge", "DE123456789", "Library of Tests"):
        assert said in pdf, said


def test_a_subscription_is_taxed_at_each_renewal_and_every_page_says_plus_tax(
    dan: User, local_stripe: LocalStripe, settings: Any
) -> None:
    settings.STRIPE_TAX = "exclusive"
    client, offer = signed_in(dan), make_offer("subscription", currency="eur", amount=1000)
    client.get(buy(client, local_stripe, offer, country="AT"))
    subscription = Subscription.objects.get()
    assert (subscription.amount, subscription.told_price) == (1000, "€10.00 plus tax")
    assert "at €10.00 plus tax until I cancel" in Consent.objects.get(kind="renewal").text
    assert "€10.00 plus tax per month" in " ".join(client.get("/my-access/").content.decode().split())
    assert subscription.period_end
    local_stripe.control("clock/advance", to=int(subscription.period_end.timestamp()) + 7_200)
    sync.hint("subscription", subscription.stripe_id)
    sync.run_due()
    assert [payment.amount for payment in Payment.objects.all()] == [1200, 1200]
    assert [paper.tax_lines[0][0] for paper in Receipt.objects.all()] == ["VAT 20%", "VAT 20%"]


def test_what_was_paid_before_counts_without_its_tax_and_a_guest_pays_tax_too(
    dan: User, article: Article, local_stripe: LocalStripe, settings: Any
) -> None:
    settings.STRIPE_TAX = "exclusive"
    client = signed_in(dan)
    rent, purchase = make_offer("rental", currency="eur", amount=600), make_offer(currency="eur", amount=2000)
    client.get(buy(client, local_stripe, rent, article, country="DE"))
    assert Payment.objects.get().amount == 714
    assert str(checkout.quote(dan, purchase, article).to_pay) == "€14.00"
    client.get(buy(client, local_stripe, purchase, article, country="DE"))
    assert Payment.objects.latest("pk").amount == 1666
    from django.test import Client

    guest, other = Client(), make_article()
    data = {"consent": "on", "article": str(other.pk), "email": "g@example.org"}
    page = guest.post(f"/offers/{purchase.pk}/order/", data)["Location"]
    guest.get(local_stripe.pay(page, country="FR").removeprefix("http://testserver"))
    assert Order.objects.get(guest_email="g@example.org").amount_paid == 2400


def test_a_price_at_stripe_says_what_it_is_and_setup_and_doctor_tell(
    local_stripe: LocalStripe, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    offer = make_offer("subscription")
    plain = checkout.price_at_stripe(offer)
    settings.STRIPE_TAX, settings.STRIPE_TAX_CODE = "exclusive", "txcd_10305001"
    taxed = checkout.price_at_stripe(offer)
    assert plain != taxed
    prices = {one["id"]: one for one in local_stripe.control("objects", kind="price")["data"]}
    products = {one["id"]: one for one in local_stripe.control("objects", kind="product")["data"]}
    assert (prices[plain]["tax_behavior"], prices[taxed]["tax_behavior"]) == ("unspecified", "exclusive")
    assert products[prices[taxed]["product"]]["tax_code"] == "txcd_10305001"
    told = StringIO()
    call_command("stripe_setup", stdout=told)
    assert "Stripe Tax is active; new prices are exclusive of tax (txcd_10305001)." in told.getvalue()
    assert doctor._tax().is_well
    monkeypatch.setattr(stripe_account, "tax_status", lambda: ("pending", ["head_office"]))
    assert "it lacks head_office" in doctor._tax().said
    assert not doctor._tax().is_well


def test_without_the_setting_nothing_is_asked_of_stripe_tax(
    dan: User, article: Article, local_stripe: LocalStripe
) -> None:
    order(signed_in(dan), make_offer(), article)
    assert "automatic_tax" not in Order.objects.get().params
    assert Offer.objects.get().tax_words == "Taxes included"


@pytest.mark.parametrize(("number", "total"), [("", 297_500), ("DE123456789", 250_000)])
def test_a_license_is_invoiced_with_the_tax_of_the_institutions_country_or_it_accounts_for_it_itself(
    local_stripe: LocalStripe, settings: Any, number: str, total: int
) -> None:
    """The price is agreed without tax, also where readers see prices with it."""
    settings.STRIPE_TAX = "inclusive"
    heron = make_institution(name="Heron University", contact_email="library@heron.example", tax_number=number)
    libby, bea = make_user(), signed_in(make_user(groups=["Business"], is_staff=True))
    LibraryManager.objects.create(institution=heron, user=libby)
    row = SiteLicense.objects.create(
        institution=heron, journal=make_journal(), amount=250_000, currency="eur", starts_on="2026-01-01",
        ends_on="2099-12-31",
    )  # fmt: skip
    steps = f"/admin/subscriptions/sitelicense/{row.pk}/step/"
    assert "plus tax" in bea.get(steps).content.decode()
    refused = bea.post(steps, {"action": "invoice"}).content.decode()
    assert "add its billing address first" in refused
    Institution.objects.update(billing_line1="Am Teich 1", billing_city="Berlin", billing_country="DE")
    bea.post(steps, {"action": "invoice"})
    row.refresh_from_db()
    paper = words(urlopen(row.invoice_pdf).read())  # noqa: S310  (the local Stripe's)
    in_words = "VAT 19%: €475.00" if not number else "Reverse charge: €0.00"
    for said in ("Heron University", "Am Teich 1 Berlin DE", in_words, f"Total €{total / 100:,.2f}", number):
        assert said in paper, (said, paper)
    local_stripe.pay(row.hosted_invoice_url)
    sync.hint("license", str(row.pk))
    sync.run_due()
    row.refresh_from_db()
    assert (row.state, row.total.amount, Payment.objects.get().amount) == ("paid", total, total)
    assert Entitlement.objects.get(source=f"license:{row.pk}").revoked_at is None, "the subtotal is what was agreed"
    shown = " ".join(signed_in(libby).get(f"/library/{heron.pk}/licenses/").content.decode().split())
    staff = bea.get(f"/admin/subscriptions/sitelicense/{row.pk}/change/").content.decode()
    if number:
        assert "Reverse charge: the buyer (DE123456789) accounts for the tax." in shown
        assert "reverse charge (DE123456789)" in staff
    else:
        assert "€2,500.00" in shown
        assert "VAT 19% €475.00, in all €2,975.00" in shown
        assert "VAT 19% €475.00, in all €2,975.00" in staff
    assert not local_stripe.control("violations")["data"]


def test_an_institution_may_be_exempt_and_what_stripe_refuses_is_told_to_staff_and_mended(
    local_stripe: LocalStripe, settings: Any
) -> None:
    settings.STRIPE_TAX = "exclusive"
    heron = make_institution(
        contact_email="library@heron.example", billing_country="DE", tax_number="DE1", tax_exempt="exempt"
    )
    row = SiteLicense.objects.create(
        institution=heron, journal=make_journal(), amount=100_000, starts_on="2026-01-01", ends_on="2099-12-31"
    )
    licenses.request_invoice(row)
    sync.run("license", str(row.pk))
    row.refresh_from_db()
    assert row.state == "requested"
    alert = OutgoingMail.objects.get(key__startswith=f"alert:license_refused:{row.pk}")
    assert "Mend the institution's billing details" in alert.context["message"]
    Institution.objects.update(tax_number="")
    sync.hint("license", str(row.pk))
    sync.run("license", str(row.pk))
    row.refresh_from_db()
    assert (row.state, row.total.amount, row.tax["lines"]) == ("open", 100_000, [])
    [invoice] = local_stripe.control("objects", kind="invoice")["data"]
    assert invoice["customer_tax_exempt"] == "exempt"
    Institution.objects.update(tax_number="FR12345678901", billing_country="FR", tax_exempt="none")
    other = SiteLicense.objects.create(
        institution=heron, journal=make_journal(), amount=100_000, starts_on="2027-01-01", ends_on="2099-12-31"
    )
    licenses.request_invoice(other)
    sync.run("license", str(other.pk))
    numbers = local_stripe.control("objects", kind="tax_id")["data"]
    assert [(one["type"], one["value"]) for one in numbers] == [("eu_vat", "FR12345678901")]
    other.refresh_from_db()
    assert other.is_reverse
