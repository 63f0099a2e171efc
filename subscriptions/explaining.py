"""Why an article is open to somebody or closed, in words: the decision (access.py) asked for now or any past moment.

One function for everybody who asks: support sees all of it (desk/), a reader one sentence (next_steps.py), a library
its own part (a question about an institution). Nothing here decides: it puts the decision's own verdicts into words and
adds what explains them, such as rights to other things, orders, payments and networks.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models import User
from journal.access import Access, Affiliation, Considered, Reason, Verdict
from journal.models import Article
from subscriptions import access as deciding
from subscriptions import near_networks
from subscriptions.models import (
    Dispute,
    Entitlement,
    Institution,
    Order,
    Payment,
    StripeEvent,
    Subscription,
)
from subscriptions.support import moment

MOST_OTHERS = 6
MOST_EVENTS = 12
SETTLED_SOON = timedelta(minutes=1)  # two clocks may differ by as much


@dataclass(frozen=True, slots=True)
class Question:
    """`at` is an aware past moment, None for now. `institution`: what it gives its readers, whoever they are."""

    article: Article
    user: User | None = None
    ip: str | None = None
    representation: str = "page"
    at: datetime | None = None
    institution: Institution | None = None
    gifts: Sequence[int] = ()

    @property
    def moment(self) -> datetime:
        return self.at or timezone.now()


@dataclass(frozen=True, slots=True)
class Line:
    """One right that was considered, or that explains the answer: what it is, and why it opens the article or not."""

    what: str
    verdict: str
    opens: bool
    source: str = ""
    right: int | None = None
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    via: str = ""
    code: Verdict | None = None
    kind: str = ""


@dataclass(frozen=True, slots=True)
class Behind:
    """Something behind the rights, with the row it stands in: an order, a payment, a dispute, an event of Stripe's."""

    at: datetime
    what: str
    row: models.Model


@dataclass(frozen=True, slots=True)
class Part:
    """The answer for one representation of the article: given or not, and why where it differs from the page's."""

    granted: bool
    why: str = ""
    step: str = ""


@dataclass(frozen=True, slots=True)
class Explanation:
    question: Question
    access: Access
    part: Part
    lines: tuple[Line, ...] = ()
    others: tuple[Line, ...] = ()
    network: str = ""
    orders: tuple[Behind, ...] = ()
    behind: tuple[Behind, ...] = ()
    doubts: tuple[str, ...] = ()
    step: str = ""

    @property
    def granted(self) -> bool:
        return self.part.granted

    @property
    def answer(self) -> str:
        """`Yes: subscription, until Dec 4, 2026, 2:05 PM.`"""
        if self.access.granted and not self.part.granted:
            return f"No: {self.part.why}"
        told = REASONS[self.access.reason]
        via = f" by {self.access.via}" if self.access.via else ""
        until = f", until {moment(self.access.until)}" if self.access.granted and self.access.until else ""
        return f"{'Yes' if self.granted else 'No'}: {told}{via}{until}."


REASONS = {
    Reason.OPEN: "the article is open access",
    Reason.FREE_TO_READ: "the article is free to read",
    Reason.PURCHASE: "it was bought",
    Reason.RENTAL: "it is rented",
    Reason.SUBSCRIPTION: "a subscription is in force",
    Reason.BACK_FILE: "it appeared while they subscribed",
    Reason.INSTITUTION: "access is provided",
    Reason.COMPLIMENTARY: "complimentary access was given",
    Reason.ACCESS_CODE: "an access code was redeemed",
    Reason.MEMBERSHIP: "the society's membership is activated",
    Reason.GIFT: "a gift link was opened on this device",
    Reason.STAFF_PREVIEW: "staff look at it",
    Reason.NO_LICENSE: "no right in force covers it",
    Reason.RENTAL_READY: "it is rented, and the reader has not started the clock",
    Reason.RENTAL_ENDED: "the rental has ended",
    Reason.SUBSCRIPTION_ENDED: "the subscription has ended",
    Reason.SETTLING: "the payment is still settling",
    Reason.UNKNOWN: "the rights could not be looked up",
}


# --- what is asked for ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Representation:
    words: str
    judge: Callable[[Question, Access], Part]


def _page(question: Question, access: Access) -> Part:
    return Part(access.granted)


def _pdf(question: Question, access: Access) -> Part:
    if access.granted and not access.pdf:
        kind = "rental" if access.reason == Reason.RENTAL else "gift"
        return Part(False, f"a {kind} is read on the site, the PDF and printing are not part of it.",
                    "To have the PDF they buy the article; what the rental cost comes off for 30 days."
                    if kind == "rental" else "To have the PDF they buy the article or subscribe.")  # fmt: skip
    return Part(access.allows_pdf)


