"""What was ordered, subscribed to, paid and receipted. Read-only: Stripe holds the truth, and it can be read again."""

from typing import Any

from django.contrib import admin
from django.db.models import F, QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.text import Truncator

from accounts.admin_pages import NOTHING, PageAtOnce, ReadOnlyAdmin, ReadOnlyInline, column, is_there, link_to
from subscriptions import support
from subscriptions.admin import at_a_glance
from subscriptions.admin.rereading import RereadableAdmin
from subscriptions.models import Entitlement, Order, Payment, Receipt, Subscription, SyncTarget
from subscriptions.money import Money


def stripe_link(stripe_id: str | None) -> str:
    """A Stripe id, linked to Stripe's dashboard where there is one."""
    if not stripe_id:
        return NOTHING
    address = support.stripe_address(stripe_id)
    if not address:
        return stripe_id
    return format_html('<a href="{}" target="_blank" rel="noopener">{} ↗</a>', address, stripe_id)


def right_in_words(right: Entitlement | None) -> str:
    if right is None:
        return "Nothing"
    return link_to(right, support.state_of(right))


class Payments(ReadOnlyInline):
    model = Payment
    fields = ("paid_at", "price", "refunded", "disputed", "card_brand", "card_last4", "receipt", "charge_id")

    @column("refunded")
    def refunded(self, payment: Payment) -> str | None:
        return str(payment.refunded_price) if payment.amount_refunded else None


@admin.register(Order)
class OrderAdmin(PageAtOnce, RereadableAdmin):
    """Did they pay, what state is it in, what did they get?"""

    list_display = ("spoken_number", "stands", "got", "person", "what", "price")
    list_display_links = ("spoken_number",)
    list_filter = ("state", "kind", "created_at")
    list_select_related = ("user",)
    list_per_page = 50
    show_full_result_count = False
    search_fields = (
        "number", "user__email", "user__name", "=session_id", "=payment_intent_id", "=subscription_id",
        "=payments__charge_id", "article__doi",
    )  # fmt: skip
    search_help_text = "Order number, email address, name, Stripe id or DOI"
    date_hierarchy = "created_at"
    inlines = (Payments,)
    fieldsets = (
        (None, {"fields": ("number", "person", "description", "state", "got")}),
        ("Money", {"fields": ("price", "paid_at", "paid", "refunded", "offer")}),
        ("At Stripe", {"fields": ("payment", "session", "subscription", "session_expires_at", "synced_at", "attempt")}),
        ("What the reader agreed to", {"fields": ("consent_text", "consented_at", "created_at", "return_to")}),
    )

    def get_queryset(self, request: HttpRequest) -> "QuerySet[Order]":
        return super().get_queryset(request).defer("params", "session_url")

    def of_page(self, rows: list[Order]) -> None:
        brought = support.rights_by_source(rows)
        for order in rows:
            order.brought = brought.get(order.pk)  # type: ignore[attr-defined]

    def target(self, row: Order) -> tuple[str, str] | None:
        return (SyncTarget.Kind.ORDER, str(row.pk)) if row.session_id else None

    def outcome(self, row: Order) -> str:
        return row.get_state_display()

    @column("order", ordering="created_at")
    def spoken_number(self, order: Order) -> str:
        return format_html('<span class="nowrap">{}</span>', order.number)

    @column("for")
    def what(self, order: Order) -> str:
        return Truncator(order.description).chars(70)

    @column("state", ordering="state")
    def stands(self, order: Order) -> str:
        """`Paid, Nov 22, 2026, 2:25 PM`; for what was never paid the time it was ordered; what came back."""
        returned = f", {self.refunded(order)} refunded" if order.amount_refunded else ""
        return f"{order.get_state_display()}, {support.moment(order.paid_at or order.created_at)}{returned}"

    @column("person", ordering="user__email")
    def person(self, order: Order) -> str:
        return link_to(order.user)

    @column("got")
    def got(self, order: Order) -> str:
        if not hasattr(order, "brought"):
            order.brought = support.rights_by_source([order]).get(order.pk)  # type: ignore[attr-defined]
        return right_in_words(order.brought)  # type: ignore[attr-defined]

    @column("price", ordering="amount")
    def price(self, order: Order) -> str:
        return f"{order.price} per {order.interval}" if order.interval else str(order.price)

    @column("paid")
    def paid(self, order: Order) -> str | None:
        return str(Money(order.amount_paid, order.currency)) if order.amount_paid else None

    @column("refunded", ordering="amount_refunded")
    def refunded(self, order: Order) -> str | None:
        return str(Money(order.amount_refunded, order.currency)) if order.amount_refunded else None

    @column("payment")
    def payment(self, order: Order) -> str:
        return stripe_link(order.payment_intent_id)

    @column("checkout session")
    def session(self, order: Order) -> str:
        return stripe_link(order.session_id)

    @column("subscription")
    def subscription(self, order: Order) -> str:
        row = Subscription.objects.filter(stripe_id=order.subscription_id).first() if order.subscription_id else None
        return link_to(row) if row else stripe_link(order.subscription_id)


