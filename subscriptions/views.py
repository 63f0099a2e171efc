"""The reader's way from an offer to a right: confirm, pay at Stripe, come back, start a rental, see what one has."""

import time
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.auth.views import redirect_to_login
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.models import User
from journal.access import Access, Reason
from journal.models import Article, Issue
from subscriptions import (
    changing,
    checkout,
    claiming,
    consents,
    duplicates,
    fulfilment,
    gateway,
    get_access,
    papers,
    price_changes,
    refunds,
    stripe_account,
    stripe_plans,
    sync,
    withdrawals,
)
from subscriptions.access import READING_ONLY
from subscriptions.checkout import Wish
from subscriptions.forms import OrderForm
from subscriptions.institutions.permission import managed_by
from subscriptions.models import (
    CreditNote,
    Entitlement,
    Membership,
    Offer,
    Order,
    Receipt,
    Subscription,
    SyncTarget,
    TraineeProof,
)
from subscriptions.reader import RequestReader

RETURN_SECONDS = 5.0
LONGEST_PATH = 500
OWNED = ("purchase", "complimentary", "access_code", "membership", "cme")
NO_ANSWER = gettext_lazy(
    "The payment service does not answer. Nothing was charged and your order is kept; please try again in a minute."
)
COUNTED = gettext_lazy(
    "This payment came off the price of your later order, so it does not go back by itself. Please write to us."
)
ASK_AGAIN_SECONDS = 3


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def order(request: HttpRequest, offer_id: int) -> HttpResponse:
    """Say what will be paid for and on which terms; then to Stripe's page. A guest needs no account to buy or rent."""
    offer = get_object_or_404(Offer.objects.on_sale().select_related("journal"), pk=offer_id)
    article = _article(request)
    issue = _issue(request, article) if offer.kind == Offer.Kind.ISSUE else None
    reader: RequestReader = request.reader  # type: ignore[attr-defined]
    if reader.user is None and offer.kind in (Offer.Kind.SUBSCRIPTION, Offer.Kind.CME):
        return redirect_to_login(request.get_full_path())
    if _has_it_already(request, offer, article, issue):
        messages.info(request, _("You already have access. Nothing was charged."))
        return redirect(_back(article, issue, _next(request, offer)))
    if article and _is_held_back(reader, article):
        return redirect(f"{_back(article, issue)}#get-access")
    if _lacks_proof(reader.user, offer):
        return redirect(f"{reverse('subscriptions:trainee_proof')}?{urlencode({'next': request.get_full_path()})}")
    page = _Page(request, offer, article, issue)
    if request.method == "POST" and page.form.is_valid():
        return _to_payment(page)
    return page.response()


class _Page:
    """The order page of one request: what is ordered, what it costs this reader, and what must be ticked."""

    def __init__(self, request: HttpRequest, offer: Offer, article: Article | None, issue: Issue | None) -> None:
        self.request, self.offer, self.article, self.issue = request, offer, article, issue
        self.subject = article if offer.kind in checkout.SINGLY else None
        self.user: User | None = request.reader.user  # type: ignore[attr-defined]
        self.quote = checkout.quote(self.user, offer, self.subject)
        self.trial_days = checkout.trial_days(self.user, self.quote, offer)
        self.back = _back(article, issue, _next(request, offer))
        agreed = consents.statements(offer, self.trial_days)
        self.form = OrderForm(request.POST or None, statements=agreed, is_guest=self.user is None)

    def wish(self) -> Wish:
        told = self.form.cleaned_data
        return Wish(
            self.user, self.offer, self.subject, self.back, self.issue, told.get("email", ""), told.get("key")
        )  # fmt: skip

    def response(self, status: int = 200) -> HttpResponse:
        context = {
            "offer": self.offer, "article": self.article, "issue": self.issue, "form": self.form, "back": self.back,
            "next": _next(self.request, self.offer),
            "quote": self.quote, "trial_days": self.trial_days, "is_guest": self.user is None,
            "description": checkout.describe(self.offer, self.subject, self.issue), "price": self.offer.told_price,
            "after_account": get_access.back_to_choice(self.offer, self.article) if self.article
            else self.request.get_full_path(),
            "next_payment": consents.next_payment(self.offer, self.trial_days) if self.offer.interval else "",
        }  # fmt: skip
        return render(self.request, "subscriptions/order_confirm.html", context, status=status)


