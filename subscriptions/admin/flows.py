"""What support looks up around a sale: gift links, credits, consents and withdrawals. Read-only."""

from typing import Any

from django.contrib import admin
from django.db.models import Count
from django.http import HttpRequest

from accounts.admin_pages import ReadOnlyAdmin, column, link_to
from subscriptions import gifts
from subscriptions.models import Consent, Credit, GiftLink
from subscriptions.money import Money


@admin.register(GiftLink)
class GiftLinkAdmin(ReadOnlyAdmin):
    list_display = ("person", "article", "stands", "devices", "created_at", "expires_at")
    list_display_links = ("stands",)
    list_select_related = ("giver", "article")
    show_full_result_count = False
    search_fields = ("giver__email", "article__doi", "=token")
    search_help_text = "Giver's email address, DOI, or the last part of the link"
    fieldsets = (
        (None, {"fields": ("person", "article", "stands", "devices", "created_at", "expires_at", "revoked_at")}),
    )

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).annotate(opened=Count("openings"))

    @column("giver", ordering="giver__email")
    def person(self, link: GiftLink) -> str:
        return link_to(link.giver)

    @column("devices")
    def devices(self, link: GiftLink) -> int:
        return link.opened  # type: ignore[attr-defined,no-any-return]

    @column("state")
    def stands(self, link: GiftLink) -> str:
        return gifts.state_of(link, link.opened).capitalize()  # type: ignore[attr-defined]


@admin.register(Credit)
class CreditAdmin(ReadOnlyAdmin):
    """Which earlier payment counted towards which order."""

    list_display = ("created_at", "off", "state", "paid_with", "counted_for")
    list_filter = ("state",)
    list_select_related = ("source", "target")
    show_full_result_count = False
    search_fields = ("source__number", "target__number", "source__user__email")
    search_help_text = "Order number or email address"
    fieldsets = ((None, {"fields": ("created_at", "off", "state", "paid_with", "counted_for")}),)

    @column("taken off")
    def off(self, credit: Credit) -> str:
        return str(Money(credit.amount, credit.source.currency))

    @column("paid with")
    def paid_with(self, credit: Credit) -> str:
        return link_to(credit.source)

    @column("counted towards")
    def counted_for(self, credit: Credit) -> str:
        return link_to(credit.target)


@admin.register(Consent)
class ConsentAdmin(ReadOnlyAdmin):
    """The words a reader agreed to, as proof."""

    list_display = ("given_at", "kind", "for_order", "version")
    list_filter = ("kind",)
    list_select_related = ("order",)
    show_full_result_count = False
    search_fields = ("order__number", "order__user__email", "order__guest_email", "=version")
    search_help_text = "Order number, email address or version of the words"
    date_hierarchy = "given_at"
    fieldsets = ((None, {"fields": ("given_at", "kind", "for_order", "text", "version", "page")}),)

    @column("order")
    def for_order(self, consent: Consent) -> str:
        return link_to(consent.order)