@admin.register(Subscription)
class SubscriptionAdmin(PageAtOnce, RereadableAdmin):
    """What Stripe said at the last reading, and what it opens."""

    list_display = ("person", "stands", "got", "price", "last_payment", "flag", "synced_at")
    list_display_links = ("stands",)
    list_filter = (
        "status", "interval", is_there("unpaid_since", "paying", "Renewal failing", "No failed renewal"),
        is_there("ends_at", "end", "Ends, or has ended", "Renews"),
    )  # fmt: skip
    list_select_related = ("user", "journal")
    show_full_result_count = False
    search_fields = (
        "user__email",
        "user__name",
        "=stripe_id",
        "order__number",
        "=payments__charge_id",
        "=payments__invoice_id",
    )
    search_help_text = "Email address, name, order number or Stripe id"
    inlines = (Payments,)
    fieldsets = (
        (None, {"fields": ("person", "journal", "status", "got")}),
        ("Period", {"fields": ("period_start", "period_end", "ends_at", "ended_at", "unpaid_since")}),
        ("Money", {"fields": ("price", "order")}),
        ("At Stripe", {"fields": ("at_stripe", "hosted_invoice_url", "synced_at", "created_at")}),
    )

    def target(self, row: Subscription) -> tuple[str, str]:
        return SyncTarget.Kind.SUBSCRIPTION, row.stripe_id

    def outcome(self, row: Subscription) -> str:
        return row.status

    @column("person", ordering="user__email")
    def person(self, subscription: Subscription) -> str:
        return link_to(subscription.user)

    def of_page(self, rows: list[Subscription]) -> None:
        rights = at_a_glance.rights_by(f"subscription:{row.stripe_id}" for row in rows)
        payments = at_a_glance.last_payments("subscription", [row.pk for row in rows])
        for row in rows:
            row.right = rights.get(f"subscription:{row.stripe_id}")  # type: ignore[attr-defined]
            row.paid_last = payments.get(row.pk)  # type: ignore[attr-defined]

    @column("got")
    def got(self, subscription: Subscription) -> str:
        if not hasattr(subscription, "right"):
            self.of_page([subscription])
        return right_in_words(subscription.right)  # type: ignore[attr-defined]

    @column("state", ordering="status")
    def stands(self, subscription: Subscription) -> str:
        """Stripe's word, and what comes next: the renewal, or the end."""
        status, ends, next_one = subscription.status, subscription.ends_at, subscription.period_end
        if subscription.ended_at:
            return f"{status}, ended {support.moment(subscription.ended_at)}"
        if ends:
            return f"{status}, ends {support.moment(ends)}"
        return (
            f"{status}, renews {support.moment(next_one)}" if next_one and status in ("active", "trialing") else status
        )

    @column("last payment")
    def last_payment(self, subscription: Subscription) -> str:
        return at_a_glance.payment_link(subscription.paid_last)  # type: ignore[attr-defined]

    @column("flag", ordering="unpaid_since")
    def flag(self, subscription: Subscription) -> str:
        paid = subscription.paid_last  # type: ignore[attr-defined]
        said = {
            f"Renewal failing since {subscription.unpaid_since:%b %-d}" if subscription.unpaid_since else "": (
                subscription.unpaid_since and not subscription.ended_at
            ),
            "Payment disputed": paid and paid.disputed,
            "Not collecting": not subscription.is_collecting,
        }
        return at_a_glance.flagged(words for words, holds in said.items() if holds)

    @column("price", ordering="amount")
    def price(self, subscription: Subscription) -> str:
        return f"{subscription.price} per {subscription.interval}"

    @column("subscription")
    def at_stripe(self, subscription: Subscription) -> str:
        return stripe_link(subscription.stripe_id)