def _to_payment(page: _Page) -> HttpResponse:
    wish = page.wish()
    try:
        begun, address = checkout.begin(wish)
    except checkout.NotForSale:
        messages.error(page.request, _("This is no longer on sale in this form. Nothing was charged."))
        return redirect(page.back)
    except checkout.NeedsProof:
        return redirect("subscriptions:trainee_proof")
    except checkout.AlreadySubscribed:
        messages.info(page.request, _("You already subscribe to this journal. Nothing was charged; manage it here."))
        return redirect("subscriptions:my_access")
    except gateway.GatewayError:
        page.form.add_error(None, NO_ANSWER)
        response = page.response(503)
        response["Retry-After"] = "60"
        return response
    if page.user is None:
        claiming.remember(page.request, begun)
    return HttpResponseRedirect(address, status=303)


def _lacks_proof(user: User | None, offer: Offer) -> bool:
    if offer.audience != Offer.Audience.TRAINEE:
        return False
    return not TraineeProof.objects.in_force().filter(user=user).exists()


def _article(request: HttpRequest) -> Article | None:
    text = request.POST.get("article") or request.GET.get("article") or ""
    return get_object_or_404(Article.objects.published(), pk=text) if text.isdigit() else None


def _issue(request: HttpRequest, article: Article | None) -> Issue:
    """The issue that is named, or the one the article is in."""
    text = request.POST.get("issue") or request.GET.get("issue") or ""
    wanted = int(text) if text.isdigit() else article.issue_id if article else None
    return get_object_or_404(Issue.objects.published(), pk=wanted)


def _next(request: HttpRequest, offer: Offer) -> str:
    """The page of this site a CME activity's price was seen on: nothing here knows its address."""
    path = request.POST.get("next") or request.GET.get("next") or ""
    safe = url_has_allowed_host_and_scheme(path, allowed_hosts=None) and len(path) <= LONGEST_PATH
    return path if offer.kind == Offer.Kind.CME and safe else ""


def _back(article: Article | None, issue: Issue | None = None, path: str = "") -> str:
    if path:
        return path
    if article:
        return article.get_absolute_url()
    return issue.get_absolute_url() if issue else reverse("subscriptions:my_access")


def _has_it_already(request: HttpRequest, offer: Offer, article: Article | None, issue: Issue | None) -> bool:
    if offer.kind == Offer.Kind.ISSUE:
        return issue is not None and checkout.has_the_issue(request.reader.user, issue)  # type: ignore[attr-defined]
    if article is None:
        return False
    if offer.kind == Offer.Kind.CME:
        return Entitlement.objects.in_force().filter(user=request.user, kind=offer.kind, article=article).exists()  # type: ignore[misc]
    access: Access = request.reader.access_to(article)  # type: ignore[attr-defined]
    if offer.kind == Offer.Kind.RENTAL and access.reason == Reason.RENTAL_READY:
        return True
    if offer.kind == Offer.Kind.SUBSCRIPTION:
        return access.reason == Reason.SUBSCRIPTION
    return access.granted and not (access.reason in READING_ONLY and offer.kind == Offer.Kind.PURCHASE)


def _is_held_back(reader: RequestReader, article: Article) -> bool:
    """E2: nothing is sold while it is not known what this reader has; the article's page says so, with a reference."""
    access = reader.access_to(article)
    return access.reason == Reason.UNKNOWN or get_access.block_for(article, access, reader).state == "unlinked"


@never_cache
@require_GET
def order_return(request: HttpRequest, order_id: UUID) -> HttpResponse:
    """Back from Stripe. Only the order's owner may ask, or the browser a guest ordered in; the session's id in the
    address proves nothing.

    Reads Stripe itself, so it does not matter whether the webhook came first, late or never. Whoever is not signed in
    any more signs in first; the answer is the same for an order that does not exist.
    """
    if not request.user.is_authenticated and order_id not in claiming.remembered(request):
        return redirect_to_login(request.get_full_path())
    found = _own_order(request, order_id)
    _bring_up_to_date(found)
    found.refresh_from_db()
    if found.state == Order.State.PAID and found.user:
        messages.success(request, _thanks(found))
        return redirect(found.return_to or "subscriptions:my_access")
    looking = found.state in (Order.State.OPEN, Order.State.NEW)  # a bank that is at it may need days
    context = {"order": found, "refresh_seconds": ASK_AGAIN_SECONDS if looking else 0, "article": found.article}
    return render(request, "subscriptions/order_return.html", context)


