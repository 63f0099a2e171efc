"""The block that says what a reader can do about an article: one decision in, one state out (product.md 4)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cache, lru_cache
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from accounts.models import User
from journal.access import Access, Reason
from journal.kept_parts import kept
from journal.models import Article
from subscriptions import credits, gateway, on_sale
from subscriptions.models import Offer
from subscriptions.reader import RequestReader


@dataclass(frozen=True, slots=True)
class Option:
    """One way to get access, with everything a reader must know before the click."""

    offer_id: int
    kind: str
    title: str
    price: str
    period: str
    terms: str
    tax_note: str
    button_label: str
    rental_hours: int
    action_url: str = ""
    is_chosen: bool = False
    note: str = ""

    @property
    def words(self) -> SafeString:
        """All but the way to it, as HTML."""
        return _words(replace(self, action_url=""))


@lru_cache(maxsize=256)
def _words(option: Option) -> SafeString:
    """The same words make the same HTML. What is on sale is read anew for every page (docs/performance.md)."""
    return render_to_string("subscriptions/_offer_words.html", {"option": option})


@dataclass(frozen=True, slots=True)
class Block:
    """`state` names what the template shows; `until` and `open_by` are aware datetimes."""

    state: str
    options: tuple[Option, ...] = ()
    until: datetime | None = None
    open_by: datetime | None = None
    would_end: datetime | None = None
    via: str = ""
    start_url: str = ""
    sign_in_url: str = ""
    institution_url: str = ""
    give_url: str = ""
    reference: str = ""
    sales_closed: bool = False
    rental_hours: int = 48
    access: Access | None = field(default=None, compare=False)

    @property
    def is_line(self) -> bool:
        """The text may be read: one line above it says why."""
        return self.state in READABLE


STATES = {
    Reason.OPEN: "open",
    Reason.FREE_TO_READ: "free",
    Reason.PURCHASE: "granted",
    Reason.SUBSCRIPTION: "granted",
    Reason.COMPLIMENTARY: "granted",
    Reason.ACCESS_CODE: "granted",
    Reason.MEMBERSHIP: "granted",
    Reason.GIFT: "gift",
    Reason.STAFF_PREVIEW: "granted",
    Reason.BACK_FILE: "back_file",
    Reason.INSTITUTION: "institution",
    Reason.RENTAL: "rental_running",
    Reason.RENTAL_READY: "rental_ready",
    Reason.RENTAL_ENDED: "rental_ended",
    Reason.SUBSCRIPTION_ENDED: "subscription_ended",
    Reason.SETTLING: "settling",
    Reason.UNKNOWN: "unknown",
}
READABLE = frozenset({"gift", "open", "free", "granted", "back_file", "institution", "rental_running", "past_due"})
# What is said in these states is made from the block and the article alone: no form's token, no time that runs.
LINES = frozenset({"gift", "open", "free", "granted", "back_file", "institution"})
ALIKE = LINES | {"visitor", "no_right", "not_for_sale", "retracted", "rental_ended", "subscription_ended"}
# Money is only asked for where a right is missing for sure: not while a payment settles, not while rights are unknown.
SELLING = frozenset({"visitor", "no_right", "rental_ended", "subscription_ended", "rental_running", "rental_ready"})


def line_for(article: Article, access: Access) -> Block | None:
    """What is said above a text that may be read, where the answer and the article say it all; else None."""
    state = "past_due" if access.grace else STATES.get(access.reason, "")
    if not access.granted or state not in LINES:
        return None
    return Block(
        state=state,
        until=access.until,
        via=access.via,
        give_url=_give_address(article.pk) if access.reason == Reason.SUBSCRIPTION and not article.is_only_pdf else "",
        sales_closed=not gateway.is_open(),
        access=access,
    )


def block_for(article: Article, access: Access, reader: RequestReader, chosen: str = "") -> Block:
    if line := line_for(article, access):
        return line
    state = state_of(article, access, reader)
    here = article.get_absolute_url()
    seconds = access.reading_seconds
    payer = None if state in ("rental_running", "rental_ready") else reader.user
    is_selling = state in SELLING and gateway.is_open()
    alike = state == "visitor" and not chosen
    offers = offers_for(article, payer) if is_selling and not alike else []
    unlinked = next((offer.unlinked for offer in offers if offer.unlinked), "")
    if unlinked:
        return Block(state="unlinked", reference=reader.report_unlinked(unlinked), access=access)
    return Block(
        state=state,
        options=_for_any_visitor(article, reader)
        if is_selling and alike
        else tuple(_options(offers, article, reader, state, chosen)),
        until=access.until,
        open_by=access.open_by,
        would_end=timezone.now() + timedelta(seconds=seconds) if seconds else None,
        via=access.via,
        start_url=reverse("subscriptions:start_rental", args=[access.entitlement]) if state == "rental_ready" else "",
        sign_in_url=_with_next("account_login", f"{here}#get-access") if state == "visitor" else "",
        institution_url=_with_next("subscriptions:sign_in_at_institution", here) if state == "visitor" else "",
        reference=access.reference,
        sales_closed=not gateway.is_open(),
        rental_hours=(seconds or 48 * 3600) // 3600,
        access=access,
    )


def shown(context: Any, block: Block, article: Article, resolvers: Sequence[Mapping[str, str]] = ()) -> SafeString:
    """The block as HTML: kept with the frame where it can only come out the same."""

    def make() -> str:
        told = {name: context.get(name) for name in ("csrf_token", "service_center", "journal", "request")}
        return render_to_string(
            "subscriptions/_get_access.html", told | {"block": block, "resolvers": resolvers, "article": article}
        )

    if block.state not in ALIKE or block.would_end or resolvers:
        return SafeString(make())
    return kept(
        context, ("access", block, article.pk, article.license_url, article.is_only_pdf, article.pdf_pages), make
    )


def state_of(article: Article, access: Access, reader: RequestReader) -> str:
    if access.grace:
        return "past_due"
    if access.reason == Reason.NO_LICENSE:
        if article.retracted_on:
            return "retracted"
        if not article.is_for_sale:
            return "not_for_sale"
        return "no_right" if reader.is_authenticated else "visitor"
    return STATES[access.reason]


def _options(offers: list[Offer], article: Article, reader: RequestReader, state: str, chosen: str) -> list[Option]:
    if state in ("rental_running", "rental_ready"):
        offers = [offer for offer in offers if offer.kind != Offer.Kind.RENTAL]
    # While a rental runs the page has a statement more already (the text): its line says it in words, the order page
    # in numbers.
    asks = reader.user is not None and offers and state != "rental_running"
    payments = credits.payments_that_may_count(reader.user) if asks and reader.user else []
    return [_option(offer, article, reader, chosen, credits.quote(offer, article, payments)) for offer in offers]


def offers_for(article: Article, payer: User | None) -> list[Offer]:
    """What is on sale for an article; its own price, or its issue's, takes the place of the journal's."""
    if article.retracted_on or not article.is_for_sale:
        return []
    return _of_this_article(article, Offer.objects.on_sale_for(article, payer))


def _of_this_article(article: Article, offers: list[Offer]) -> list[Offer]:
    found = [offer for offer in offers if offer.delivers(article)]
    own = {offer.kind for offer in found if offer.article_id or offer.issue_id}
    return [offer for offer in found if offer.article_id or offer.issue_id or offer.kind not in own]


def _for_any_visitor(article: Article, reader: RequestReader) -> tuple[Option, ...]:
    """What is on sale is read anew for every page; the same rows make the same options for all without an account."""
    if article.retracted_on or not article.is_for_sale:
        return ()
    told = reader.on_sale(article)
    key = (told, article.pk, article.doi, article.is_only_pdf, settings.STRIPE_TAX, get_language())
    options = _for_visitors.get(key)
    if options is None:
        offers = _of_this_article(article, on_sale.read(told))
        options = tuple(_options(offers, article, reader, "visitor", ""))
        if len(_for_visitors) >= MOST_KEPT:
            _for_visitors.clear()
        _for_visitors[key] = options
    return options


def _option(offer: Offer, article: Article, reader: RequestReader, chosen: str, quoted: credits.Quote) -> Option:
    """The same words for the same offer, read anew each time; where something comes off, they are this reader's."""
    is_chosen = chosen == str(offer.pk)
    if quoted.parts:
        return _worded(offer, article, quoted, is_chosen, is_known=reader.is_authenticated)
    told = (offer.pk, offer.kind, offer.audience, offer.interval, offer.amount, offer.currency, offer.tax_note,
            offer.trial_days, offer.rental_hours, settings.STRIPE_TAX)  # fmt: skip
    key = (told, article.pk, article.doi, is_chosen, reader.is_authenticated, get_language())
    option = _options_kept.get(key)
    if option is None:
        option = _worded(offer, article, quoted, is_chosen, is_known=reader.is_authenticated)
        if len(_options_kept) >= MOST_KEPT:
            _options_kept.clear()
        _options_kept[key] = option
    return option