REPRESENTATIONS: dict[str, Representation] = {
    "page": Representation("full text", _page),
    "pdf": Representation("PDF and printing", _pdf),
    "figures": Representation("figures, tables and slides", _page),
}


def register(name: str, words: str, judge: Callable[[Question, Access], Part]) -> None:
    """One more thing that can be asked for, from an app above (cme/explaining.py)."""
    REPRESENTATIONS[name] = Representation(words, judge)


# --- asking -----------------------------------------------------------------------------------------------------------


def explain(question: Question) -> Explanation:
    """The one answer. Asks the decision first; everything else is read for the words around it."""
    access = _decided(question)
    part = REPRESENTATIONS[question.representation].judge(question, access)
    lines = tuple(line_of(one, question) for one in access.considered)
    if access.is_public:
        return Explanation(question, access, part, lines, step=part.step or _when_open(question))
    later, others = _later(question, access), _others(question, access)
    orders = _orders(question)
    found = Explanation(
        question, access, part, lines + later, others, _network(question, access.institutions), orders,
        _behind(lines + later), tuple(_doubts(question, access)),
    )  # fmt: skip
    from subscriptions.next_steps import next_step  # noqa: PLC0415  (it is told about explanations)

    return replace(found, step=part.step if access.granted and part.step else next_step(found))


def _decided(question: Question) -> Access:
    article, at = question.article, question.at
    if question.institution:
        return _of_institution(question.institution, article, question.moment)
    user = question.user.pk if question.user else None
    asked = deciding.look_up(user, question.ip, [article.pk], at, question.gifts, as_it_was=at is not None)
    return asked[article.pk]


def _of_institution(institution: Institution, article: Article, at: datetime) -> Access:
    """The decision over an institution's own rights, for those who look after it."""
    scope = Q(article=article) | Q(journal=article.journal_id)
    if article.issue_id:
        scope |= Q(issue=article.issue_id)
    columns = ("pk", *deciding.KEPT_COLUMNS)
    rows = Entitlement.objects.filter(scope, institution=institution).values_list(*columns)
    rights = [deciding.Right(pk, kind, source, institution.name, *dates) for pk, kind, source, *dates in rows]
    facts = deciding.Facts(article.article_type, article.access_type, article.free_from, article.published_online)
    us = (Affiliation(institution.pk, institution.name),)
    return deciding.decide(facts, rights, at, timezone.localdate(at), us)


# --- rights in words --------------------------------------------------------------------------------------------------


def line_of(considered: Considered, question: Question) -> Line:
    right = considered.right
    return Line(
        _what(right.kind, considered.source), _in_words(considered, question.article, question.moment),
        considered.verdict in (Verdict.IN_FORCE, Verdict.KEPT_YEARS), considered.source, right.id, right.starts_at,
        right.ends_at, right.via, considered.verdict, right.kind,
    )  # fmt: skip


def _what(kind: str, source: str) -> str:
    if kind == "order":
        return _("Order %(number)s") % {"number": source.partition(":")[2]}
    return str(Entitlement.Kind(kind).label)


def _in_words(considered: Considered, article: Article, at: datetime) -> str:
    """In the language of the page: a library reads these lines, too."""
    right = considered.right
    match considered.verdict:
        case Verdict.REVOKED:
            told = {"day": moment(right.revoked_at), "reason": right.revoke_reason or _("no reason given")}
            return _("Taken back %(day)s: %(reason)s") % told
        case Verdict.NOT_BEGUN:
            return _("Begins %(day)s, %(gap)s later") % {
                "day": moment(right.starts_at), "gap": gap(at, right.starts_at)
            }  # fmt: skip
        case Verdict.OTHER_YEARS:
            return _missed_years(right, article.published_online)
        case Verdict.NOT_OPENED:
            until = f"; can be until {moment(right.open_by)}" if right.open_by else ""
            return f"Paid, and the reader has not pressed Start{until}"
        case Verdict.LAPSED:
            return f"Was not started by {moment(right.open_by)}, which was {gap(right.open_by, at)} before"
        case Verdict.ENDED:
            return _("Ended %(day)s, %(gap)s before") % {"day": moment(right.ends_at), "gap": gap(right.ends_at, at)}
        case Verdict.IN_FORCE | Verdict.KEPT_YEARS:
            return _in_force(right, kept=considered.verdict == Verdict.KEPT_YEARS)
    return f"{str(considered.verdict)[0].upper()}{considered.verdict[1:]}"


