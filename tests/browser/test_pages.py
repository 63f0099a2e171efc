"""Every page of the trip: for axe, on a phone and a wide screen, in light and dark, narrow and enlarged."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

import pytest
from django.utils import timezone
from playwright.sync_api import Page

from accounts.models import ServiceCenter, User
from journal.alerts import ask
from journal.models import Article, Relation
from journal.search import entry, upkeep
from journal.topic_models import ArticleAuthor, Collection, CollectionEntry, Topic, draw_paths
from subscriptions.models import Offer, Order, Receipt
from tests.axe import violations
from tests.browser.conftest import DESKTOP, PHONE
from tests.browser.steps import (
    BUY,
    DECLINED_CARD,
    RENT,
    already_signed_in,
    choose,
    confirm,
    pay,
    shows_full_text,
    sign_in,
    start_reading,
)
from tests.chromium import Complaints
from tests.make import make_article, make_right, make_user

Offers = dict[str, Offer]
NARROW = {"width": 320, "height": 640}
ENLARGED = {"width": 640, "height": 400}  # 1280 px at 200 %
COLORS_ARRIVED = "() => document.getAnimations().filter(a => a instanceof CSSTransition).forEach(a => a.finish())"
RULES: dict[str, Any] = {"resultTypes": ["violations"], "preload": False}
ALL_RULES = {**RULES, "rules": {"target-size": {"enabled": True}}}  # fingers need the space, and this rule its time
COLOR_RULES = {**RULES, "runOnly": ["color-contrast", "link-in-text-block"]}  # what the dark can break
WIDER_THAN_THE_SCREEN = """() => {
  const wide = document.documentElement.scrollWidth, screen = document.documentElement.clientWidth;
  if (wide <= screen) return '';
  const guilty = [...document.querySelectorAll('body *')].filter(e => e.getBoundingClientRect().right > screen + 1);
  return wide + ' px: ' + guilty.slice(-3).map(e => e.tagName + '.' + e.className).join(', ');
}"""

#: WCAG 2.2, 1.4.12: with this spacing nothing may be cut off. A sheet made by script is not the policy's matter.
SPACED_OUT = """() => {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(`* { line-height: 1.5 !important; letter-spacing: 0.12em !important }
    * { word-spacing: 0.16em !important }
    p { margin-block-end: 2em !important }`);
  document.adoptedStyleSheets = [sheet];
  const cut = [...document.querySelectorAll('main *, header *, footer *')].filter(e => {
    const style = getComputedStyle(e);
    if (!['hidden', 'clip'].includes(style.overflowX) || e.closest('.visually-hidden, svg, [hidden]')) return false;
    return e.clientHeight && (e.scrollHeight > e.clientHeight + 2 || e.scrollWidth > e.clientWidth + 2);
  });
  const found = cut.slice(0, 3).map(e => e.tagName + '.' + e.className).join(', ');
  document.adoptedStyleSheets = [];
  return found;
}"""


IMAGES_WITHOUT_SIZE = """() => [...document.images]
  .filter(image => !image.hasAttribute('width') || !image.hasAttribute('height'))
  .map(image => image.outerHTML.slice(0, 160))"""
#: What moved by itself since the page began (Core Web Vitals, CLS); times told in the reader's own zone are 0.0003.
SHIFTS = """() => {
  const observer = new PerformanceObserver(() => {});
  observer.observe({ type: 'layout-shift', buffered: true });
  const shifts = observer.takeRecords().filter(shift => !shift.hadRecentInput && shift.value >= 0.001);
  return shifts.map(shift => shift.value + ' ' +
    shift.sources.map(source => source.node?.nodeName + '.' + source.node?.className).join(', '));
}"""


@dataclass
class Inspection:
    """Looks at a page in each size and color, and keeps what is wrong with it."""

    tab: Page
    complaints: Complaints
    found: list[str] = field(default_factory=list)
    scheme: str = ""  # what the tab was last told; nothing before the first page

    def of(self, name: str) -> None:
        self.tab.get_by_role("heading", level=1).first.wait_for()
        headings = self.tab.get_by_role("heading", level=1).all_inner_texts()
        if len(headings) != 1:
            self.found.append(f"{name}: {len(headings)} main headings: {headings}")
        self._pictures_and_shifts(name)
        self.complaints.be_deaf_until_the_next_page()
        for size, scheme, rules in (
            (PHONE, "light", ALL_RULES),
            (DESKTOP, "dark", RULES),
        ):
            self._set(size, scheme)
            self._axe(f"{name}, {scheme}, {size['width']} px", rules)
        for size in (NARROW, ENLARGED):
            self._set(size, "light")
            if wide := self.tab.evaluate(WIDER_THAN_THE_SCREEN):
                self.found.append(f"{name} scrolls sideways at {size['width']} px, {wide}")
        self._set(DESKTOP, "light")
        if cut := self.tab.evaluate(SPACED_OUT):
            self.found.append(f"{name} cuts spaced text off: {cut}")

    def briefly(self, name: str) -> None:
        """A phone in the light, a wide screen in the dark, the narrowest: for pages made of known parts."""
        self.tab.get_by_role("heading", level=1).first.wait_for()
        headings = self.tab.get_by_role("heading", level=1).all_inner_texts()
        if len(headings) != 1:
            self.found.append(f"{name}: {len(headings)} main headings: {headings}")
        self._pictures_and_shifts(name)
        self.complaints.be_deaf_until_the_next_page()
        self._set(PHONE, "light")
        self._axe(f"{name}, light, phone", ALL_RULES)
        self._set(DESKTOP, "dark")
        self._axe(f"{name}, dark, wide", COLOR_RULES)
        self._set(NARROW, "light")
        if wide := self.tab.evaluate(WIDER_THAN_THE_SCREEN):
            self.found.append(f"{name} scrolls sideways at {NARROW['width']} px, {wide}")
        self._set(DESKTOP, "light")

    def _pictures_and_shifts(self, name: str) -> None:
        """Every picture says how large it is, and nothing has moved since the page began."""
        self.found += [f"{name}: a picture without width and height: {one}" for one in self._told(IMAGES_WITHOUT_SIZE)]
        self.found += [f"{name}: the layout shifted: {one}" for one in self._told(SHIFTS)]

    def _told(self, script: str) -> list[str]:
        said: list[str] = self.tab.evaluate(script)
        return said

    def _set(self, size: dict[str, int], scheme: Literal["light", "dark"]) -> None:
        self.tab.set_viewport_size({"width": size["width"], "height": size["height"]})
        if scheme != self.scheme:
            self.tab.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            self.scheme = scheme
        self.tab.evaluate(COLORS_ARRIVED)

    def _axe(self, where: str, rules: dict[str, Any]) -> None:
        for breach in violations(self.tab, rules):
            nodes = "; ".join(node["html"][:160] for node in breach["nodes"][:3])
            self.found.append(f"{where}: {breach['id']} ({len(breach['nodes'])}): {nodes}")


@pytest.fixture
def inspection(tab: Page, complaints: Complaints, trial: Article, offers: Offers) -> Iterator[Inspection]:
    ServiceCenter(name="Reader Service", email="service@example.org", phone="+1 202-555-0143", hours="Always").save()
    seen = Inspection(tab, complaints)
    yield seen
    assert seen.found == []


def test_the_pages_where_a_visitor_finds_an_article(tab: Page, trial: Article, inspection: Inspection) -> None:
    for address, name in (
        ("/", "home"),
        ("/issues/", "list of issues"),
        (trial.issue.get_absolute_url() if trial.issue else "", "issue"),
        ("/search/", "search"),
        ("/search/?q=thrombolysis", "search with results"),
        ("/search/?q=nothingofthekind", "search without results"),
        ("/accessibility/", "accessibility"),
        ("/nowhere/", "404"),
        ("/search/?" + "a&" * 1001, "400"),
    ):
        tab.goto(address)
        inspection.of(name)
    for address, name in (
        (f"/issues/{trial.issue.volume if trial.issue else ''}/", "volume"),
        ("/online-first/", "online first"),
        ("/openurl?rft.issn=1111-1111&rft.atitle=Herons", "OpenURL that means no article"),
    ):
        tab.goto(address)
        inspection.briefly(name)
    ServiceCenter(name="Reader and Subscriber Service", email="service@example.org", phone="+1 202-555-0143").save()
    tab.goto("/about/")
    inspection.briefly("about, with a long name beside a telephone number")


def test_the_pages_of_finding_and_keeping(
    tab: Page, site: str, dan: User, trial: Article, inspection: Inspection
) -> None:
    topic = Topic.objects.create(name="Stroke", slug="stroke", keywords=trial.keywords[:1])
    topic.children.add(Topic.objects.create(name="Thrombolysis in smaller hospitals", slug="thrombolysis"))
    draw_paths()
    chosen = Collection.objects.create(title="Editors’ choice", slug="choice", description="Worth a second look.")
    CollectionEntry.objects.create(collection=chosen, article=trial)
    other = make_article(title="Stroke on smaller islands", type_label="Review", authors=trial.authors[:1])
    Relation.objects.create(article=other, kind=Relation.Kind.COMMENTARY, target_doi=trial.doi)
    Article.objects.filter(pk=other.pk).update(search=entry(other))
    upkeep.catch_up()
    author = ArticleAuthor.objects.filter(article=trial).first()
    already_signed_in(tab, dan, site)
    recipient = ask("dan@example.org", dan, "topic", topic=topic)[0].recipient
    article = trial.get_absolute_url()
    for address, name in (
        ("/search/?q=stroke", "search with conditions"),
        ("/search/?q=strok", "search with another spelling"),
        ("/topics/", "topics"),
        ("/topics/stroke/", "topic"),
        ("/collections/", "collections"),
        ("/collections/choice/", "collection"),
        ("/authors/", "authors"),
        (f"/authors/{author.key if author else ''}/", "author"),
        (f"{article}related/", "related"),
        (f"{article}share/", "share"),
        (f"{article}permissions/", "permissions"),
        (f"{article}save/", "save"),
        ("/saved/", "saved"),
        ("/alerts/?topic=stroke", "alerts"),
        (recipient.get_absolute_url(), "alerts of an address"),
        (f"{recipient.get_absolute_url()}stop/", "stop alerts"),
    ):
        tab.goto(address)
        inspection.of(name)


def test_the_article_as_a_visitor_sees_it_and_the_pages_to_come_in_by(
    tab: Page, trial: Article, inspection: Inspection
) -> None:
    tab.goto(trial.get_absolute_url())
    inspection.of("article for a visitor")
    tab.get_by_role("link", name="First page of the article, enlarge").click()
    inspection.of("large first page")
    tab.goto(f"{trial.get_absolute_url()}preview/")
    inspection.of("first page")
    choose_and_register_wrongly(tab, trial, inspection)


def choose_and_register_wrongly(tab: Page, trial: Article, inspection: Inspection) -> None:
    tab.goto(trial.get_absolute_url())
    choose(tab, RENT)
    inspection.of("order without an account")
    tab.get_by_role("main").get_by_role("link", name="Register").click()
    inspection.of("register")
    tab.get_by_label("Email").fill("wanda@example.org")
    tab.get_by_label("Password").fill("short")
    tab.get_by_role("main").get_by_role("button", name="Register").click()
    tab.get_by_role("alert").first.wait_for()
    inspection.of("register, with an error")


def test_the_pages_of_signing_in(tab: Page, trial: Article, inspection: Inspection) -> None:
    tab.goto(trial.get_absolute_url())
    tab.get_by_role("banner").get_by_role("link", name="Sign in").click()
    inspection.of("sign in")
    sign_in(tab, "nobody@example.org", "not a password")
    tab.get_by_role("alert").wait_for()
    inspection.of("sign in, with an error")
    tab.goto("/accounts/password/reset/")
    tab.get_by_role("button", name="Send the email").wait_for()
    inspection.of("forgotten password")
    tab.goto("/accounts/login/code/")
    tab.get_by_label("Email").fill(make_user().email)
    tab.get_by_role("button", name="Send the code").click()
    tab.get_by_label("Code").wait_for()
    inspection.of("code")


def test_the_pages_of_an_order(tab: Page, site: str, dan: User, trial: Article, inspection: Inspection) -> None:
    already_signed_in(tab, dan, site)
    tab.goto(trial.get_absolute_url())
    inspection.of("article without a right")
    choose(tab, RENT)
    inspection.of("order")
    tab.get_by_role("button", name="Continue to payment").click()
    tab.get_by_role("alert").wait_for()
    inspection.of("order, with an error")


def test_the_payment_page_and_the_rented_article(
    tab: Page, site: str, dan: User, trial: Article, inspection: Inspection
) -> None:
    already_signed_in(tab, dan, site)
    tab.goto(trial.get_absolute_url())
    choose(tab, RENT)
    confirm(tab)
    inspection.of("payment page")
    pay(tab, DECLINED_CARD)
    tab.get_by_role("alert").wait_for()
    inspection.of("payment page after a declined card")
    pay(tab)
    tab.get_by_role("button", name="Start reading").wait_for()
    inspection.of("article, rental ready")
    start_reading(tab)
    shows_full_text(tab, trial)
    inspection.of("article, rented")


def test_the_page_one_comes_back_to_whatever_became_of_the_payment(
    tab: Page, site: str, dan: User, trial: Article, inspection: Inspection
) -> None:
    already_signed_in(tab, dan, site)
    tab.goto(trial.get_absolute_url())
    choose(tab, BUY)
    confirm(tab)
    order = Order.objects.get()
    tab.goto(order.get_absolute_url())
    tab.route("**/*", lambda route: route.abort("aborted"))  # the page would look for its payment again
    inspection.of("order, open")
    tab.unroute_all()
    for state in (Order.State.PROCESSING, Order.State.REVIEW, Order.State.REFUNDED, Order.State.FAILED):
        Order.objects.update(state=state, synced_at=timezone.now())
        tab.goto(order.get_absolute_url())
        inspection.of(f"order, {state}")


def test_my_access_empty_and_full_and_a_receipt(
    tab: Page, site: str, dan: User, trial: Article, inspection: Inspection
) -> None:
    already_signed_in(tab, dan, site)
    tab.goto("/my-access/")
    inspection.of("my access, empty")
    make_right(dan, trial)
    make_right(dan, trial, "rental")
    tab.goto(f"/offers/{Offer.objects.get(interval='month').pk}/order/")
    confirm(tab)
    pay(tab)
    tab.get_by_role("heading", name="Receipts").wait_for()
    inspection.of("my access")
    tab.goto(Receipt.objects.get().get_absolute_url())
    inspection.of("receipt")


def test_the_article_of_a_subscriber(tab: Page, site: str, alice: User, trial: Article, inspection: Inspection) -> None:
    already_signed_in(tab, alice, site)
    tab.goto(trial.get_absolute_url())
    shows_full_text(tab, trial)
    inspection.of("article for a subscriber")