class Returned(admin.SimpleListFilter):
    title = "money that went back"
    parameter_name = "returned"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("all", "All of it"), ("part", "A part"), ("none", "None")]

    def queryset(self, request: HttpRequest, queryset: "QuerySet[Payment]") -> "QuerySet[Payment]":
        if self.value() == "all":
            return queryset.filter(amount_refunded__gte=F("amount"))
        if self.value() == "part":
            return queryset.filter(amount_refunded__gt=0, amount_refunded__lt=F("amount"))
        return queryset.filter(amount_refunded=0) if self.value() == "none" else queryset


@admin.register(Payment)
class PaymentAdmin(ReadOnlyAdmin):
    """Charges that succeeded, and what came back."""

    list_display = ("paid_at", "person", "price", "refunded", "disputed", "card", "order", "subscription", "at_stripe")
    list_filter = ("disputed", Returned, "paid_at", "currency")
    list_select_related = ("user", "order", "subscription__journal", "subscription__user")
    show_full_result_count = False
    search_fields = (
        "=charge_id", "=payment_intent_id", "=invoice_id", "user__email", "user__name", "order__number", "=card_last4",
    )  # fmt: skip
    search_help_text = "Stripe id, email address, name, order number or the card's last four digits"
    date_hierarchy = "paid_at"
    fieldsets = (
        (None, {"fields": ("paid_at", "person", "price", "refunded", "disputed", "card")}),
        ("For", {"fields": ("order", "subscription", "receipt")}),
        ("At Stripe", {"fields": ("at_stripe", "charge_id", "invoice_id")}),
    )
    readonly_fields = ("receipt",)

    @column("person", ordering="user__email")
    def person(self, payment: Payment) -> str:
        return link_to(payment.user)

    @column("amount", ordering="amount")
    def price(self, payment: Payment) -> str:
        return str(payment.price)

    @column("refunded", ordering="amount_refunded")
    def refunded(self, payment: Payment) -> str | None:
        return str(payment.refunded_price) if payment.amount_refunded else None

    @column("card")
    def card(self, payment: Payment) -> str | None:
        return f"{payment.card_brand} …{payment.card_last4}" if payment.card_last4 else None

    @column("payment at Stripe")
    def at_stripe(self, payment: Payment) -> str:
        return stripe_link(payment.payment_intent_id)

    @column("receipt")
    def receipt(self, payment: Payment) -> str:
        return link_to(Receipt.objects.filter(payment=payment).first())


@admin.register(Receipt)
class ReceiptAdmin(ReadOnlyAdmin):
    list_display = ("number", "person", "description", "paid", "issued_at")
    list_select_related = ("user", "payment")
    show_full_result_count = False
    search_fields = ("=number", "user__email", "user__name", "payment__order__number", "=payment__charge_id")
    search_help_text = "Receipt number, email address, name, order number or Stripe id"
    date_hierarchy = "issued_at"
    fieldsets = ((None, {"fields": ("number", "person", "description", "paid", "issued_at", "payment", "terms")}),)

    @column("person", ordering="user__email")
    def person(self, receipt: Receipt) -> str:
        return link_to(receipt.user)

    @column("amount")
    def paid(self, receipt: Receipt) -> str:
        return str(receipt.payment.price)