def _in_force(right: Any, *, kept: bool) -> str:
    said = _("In force without end")
    if right.ends_at:
        said = _("In force until %(day)s") % {"day": moment(right.ends_at)}
    if kept:
        said = _("%(in_force)s for what was published while it ran") % {"in_force": said}
    if right.grace_since:
        failing = {"in_force": said, "day": moment(right.grace_since)}
        said = _("%(in_force)s; the renewal has been failing since %(day)s") % failing
    return said


def _missed_years(right: Any, published: date | None) -> str:
    """A range that was missed, and by how much."""
    if published is None:
        return _("Covers articles by their publication date, and this one has none yet")
    if right.covers_from and published < right.covers_from:
        return _("Covers articles from %(first)s; this one appeared %(day)s, %(days)s earlier") % {
            "first": day(right.covers_from), "day": day(published), "days": _days(right.covers_from - published)
        }  # fmt: skip
    return _("Covers articles until %(last)s; this one appeared %(day)s, %(days)s later") % {
        "last": day(right.covers_until), "day": day(published), "days": _days(published - right.covers_until)
    }  # fmt: skip


def day(when: date) -> str:
    return date_format(when, "SHORT_DATE_FORMAT")


def gap(earlier: datetime, later: datetime) -> str:
    """`3 days`, `5 hours`, `2 minutes`: how far apart, in the largest unit that says it."""
    apart = abs(later - earlier)
    if apart >= timedelta(days=1):
        return _days(apart)
    if hours := apart // timedelta(hours=1):
        return ngettext("%(count)d hour", "%(count)d hours", hours) % {"count": hours}
    if minutes := apart // timedelta(minutes=1):
        return ngettext("%(count)d minute", "%(count)d minutes", minutes) % {"count": minutes}
    return _("less than a minute")


def _days(span: timedelta) -> str:
    return ngettext("%(count)d day", "%(count)d days", span.days) % {"count": span.days}


# --- what explains the answer beside the rights that were asked -------------------------------------------------------


def _later(question: Question, access: Access) -> tuple[Line, ...]:
    """Of a past moment: rights that cover the article and were not written yet. “I had paid” is often one of these."""
    if not (question.at and question.user):
        return ()
    known = [one.right.id for one in access.considered]
    rights = Entitlement.objects.filter(_covering(question.article), user=question.user, created_at__gt=question.at)
    return tuple(
        Line(
            str(right.get_kind_display()),
            f"Was written here {moment(right.created_at)}, {gap(question.at, right.created_at)} later",
            False, right.source, right.pk, right.starts_at, right.ends_at,
        )
        for right in rights.exclude(pk__in=known)[:MOST_OTHERS]
    )  # fmt: skip


def _covering(article: Article) -> Q:
    scope = Q(article=article.pk) | Q(journal=article.journal_id)
    return scope | Q(issue=article.issue_id) if article.issue_id else scope


def _others(question: Question, access: Access) -> tuple[Line, ...]:
    """Rights of the same person or institution to other things: the likely mistakes, the widest first."""
    holder = {"institution": question.institution} if question.institution else {"user": question.user}
    if not any(holder.values()) or access.granted:
        return ()
    rights = Entitlement.objects.filter(**holder, created_at__lte=question.moment).exclude(_covering(question.article))
    widest = rights.order_by(F("journal").asc(nulls_last=True), F("issue").asc(nulls_last=True), "-created_at")
    return tuple(
        Line(
            f"{right.get_kind_display()}: {right.scope}", _other(right, question.article), False, right.source,
            right.pk, right.starts_at, right.ends_at,
        )
        for right in widest.select_related("article", "issue", "journal")[:MOST_OTHERS]
    )  # fmt: skip


def _other(right: Entitlement, article: Article) -> str:
    if right.journal_id:
        return "Is for another journal"
    if right.issue_id:
        return (
            f"Is for another issue; this article is in {article.issue}"
            if article.issue
            else "Is for an issue; this article is in none yet"
        )
    return "Is for another article"


def _network(question: Question, known: tuple[Affiliation, ...]) -> str:
    if not question.ip:
        return ""
    return near_networks.explain(question.ip, [(one.id, one.name) for one in known], question.institution)