def _bring_up_to_date(found: Order) -> None:
    """Ask Stripe, or wait a little for the worker that is asking at this moment; at most one question in 3 seconds."""
    deadline = time.monotonic() + RETURN_SECONDS
    recently = found.synced_at and (timezone.now() - found.synced_at).total_seconds() < ASK_AGAIN_SECONDS
    if found.state not in Order.UNDECIDED or recently or not found.session_id:
        return
    sync.hint(SyncTarget.Kind.ORDER, str(found.pk))
    while not sync.run(SyncTarget.Kind.ORDER, str(found.pk)) and time.monotonic() < deadline:
        found.refresh_from_db()
        if found.state not in Order.UNDECIDED or _gave_up(found):
            return
        time.sleep(0.2)


def _gave_up(found: Order) -> bool:
    """Stripe did not answer this time: do not hold the reader, the page asks again by itself."""
    return SyncTarget.objects.filter(kind=SyncTarget.Kind.ORDER, key=str(found.pk), next_at__gt=timezone.now()).exists()


def _thanks(found: Order) -> str:
    if found.kind == Offer.Kind.RENTAL:
        return _("Thank you. Your rental is ready: start it when you want to read. The receipt is in your mail.")
    if found.kind == Offer.Kind.SUBSCRIPTION and found.trial_days:
        return _("Thank you. Your %(trial_days)s free days have begun; nothing was charged.") % {
            "trial_days": found.trial_days
        }
    if found.kind == Offer.Kind.SUBSCRIPTION:
        return _("Thank you. Your subscription is active. The receipt is in your mail.")
    if found.kind == Offer.Kind.CME:
        return _("Thank you. The CME activity is open to you. The receipt is in your mail.")
    if found.kind == Offer.Kind.ISSUE:
        return _("Thank you. The whole issue is yours. The receipt is in your mail.")
    return _("Thank you. The article is yours. The receipt is in your mail.")


@never_cache
@require_GET
def order_cancel(request: HttpRequest, order_id: UUID) -> HttpResponse:
    """The reader left Stripe's page. The order stays open, so coming back meets the same page and no second charge."""
    found = _own_order(request, order_id)
    _bring_up_to_date(found)
    found.refresh_from_db()
    if found.state not in (Order.State.NEW, Order.State.OPEN):
        return redirect(found)
    messages.info(request, _("You left the payment page. Nothing was charged; you can continue whenever you like."))
    return redirect(found.return_to or "subscriptions:my_access")


def _own_order(request: HttpRequest, order_id: UUID) -> Order:
    """The account's own order; or, not signed in, a guest's that was made in this browser. Else 404."""
    orders = Order.objects.select_related("article", "issue", "journal", "user")
    if request.user.is_authenticated:
        return get_object_or_404(
            orders.filter(Q(user=request.user) | Q(pk__in=claiming.remembered(request), user=None)), pk=order_id
        )
    if order_id not in claiming.remembered(request):
        raise Http404
    return get_object_or_404(orders, pk=order_id, user=None)


@login_required
@require_POST
def start_rental(request: HttpRequest, entitlement_id: int) -> HttpResponse:
    try:
        right = fulfilment.open_rental(entitlement_id, request.user)  # type: ignore[arg-type]
    except Entitlement.DoesNotExist:
        raise Http404 from None
    if right.opened_at is None:
        messages.error(request, _("This rental can no longer be started. Reader services can help."))
    return redirect(_back(right.article))


@never_cache
@login_required
@require_GET
def my_access(request: HttpRequest) -> HttpResponse:
    """What I own, rent and subscribe to, with receipts."""
    rights = Entitlement.objects.filter(user=request.user).select_related("article", "issue", "journal")  # type: ignore[misc]
    now = timezone.now()
    context: dict[str, Any] = {
        "now": now,
        "owned": [r for r in rights.in_force(now) if r.kind in OWNED],
        "rentals": [_rental(r) for r in rights.filter(kind="rental").exclude(revoked_at__isnull=False)],
        "subscriptions": _running(request, rights),
        "duplicates": duplicates.proposals(request.user),  # type: ignore[arg-type]
        "withdrawable": withdrawals.within_the_period(request.user),  # type: ignore[arg-type]
        "memberships": Membership.objects.in_force().filter(user=request.user).select_related("institution"),  # type: ignore[misc]
        "libraries": managed_by(request.user),
        "settling": Order.objects.filter(user=request.user, state=Order.State.PROCESSING),  # type: ignore[misc]
        "receipts": Receipt.objects.filter(user=request.user)  # type: ignore[misc]
        .select_related("payment")
        .prefetch_related("credit_notes__refund__payment"),
    }
    return render(request, "subscriptions/my_access.html", context)


