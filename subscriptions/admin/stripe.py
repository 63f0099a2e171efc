"""The joints to Stripe and to the mail: what came in, what must still be read, what must still be sent."""

import json
from typing import Any

from django.contrib import admin, messages
from django.db.models import Case, F, QuerySet, Value, When
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString

from accounts.admin_pages import PageAtOnce, ReadOnlyAdmin, column, link_to
from subscriptions import mail, support
from subscriptions.admin import at_a_glance
from subscriptions.admin.sales import stripe_link
from subscriptions.models import OutgoingMail, StripeCustomer, StripeEvent, SyncTarget


def as_json(value: Any, *, longest: int | None = None) -> SafeString:
    """As a block of JSON, cut after `longest` characters."""
    text = json.dumps(value, indent=2, ensure_ascii=False, default=str)
    cut = longest is not None and len(text) > longest
    return format_html('<pre class="json">{}</pre>', f"{text[:longest]}…" if cut else text)


@admin.register(StripeEvent)
class StripeEventAdmin(ReadOnlyAdmin):
    """The inbox. An event is a hint to look; what is true is read from Stripe."""

    list_display = ("type", "object_id", "deliveries", "created", "received_at", "id")
    list_filter = ("type", "received_at")
    show_full_result_count = False
    search_fields = ("=id", "=object_id", "type")
    search_help_text = "Event id (evt_…), the object's Stripe id, or type"
    date_hierarchy = "received_at"
    fields = (
        "type",
        "at_stripe",
        "object_type",
        "object_id",
        "deliveries",
        "created",
        "received_at",
        "livemode",
        "api_version",
        "body",
    )

    def get_queryset(self, request: HttpRequest) -> "QuerySet[StripeEvent]":
        rows = super().get_queryset(request)
        one = request.resolver_match and request.resolver_match.url_name == "subscriptions_stripeevent_change"
        return rows if one else rows.defer("payload")

    @column("event")
    def at_stripe(self, event: StripeEvent) -> str:
        return stripe_link(event.pk)

    @column("payload")
    def body(self, event: StripeEvent) -> SafeString:
        return as_json(event.payload)


@admin.register(SyncTarget)
class SyncTargetAdmin(PageAtOnce, ReadOnlyAdmin):
    """What must be read from Stripe. Given up first, then what waits; below is all that is up to date."""

    list_display = ("about", "kind", "state", "attempts", "next_at", "last_error")
    list_display_links = ("state",)
    list_filter = ("dead", "kind")
    list_per_page = 25
    show_full_result_count = False
    search_fields = ("=key", "last_error")
    search_help_text = "Order id or Stripe's subscription id"
    actions = ("try_again",)
    fields = (
        "about",
        "kind",
        "key",
        "state",
        "attempts",
        "next_at",
        "last_error",
        "dirty",
        "clean",
        "fence",
        "lease_until",
    )

    def get_queryset(self, request: HttpRequest) -> "QuerySet[SyncTarget]":
        waits = Case(When(dirty__gt=F("clean"), then=Value(0)), default=Value(1))
        return super().get_queryset(request).order_by("-dead", waits, "-next_at")

    def has_retry_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("subscriptions.change_synctarget")

    def of_page(self, rows: list[SyncTarget]) -> None:
        known = at_a_glance.rows_about(rows)
        for row in rows:
            row.known = known.get(row.pk)  # type: ignore[attr-defined]

    @column("about")
    def about(self, target: SyncTarget) -> str:
        if not hasattr(target, "known"):
            self.of_page([target])
        return link_to(target.known) if target.known else target.key  # type: ignore[attr-defined]

    @column("state")
    def state(self, target: SyncTarget) -> str:
        if target.dead:
            return "Given up"
        return "Waits to be read" if target.dirty > target.clean else "Up to date"

    @admin.action(description="Try again", permissions=["retry"])
    def try_again(self, request: HttpRequest, queryset: "QuerySet[SyncTarget]") -> None:
        for target in queryset[:20]:
            problem = support.re_read(target.kind, target.key)
            if problem:
                self.message_user(request, f"{target}: {problem}", messages.ERROR)
            else:
                self.log_change(request, target, "Tried again.")
                self.message_user(request, f"{target} is up to date.", messages.SUCCESS)


class IsSent(admin.SimpleListFilter):
    title = "sent"
    parameter_name = "sent"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("no", "Not sent"), ("yes", "Sent")]

    def queryset(self, request: HttpRequest, queryset: "QuerySet[OutgoingMail]") -> "QuerySet[OutgoingMail]":
        return queryset.filter(sent_at__isnull=self.value() == "no") if self.value() in ("yes", "no") else queryset


@admin.register(OutgoingMail)
class OutgoingMailAdmin(ReadOnlyAdmin):
    """The outbox. What was sent is never sent twice; what did not go out can be tried again."""

    list_display = ("to", "key", "created_at", "sent_at", "attempts", "last_error")
    list_filter = (IsSent, "template", "created_at")
    show_full_result_count = False
    search_fields = ("to", "key")
    search_help_text = "Email address, or what the message is about (receipt:ch_…)"
    actions = ("send_again",)
    fields = ("to", "person", "key", "template", "created_at", "sent_at", "attempts", "last_error", "what_it_says")

    def has_retry_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("subscriptions.change_outgoingmail")

    @column("person")
    def person(self, message: OutgoingMail) -> str:
        return link_to(message.user)

    @column("filled in with")
    def what_it_says(self, message: OutgoingMail) -> SafeString:
        return as_json(message.context)

    @admin.action(description="Try to send again", permissions=["retry"])
    def send_again(self, request: HttpRequest, queryset: "QuerySet[OutgoingMail]") -> None:
        for message in queryset[:20]:
            self._send_again(request, message)

    def _send_again(self, request: HttpRequest, message: OutgoingMail) -> None:
        if message.sent_at:
            self.message_user(request, f"{message} was sent already; it is not sent twice.", messages.WARNING)
            return
        OutgoingMail.objects.filter(pk=message.pk, sent_at=None).update(attempts=0)
        if mail.send(message.pk):
            self.log_change(request, message, "Sent again.")
            self.message_user(request, f"{message} is sent to {message.to}.", messages.SUCCESS)
            return
        message.refresh_from_db()
        reason = message.last_error or "a worker is sending it at this moment."
        self.message_user(request, f"{message} was not sent: {reason}", messages.ERROR)


@admin.register(StripeCustomer)
class StripeCustomerAdmin(ReadOnlyAdmin):
    list_display = ("stripe_id", "person", "livemode", "deleted_at")
    list_select_related = ("user",)
    search_fields = ("=stripe_id", "user__email")
    search_help_text = "Stripe's customer id (cus_…) or email address"
    fields = ("person", "at_stripe", "livemode", "deleted_at")

    @column("person")
    def person(self, customer: StripeCustomer) -> str:
        return link_to(customer.user)

    @column("customer")
    def at_stripe(self, customer: StripeCustomer) -> str:
        return stripe_link(customer.stripe_id)