def _orders(question: Question) -> tuple[Behind, ...]:
    """Orders of this person for this article, its issue or the journal, also a guest's under their address."""
    if question.user is None:
        return ()
    article = question.article
    whose = Q(user=question.user) | Q(user=None, guest_email__filled=question.user.email)
    scope = Q(article=article) | Q(article=None, issue=None, journal=article.journal_id)
    if article.issue_id:
        scope |= Q(issue=article.issue_id)
    orders = Order.objects.filter(whose, scope, created_at__lte=question.moment).defer("params").order_by("-created_at")
    return tuple(
        Behind(order.paid_at or order.created_at, order_in_words(order), order) for order in orders[:MOST_OTHERS]
    )


def order_in_words(order: Order) -> str:
    """An order and the state of its payment, as it is said on the telephone."""
    state = {
        Order.State.NEW: "never reached the payment page",
        Order.State.OPEN: "the payment page is open, nothing is paid yet",
        Order.State.PROCESSING: "the bank has not confirmed the payment yet",
        Order.State.PAID: f"paid {order.paid}" if order.amount_paid else "paid",
        Order.State.EXPIRED: "the payment page expired, nothing was charged",
        Order.State.FAILED: "the payment failed, nothing was charged",
        Order.State.REVIEW: "paid another amount than it costs: somebody must look at it",
        Order.State.REFUNDED: "paid, and refunded",
        Order.State.DISPUTED: "paid, and disputed at the bank",
    }[Order.State(order.state)]
    guest = f", bought as a guest by {order.guest_email} and not claimed" if order.user_id is None else ""
    return f"Order {order.number}, {order.description}: {state}{guest}"


def _behind(lines: Sequence[Line]) -> tuple[Behind, ...]:
    """The payments behind the rights, what came back of them, and what Stripe's events told, newest first."""
    orders = [
        key for kind, _, key in (line.source.partition(":") for line in lines) if kind == "order" and len(key) == 36
    ]
    named = [key for kind, _, key in (line.source.partition(":") for line in lines) if kind == "subscription"]
    if not orders and not named:
        return ()
    of_these = Q(order__in=orders) | Q(subscription__stripe_id__in=named)
    payments = list(Payment.objects.filter(of_these).prefetch_related("refunds").order_by("-paid_at")[:MOST_EVENTS])
    intents = [payment.payment_intent_id for payment in payments]
    told = [Behind(payment.paid_at, payment_in_words(payment), payment) for payment in payments]
    told += [Behind(one.created_at, f"{one}", one) for one in Dispute.objects.filter(payment_intent_id__in=intents)]
    sessions = list(Order.objects.filter(pk__in=orders).exclude(session_id=None).values_list("session_id", flat=True))
    invoices = [payment.invoice_id for payment in payments if payment.invoice_id]
    objects = [*intents, *(payment.charge_id for payment in payments), *sessions, *named, *invoices]
    events = StripeEvent.objects.filter(object_id__in=objects).defer("payload").order_by("-created")[:MOST_EVENTS]
    told += [Behind(event.created, _event(event), event) for event in events]
    return tuple(sorted(told, key=lambda one: one.at, reverse=True))


def payment_in_words(payment: Payment) -> str:
    card = f", {payment.card_brand} ending in {payment.card_last4}" if payment.card_last4 else ""
    back = "".join(f"; {refund}: {refund.get_state_display().lower()}" for refund in payment.refunds.all())
    return f"{payment.price} paid{card}{back}{'; disputed' if payment.disputed else ''}"


def _event(event: StripeEvent) -> str:
    late = gap(event.created, event.received_at)
    came = f"arrived {late} later" if event.deliveries else f"its webhook never came; found {late} later"
    return f"{event.type}, {came}"


def _doubts(question: Question, access: Access) -> list[str]:
    """What cannot be known for sure about a past moment, said rather than guessed."""
    if question.at is None:
        return []
    at, said = question.at, []
    ids = [one.right.id for one in access.considered if one.right.id]
    since = Entitlement.objects.filter(pk__in=ids, history_since__gt=at + SETTLED_SOON)
    began = since.order_by("history_since").values_list("history_since", flat=True).first()
    if began:
        said.append(
            f"Changes of rights have been kept since {moment(began)}. Of the time before, dates are told as they stood"
            " on that day."
        )
    said.append("The article's price and the institutions' networks are told as they are today.")
    return said


def _when_open(question: Question) -> str:
    return "Everybody may read it. If they see a wall, ask which address they are at, and reload the page."


def subscription_of(explanation: Explanation) -> Subscription | None:
    """The subscription behind a right that was considered, the newest."""
    named = [line.source.partition(":")[2] for line in explanation.lines if line.source.startswith("subscription:")]
    return Subscription.objects.filter(stripe_id__in=named).order_by("-created_at").first() if named else None
