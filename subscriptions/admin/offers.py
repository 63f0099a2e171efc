"""Offers and their prices, typed as people write them: 30.00."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db.models import Count, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html

from accounts.admin_pages import ModelAdmin, ModelForm, PlainChoices, column
from subscriptions import offers
from subscriptions.models import Offer
from subscriptions.money import MINIMUM, decimals, from_minor, parse_money

MOST = 99_999_999  # Stripe, "Minimum and maximum charge amounts": eight digits
CURRENCIES = [(code, code.upper()) for code in sorted(MINIMUM, key=lambda code: (code != "usd", code))]


class TrialDays(forms.IntegerField):
    """Empty and 0 are the same: no trial."""

    def clean(self, value: Any) -> int:
        return super().clean(value) or 0

    def has_changed(self, initial: Any, data: Any) -> bool:
        return super().has_changed(initial or None, None if data in ("", "0", None) else data)


class OfferForm(ModelForm):
    """`amount` is text on the page and minor units in the offer; the currency says how many decimals it may have."""

    currency = forms.ChoiceField(choices=CURRENCIES)
    amount = forms.CharField(label="Price", max_length=20, help_text="In the currency's main unit, for example 30.00")

    trial_days = TrialDays(
        label="Free trial (days)", required=False, initial=0, min_value=0, max_value=90,
        help_text="For subscriptions. Given once to a reader; 0 for none.",
    )  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offer = self.instance
        if "currency" in self.fields and offer.pk and offer.currency not in MINIMUM:
            self.fields["currency"].choices += [(offer.currency, offer.currency.upper())]  # type: ignore[attr-defined]
        if offer.pk:
            self.initial["amount"] = f"{from_minor(offer.amount, offer.currency):.{decimals(offer.currency)}f}"

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        if "amount" in cleaned and "currency" in cleaned:
            try:
                cleaned["amount"] = minor_units(cleaned["amount"], cleaned["currency"])
            except ValueError as error:
                self.add_error("amount", str(error))
        if cleaned.get("kind") == Offer.Kind.CME and not cleaned.get("article"):
            self.add_error("article", "Choose the article whose CME activity this is the price of.")
        if cleaned.get("kind") == Offer.Kind.SUBSCRIPTION and cleaned.get("article"):
            self.add_error("article", "A subscription is for the journal. Leave the article empty.")
        return cleaned


def minor_units(text: str, currency: str) -> int:
    amount = parse_money(text, currency)
    if amount <= 0:
        raise ValueError("A price of 0 is not free access. To open an article, change its access under Articles.")
    if amount > MOST:
        raise ValueError(f"Stripe takes no payment above {from_minor(MOST, currency):,} {currency.upper()}.")
    return amount


def start_address(offer: Offer) -> str:
    """Where running subscriptions are moved to this offer's price."""
    return f"{reverse('admin:subscriptions_pricechange_add')}?offer={offer.pk}"


@admin.register(Offer)
class OfferAdmin(PlainChoices, ModelAdmin):
    form = OfferForm
    list_display = ("kind_shown", "price_shown", "what_for", "active", "order_count", "position", "tax_note")
    list_display_links = ("kind_shown", "price_shown")
    list_filter = ("active", "kind", "audience", "currency")
    list_select_related = ("journal", "article", "issue")
    search_fields = ("article__title", "article__doi")
    search_help_text = "Title or DOI of the article an offer is for"
    actions = ("take_off_sale", "put_on_sale")
    autocomplete_fields = ("article", "issue")
    fieldsets = (
        (None, {"fields": ("journal", "kind", "article", "issue", "interval", "rental_hours")}),
        ("Subscriptions", {"fields": ("audience", "trial_days")}),
        ("Price", {
            "fields": (("amount", "currency"), "tax_note", "takes_promotion_codes"),
            "description": "Once an offer has orders, its price and terms are kept as they were agreed: a change takes"
            " this offer off sale and puts a new one in its place. Subscriptions that are running keep their price"
            " until a price change is started for them (under Price changes).",
        }),
        ("On the page", {"fields": ("position", "active")}),
    )  # fmt: skip

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False  # taken off sale instead: orders name it

    def has_sell_permission(self, request: HttpRequest) -> bool:
        return self.has_change_permission(request)

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).annotate(ordered=Count("orders"))

    def formfield_for_foreignkey(self, db_field: Any, request: Any, **kwargs: Any) -> Any:
        if db_field.name == "journal":
            kwargs["initial"] = db_field.related_model.objects.first()
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def save_model(self, request: HttpRequest, obj: Offer, form: Any, change: bool) -> None:
        if not (change and obj.orders.exists() and set(form.changed_data) & set(offers.TERMS)):
            return super().save_model(request, obj, form, change)
        old = Offer.objects.get(pk=obj.pk)
        offers.replace(obj)
        self.log_change(request, old, f"Taken off sale; offer {obj.pk} took its place.")
        sentence = f"“{old}” has orders, so it was taken off sale as it is, and “{obj}” is a new offer in its place."
        if obj.kind == Offer.Kind.SUBSCRIPTION:
            sentence = format_html(
                '{} <a href="{}">Change running subscriptions, too…</a>', sentence, start_address(obj)
            )
        return self.message_user(request, sentence, messages.INFO)

    @column("kind", ordering="kind")
    def kind_shown(self, offer: Offer) -> str:
        return f"{offer.get_kind_display()} (in training)" if offer.audience else offer.get_kind_display()

    @column("price", ordering="amount")
    def price_shown(self, offer: Offer) -> str:
        return f"{offer.price} per {offer.interval}" if offer.interval else str(offer.price)

    @column("for")
    def what_for(self, offer: Offer) -> str:
        if offer.article or offer.issue:
            return str(offer.article or offer.issue)
        if offer.kind == Offer.Kind.ISSUE:
            return "Every issue"
        return str(offer.journal) if offer.kind == Offer.Kind.SUBSCRIPTION else "Every article"

    @column("orders", ordering="ordered")
    def order_count(self, offer: Offer) -> int:
        return offer.ordered  # type: ignore[attr-defined,no-any-return]

    @admin.action(description="Take off sale", permissions=["sell"])
    def take_off_sale(self, request: HttpRequest, queryset: "QuerySet[Offer]") -> None:
        for offer in queryset.filter(active=True):
            self._set_active(request, offer, False)

    @admin.action(description="Put on sale", permissions=["sell"])
    def put_on_sale(self, request: HttpRequest, queryset: "QuerySet[Offer]") -> None:
        for offer in queryset.filter(active=False):
            self._set_active(request, offer, True)

    def _set_active(self, request: HttpRequest, offer: Offer, active: bool) -> None:
        offer.active = active
        try:
            offer.validate_constraints()
        except ValidationError as error:
            self.message_user(request, f"“{offer}” was not put on sale. {' '.join(error.messages)}", messages.ERROR)
            return
        offer.save(update_fields=["active"])
        said = "Put on sale." if active else "Taken off sale."
        self.log_change(request, offer, said)
        self.message_user(request, f"“{offer}”: {said}", messages.SUCCESS)
