"""Every page of the admin: it opens, it holds nothing inline, and a real Chromium finds nothing against the policy."""

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import urljoin

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import ServiceCenter, SignInIncident, User
from journal.models import Article, ArticleFile, ArticleSource, Relation, Section
from subscriptions.models import (
    Order,
    OutgoingMail,
    Payment,
    Receipt,
    StripeCustomer,
    StripeEvent,
    Subscription,
    SyncTarget,
)
from tests.make import (
    PASSWORD,
    make_article,
    make_institution,
    make_issue,
    make_journal,
    make_offer,
    make_right,
    make_user,
)

INLINE = re.compile(
    r"""<script(?![^>]*\bsrc=)(?![^>]*application/)|<style\b|\sstyle=["']|\son[a-z]+=["']|javascript:"""
)
LINK = re.compile(r'href="([^"#]+)')
SAME = re.compile(r"\d+|[0-9a-f-]{36}|evt_\w+")
SKIP = ("/admin/logout", "/admin/jsi18n", "/admin/password_change")


@pytest.fixture
def everything(db: None) -> None:
    """One of each thing the admin shows."""
    now, journal = timezone.now(), make_journal()
    ServiceCenter.objects.create(name="Reader services", phone="+1 212 555 0100", notice="Closed on Monday")
    dan, issue = make_user("dan@example.org"), make_issue()
    section = Section.objects.create(journal=journal, name="Research")
    article = make_article(issue=issue, section=section)
    make_article(status="draft", doi=None, has_full_text=False, problems=["line 3: no DOI"])
    file = {"size": 3, "sha256": "0" * 64, "content_type": "image/webp"}
    ArticleFile.objects.create(article=article, kind="figure", name="f1.webp", **file)
    ArticleSource.objects.create(article=article, version=1, name="a.xml", xml=b"", sha256="1" * 64, renderer="1")
    Relation.objects.create(article=article, kind="companion", target_doi="10.5555/x")
    offer = make_offer()
    order = Order.objects.create(
        user=dan, offer=offer, kind="purchase", article=article, journal=journal, amount=3000, currency="usd",
        description="An article", state="paid", paid_at=now, session_id="cs_1", payment_intent_id="pi_1",
    )  # fmt: skip
    make_right(dan, article, source=f"order:{order.pk}")
    make_right(dan, journal, "complimentary", source="staff:1")
    make_right(make_institution(), journal)
    subscription = Subscription.objects.create(
        stripe_id="sub_1", user=dan, journal=journal, status="active", synced_at=now
    )
    payment = Payment.objects.create(
        charge_id="ch_1", payment_intent_id="pi_1", user=dan, order=order, subscription=subscription, amount=3000,
        currency="usd", paid_at=now,
    )  # fmt: skip
    Receipt.objects.create(payment=payment, user=dan, description="An article")
    StripeCustomer.objects.create(user=dan, stripe_id="cus_1")
    SyncTarget.objects.create(kind="order", key=str(order.pk), dirty=2, dead=True, last_error="No such session")
    OutgoingMail.objects.create(key="receipt:ch_1", template="x", to=dan.email, user=dan)
    event = {
        "type": "charge.succeeded",
        "object_type": "charge",
        "livemode": False,
        "created": now,
        "payload": {"a": 1},
    }
    StripeEvent.objects.create(id="evt_1", **event)
    SignInIncident.objects.create(reference="E2-7KQ4M", stage="E2", user=dan, path="/", happened="timeout")


def addresses_in(html: str, page: str) -> Iterator[str]:
    for link in LINK.findall(html):
        address = urljoin(page, link.replace("&amp;", "&"))
        plain = "?" not in address or "as=" in address or "user=" in address
        if address.startswith("/admin/") and plain and not address.startswith(SKIP):
            yield address


def crawl(client: Client) -> dict[str, str]:
    """{address: html} of every kind of page that can be reached by links from the start."""
    found: dict[str, str] = {}
    waiting, kinds = ["/admin/"], {"/admin/": 1}
    while waiting:
        page = waiting.pop(0)
        answer = client.get(page, follow=True)
        assert answer.status_code == 200, f"{page} answers {answer.status_code}"
        found[page] = answer.content.decode()
        for address in addresses_in(found[page], page):
            kind = SAME.sub("1", address)
            kinds[kind] = kinds.get(kind, 0) + 1
            if kinds[kind] <= 2 and address not in found and address not in waiting:
                waiting.append(address)
    return found


def test_every_page_opens_and_holds_nothing_inline(root: Client, everything: None) -> None:
    pages = crawl(root)
    assert len(pages) > 60
    broken = {page: INLINE.findall(html) for page, html in pages.items() if INLINE.search(html)}
    assert broken == {}


@pytest.mark.parametrize("role", ["edith", "sam", "bea"])
def test_every_link_a_role_is_shown_opens_for_it(role: str, everything: None, request: pytest.FixtureRequest) -> None:
    assert len(crawl(request.getfixturevalue(role))) > 8


@pytest.fixture
def chromium(live_server: Any, everything: None) -> Iterator[Any]:
    """A page signed in as root, with what the console says about the policy and errors in `page.complaints`."""
    from playwright.sync_api import sync_playwright

    root = User.objects.create_superuser("root@example.org", PASSWORD)
    root.emailaddress_set.create(email=root.email, verified=True, primary=True)  # type: ignore[attr-defined]
    client = Client()
    client.force_login(root)
    flags = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=flags)
        context = browser.new_context(base_url=live_server.url)
        context.add_cookies([{"name": "session", "value": client.cookies["session"].value, "url": live_server.url}])
        page = context.new_page()
        page.complaints = []
        page.on("console", lambda m: page.complaints.append(m.text) if m.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: page.complaints.append(str(error)))
        yield page
        browser.close()


@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
def test_chromium_finds_nothing_against_the_policy(chromium: Any) -> None:
    client = Client()
    client.force_login(User.objects.get(email="root@example.org"))
    kinds = {SAME.sub("1", address): address for address in crawl(client)}
    for address in kinds.values():
        chromium.goto(address)
    assert chromium.complaints == []


@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
def test_the_choosers_work_under_the_policy(chromium: Any) -> None:
    chromium.goto("/admin/subscriptions/entitlement/add/")
    chromium.click(".field-user .select2-selection")
    chromium.fill(".select2-search__field", "dan@")
    chromium.click(".select2-results__option:has-text('dan@example.org')")
    chromium.click(".field-article .select2-selection")
    chromium.fill(".select2-search__field", Article.objects.filter(status="published").get().title)
    chromium.click(".select2-results__option--highlighted")
    chromium.click(".field-last_day .datetimeshortcuts a:has-text('Today')")
    chromium.click(".field-last_day .date-icon")
    assert chromium.is_visible("#calendarbox1")
    chromium.click("#calendarlink1")
    chromium.keyboard.press("Escape")
    chromium.fill("[name=reason]", "Reviewer")
    chromium.click("[name=_save]")
    assert "was added successfully" in chromium.inner_text(".messagelist")
    assert chromium.complaints == []
