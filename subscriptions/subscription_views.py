"""A reader's own subscription: choosing one, canceling and keeping it, switching, a new card."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from subscriptions import changing, gateway, mail, price_changes, stripe_account, stripe_plans, sync
from subscriptions.models import Offer, Subscription, SyncTarget

NO_ANSWER = gettext_lazy("The payment service does not answer. Nothing was changed; please try again in a minute.")
NOT_NOW = gettext_lazy("This subscription cannot be changed in this way any more. Nothing was changed.")


def day(when: Any) -> str:
    return date_format(timezone.localtime(when), "DATE_FORMAT") if when else ""


@never_cache
@require_GET
def plans(request: HttpRequest) -> HttpResponse:
    """What can be subscribed to, for whom and at what price."""
    offers = Offer.objects.on_sale().filter(kind=Offer.Kind.SUBSCRIPTION).select_related("journal")
    user = request.reader.user  # type: ignore[attr-defined]
    living = Subscription.objects.filter(user=user, status__in=Subscription.LIVE).exists() if user else False
    context = {
        "everybody": [offer for offer in offers if not offer.audience],
        "trainees": [offer for offer in offers if offer.audience],
        "living": living, "is_open": gateway.is_open(),
    }  # fmt: skip
    return render(request, "subscriptions/plans.html", context)


def _own(request: HttpRequest, subscription_id: int) -> Subscription:
    found = Subscription.objects.select_related("journal", "order", "user")
    return get_object_or_404(found, pk=subscription_id, user=request.user)


def _changed(request: HttpRequest, change: Callable[[], None]) -> bool:
    """Do it, or say why not. Stripe has the last word, so what it did is read again in any case."""
    try:
        change()
    except gateway.GatewayError:
        messages.error(request, NO_ANSWER)
    except changing.CannotChange:
        messages.info(request, NOT_NOW)
    else:
        return True
    return False


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def cancel(request: HttpRequest, subscription_id: int) -> HttpResponse:
    """The first click leads here and says what happens; the second does it. No offers to stay, no reasons asked."""
    subscription = _own(request, subscription_id)
    if request.method == "GET":
        return render(request, "subscriptions/cancel.html", {"subscription": subscription})
    if _changed(request, lambda: changing.cancel(subscription)):
        words = _("Your subscription is canceled. You can read until %(ends_at)s; nothing more is charged.") % {
            "ends_at": day(subscription.ends_at)
        }
        mail.renewal_changed(subscription, words, f"canceled:{int(timezone.now().timestamp()) // 60}")
        messages.success(request, words)
    return redirect("subscriptions:my_access")


@login_required
@require_POST
def keep(request: HttpRequest, subscription_id: int) -> HttpResponse:
    subscription = _own(request, subscription_id)
    if _changed(request, lambda: changing.keep(subscription)):
        first = f"{price_changes.next_price(subscription)} on {day(subscription.period_end)}"
        words = _("Your subscription goes on: %(first)s, then each %(interval)s.") % {
            "first": first,
            "interval": subscription.interval_word,
        }
        mail.renewal_changed(subscription, words, f"kept:{int(timezone.now().timestamp()) // 60}")
        messages.success(request, words)
    return redirect("subscriptions:my_access")


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def switch(request: HttpRequest, subscription_id: int, offer_id: int) -> HttpResponse:
    """Monthly to yearly or back. This page says the amount; Stripe's own asks the card for it."""
    subscription = _own(request, subscription_id)
    offer = get_object_or_404(Offer.objects.on_sale().select_related("journal"), pk=offer_id)
    try:
        if request.method == "POST":
            back = request.build_absolute_uri(reverse("subscriptions:switched", args=[subscription.pk]))
            return HttpResponseRedirect(changing.switch_page(subscription, offer, back), status=303)
        context = {"subscription": subscription, "offer": offer, "switch": changing.preview(subscription, offer)}
    except changing.CannotChange:
        messages.info(request, NOT_NOW)
        return redirect("subscriptions:my_access")
    except gateway.GatewayError:
        messages.error(request, NO_ANSWER)
        return redirect("subscriptions:my_access")
    return render(request, "subscriptions/switch.html", context)


@never_cache
@login_required
@require_GET
def switched(request: HttpRequest, subscription_id: int) -> HttpResponse:
    """Back from Stripe's page, having switched or not: what Stripe says now is said here."""
    subscription = _own(request, subscription_id)
    before = subscription.interval
    changing.read_again(subscription)
    if subscription.interval != before:
        price = f"{subscription.told_price} per {subscription.interval}"
        words = _("Your subscription is %(price)s now, next on %(period_end)s.") % {
            "price": price,
            "period_end": day(subscription.period_end),
        }
        mail.renewal_changed(subscription, words, f"switched:{int(timezone.now().timestamp()) // 60}")
        messages.success(request, words)
    else:
        messages.info(
            request,
            _("Your subscription is %(told_price)s per %(interval)s.")
            % {"told_price": subscription.told_price, "interval": subscription.interval_word},
        )
    return redirect("subscriptions:my_access")


@login_required
@require_POST
def card(request: HttpRequest) -> HttpResponse:
    """To Stripe's page for a new card, and back."""
    user: Any = request.user
    customer = user.stripe_customers.filter(deleted_at=None).first()
    back = request.build_absolute_uri(reverse("subscriptions:card_changed"))
    if customer is None:
        messages.info(request, _("There is no card to change: you have no subscription."))
        return redirect("subscriptions:my_access")
    try:
        url = stripe_plans.portal_url(
            customer_id=customer.stripe_id, return_url=back, configuration=stripe_account.ensure_portal(),
            flow=stripe_plans.card_flow(back),
        )  # fmt: skip
    except gateway.GatewayError:
        messages.error(request, NO_ANSWER)
        return redirect("subscriptions:my_access")
    return HttpResponseRedirect(url, status=303)


@never_cache
@login_required
@require_GET
def card_changed(request: HttpRequest) -> HttpResponse:
    """Back from Stripe's page for a card: look again, for an open invoice may have been paid by it."""
    for subscription in Subscription.objects.filter(user=request.user, status__in=Subscription.LIVE):  # type: ignore[misc]
        sync.hint(SyncTarget.Kind.SUBSCRIPTION, subscription.stripe_id)
        sync.run(SyncTarget.Kind.SUBSCRIPTION, subscription.stripe_id)
    messages.info(request, _("This is how your subscription stands now."))
    return redirect("subscriptions:my_access")