MOST_KEPT = 2000
_options_kept: dict[tuple[object, ...], Option] = {}
_for_visitors: dict[tuple[object, ...], tuple[Option, ...]] = {}


def _worded(offer: Offer, article: Article, quoted: credits.Quote, is_chosen: bool, *, is_known: bool) -> Option:
    """A visitor is asked for an account only where one is needed: to subscribe."""
    price, to_pay = str(offer.price), str(quoted.to_pay)
    needs_account = offer.kind == Offer.Kind.SUBSCRIPTION and not is_known
    key = f"{offer.kind}:{offer.audience}" if offer.audience else offer.kind
    return Option(
        offer_id=offer.pk,
        kind=offer.kind,
        title=TITLES[key].format(hours=offer.rental_hours, interval=offer.interval_word),
        price=price,
        period=_("per %(interval)s") % {"interval": offer.interval_word} if offer.interval else "",
        terms=TRIAL.format(days=offer.trial_days) + str(TERMS[key]) if offer.trial_days else str(TERMS[key]),
        tax_note=offer.tax_words,
        button_label=LABELS[key].format(price=price if offer.interval else to_pay, interval=offer.interval_word),
        rental_hours=offer.rental_hours,
        action_url=_back_after(_address("account_signup"), offer, article)
        if needs_account
        else _order_url(offer, article),
        note=_note(offer, quoted),
        is_chosen=is_chosen,
    )