@login_required
@require_POST
def settle_duplicate(request: HttpRequest, finding_id: int) -> HttpResponse:
    """“Refund the second payment” or “Keep both”, for what the reader paid twice."""
    finding = get_object_or_404(duplicates.proposals(request.user), pk=finding_id)  # type: ignore[arg-type]
    refund = request.POST.get("answer") == "refund"
    try:
        duplicates.settle(finding, refund=refund)
    except refunds.Counted:
        messages.info(request, COUNTED)
    except gateway.GatewayError:
        messages.error(request, _("The payment service does not answer. Nothing was changed; please try again."))
    except refunds.NotRefundable:
        messages.info(request, _("This payment has gone back already. Nothing more needs to be done."))
    else:
        said = (
            _("The second payment goes back to where it came from. You get a mail.") if refund else _("Both are kept.")
        )
        messages.success(request, said)
    return redirect("subscriptions:my_access")


def _subscriptions(request: HttpRequest) -> "QuerySet[Subscription]":
    return Subscription.objects.filter(user=request.user).select_related("journal", "order")  # type: ignore[misc]


def _running(request: HttpRequest, rights: "QuerySet[Entitlement]") -> list[dict[str, Any]]:
    rows = list(_subscriptions(request))
    coming = price_changes.ahead(rows)
    return [_subscription(row, rights) | {"new_price": coming.get(row.pk)} for row in rows]


def _subscription(row: Subscription, rights: "QuerySet[Entitlement]") -> dict[str, Any]:
    """A subscription with what only matters while it runs: until when it opens, and what it can be switched to."""
    failing = row.status == "past_due"
    right = rights.filter(revoked_at=None, source=f"subscription:{row.stripe_id}").first() if failing else None
    return {
        "subscription": row, "readable_until": right.ends_at if right else None,
        "other_offers": changing.other_offers(row),
    }  # fmt: skip


def _rental(right: Entitlement) -> dict[str, Any]:
    now = timezone.now()
    ready = right.opened_at is None and right.open_by is not None and right.open_by > now
    state = "ready" if ready else "running" if right.ends_at and right.ends_at > now else "ended"
    would_end = now + right.reading_time if ready and right.reading_time else None
    return {"right": right, "article": right.article, "state": state, "would_end": would_end}


@never_cache
@login_required
@require_GET
def receipt(request: HttpRequest, number: int) -> HttpResponse:
    papers = Receipt.objects.select_related("payment__order__article", "payment__subscription__journal", "user")
    paper = get_object_or_404(papers, number=number, user=request.user)
    return render(request, "subscriptions/receipt.html", {"receipt": paper, "payment": paper.payment})


@never_cache
@login_required
@require_GET
def invoice_pdf(request: HttpRequest, number: int) -> HttpResponse:
    paper = get_object_or_404(
        Receipt.objects.select_related("payment__order__article", "user"), number=number, user=request.user
    )
    return _pdf(papers.invoice(paper), f"invoice-{number}.pdf")


@never_cache
@login_required
@require_GET
def credit_note(request: HttpRequest, number: int) -> HttpResponse:
    notes = CreditNote.objects.select_related("refund__payment", "receipt__payment__order", "receipt__user")
    return _pdf(
        papers.credit_note(get_object_or_404(notes, number=number, receipt__user=request.user)),
        f"credit-note-{number}.pdf",
    )


def _pdf(content: bytes, name: str) -> HttpResponse:
    disposition = {"Content-Disposition": f'inline; filename="{name}"', "Cache-Control": "private, no-store"}
    return HttpResponse(content, content_type="application/pdf", headers=disposition)


@login_required
@require_POST
def manage(request: HttpRequest) -> HttpResponse:
    """To Stripe's portal: card, invoices, cancel, resume. Its address is made at the click and never stored."""
    user: Any = request.user
    back = reverse("subscriptions:my_access")
    customer = user.stripe_customers.filter(deleted_at=None).first()
    if customer is None:
        messages.info(request, _("There is nothing to manage yet: you have no subscription."))
        return redirect(back)
    try:
        url = stripe_plans.portal_url(
            customer_id=customer.stripe_id,
            return_url=request.build_absolute_uri(back),
            configuration=stripe_account.ensure_portal(),
        )
    except gateway.GatewayError:
        messages.error(request, _("The payment service does not answer. Nothing was changed; please try again."))
        return redirect(back)
    return HttpResponseRedirect(url, status=303)