def _note(offer: Offer, quoted: credits.Quote) -> str:
    """The ladder in numbers: what was paid before, what it takes off, and what is left to pay."""
    if not quoted.parts:
        return ""
    if offer.kind == Offer.Kind.SUBSCRIPTION:
        return _("You bought for %(credit)s lately: it comes off, and the first payment is %(to_pay)s.") % {
            "credit": quoted.credit,
            "to_pay": quoted.to_pay,
        }
    return _("You paid %(credit)s for the rental: it comes off, and you pay %(to_pay)s.") % {
        "credit": quoted.credit,
        "to_pay": quoted.to_pay,
    }


def _order_url(offer: Offer, article: Article) -> str:
    return f"{reverse('subscriptions:order', args=[offer.pk])}?article={article.pk}"


def _back_after(signing_up: str, offer: Offer, article: Article) -> str:
    """To the account first, then back to this article with the offer chosen."""
    return f"{signing_up}?{urlencode({'next': back_to_choice(offer, article)})}"


def back_to_choice(offer: Offer, article: Article) -> str:
    """The article with the offer chosen: where a reader stands again who went to make an account."""
    return f"{article.get_absolute_url()}?chosen={offer.pk}#get-access"


TITLES = {
    "purchase": gettext_lazy("Buy this article"),
    "rental": gettext_lazy("Rent for {hours} hours"),
    "issue": gettext_lazy("Buy the whole issue"),
    "subscription": gettext_lazy("Subscribe by the {interval}"),
    "subscription:trainee": gettext_lazy("Subscribe by the {interval}, in training"),
}
TRIAL = gettext_lazy("The first {days} days are free for new subscribers. ")
TERMS = {
    "purchase": gettext_lazy("Yours for good: full text, PDF and printing."),
    "rental": gettext_lazy(
        "Read on this site. The clock starts when you press Start, within 30 days. No PDF, no printing."
    ),
    "issue": gettext_lazy("Every article of this issue, for good: full text, PDF and printing."),
    "subscription": gettext_lazy(
        "Every article of the journal, with PDF. Renews until you cancel, which you can do at any time."
    ),
    "subscription:trainee": gettext_lazy(
        "The same at a reduced price, for readers who show that they are in training. Renews until you cancel."
    ),
}
LABELS = {
    "purchase": gettext_lazy("Buy for {price}"),
    "rental": gettext_lazy("Rent for {price}"),
    "issue": gettext_lazy("Buy the issue for {price}"),
    "subscription": gettext_lazy("Subscribe: {price} a {interval}"),
    "subscription:trainee": gettext_lazy("In training: {price} a {interval}"),
}


@lru_cache(maxsize=4000)
def _with_next(view: str, path: str) -> str:
    return f"{_address(view)}?{urlencode({'next': path})}"


@cache
def _address(view: str) -> str:
    return reverse(view)


@lru_cache(maxsize=2000)
def _give_address(article: int) -> str:
    return reverse("subscriptions:give", args=[article])
