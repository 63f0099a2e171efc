"""New prices for running subscriptions: whom one meets is shown before it starts, and it can be stopped."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path

from accounts.admin_pages import ModelAdmin, ReadOnlyAdmin, admin_url, column, refused
from subscriptions import price_changes
from subscriptions.models import Offer, PriceChange, PriceNotice


class StartForm(forms.Form):
    offer = forms.ModelChoiceField(
        label="New price", queryset=Offer.objects.filter(kind=Offer.Kind.SUBSCRIPTION, active=True),
        help_text="A subscription offer that is on sale. Subscriptions with the same interval, currency and audience"
        " move to its price.",
    )  # fmt: skip
    reason = forms.CharField(
        label="Why", required=False, max_length=300, widget=forms.Textarea(attrs={"rows": 2}),
        help_text="One sentence for the mail, in the readers' words. May be empty.",
    )  # fmt: skip


@admin.register(PriceChange)
class PriceChangeAdmin(ModelAdmin):
    """Started after a preview, never edited; what became of it is counted."""

    list_display = ("shown", "started_at", "started_by", "told", "moved", "stopped_at")
    list_select_related = ("offer__journal", "started_by")
    change_form_template = "admin/subscriptions/pricechange/change_form.html"
    fieldsets = (
        (None, {"fields": ("shown", "reason", "started_at", "started_by", "stopped_at")}),
        ("So far", {"fields": ("told", "moved", "lapsed", "withdrawn", "to_go")}),
    )

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def may_stop(self, request: HttpRequest) -> bool:
        return request.user.has_perm("subscriptions.change_pricechange")

    @column("new price")
    def shown(self, change: PriceChange) -> str:
        return f"{change.offer.price} per {change.offer.interval}" + (" (in training)" if change.offer.audience else "")

    def get_queryset(self, request: HttpRequest) -> Any:
        moved = Count("notices", filter=Q(notices__state=PriceNotice.State.MOVED))
        return super().get_queryset(request).annotate(told_to=Count("notices"), moved_to=moved)

    @column("told", ordering="told_to")
    def told(self, change: PriceChange) -> int:
        return change.told_to  # type: ignore[attr-defined,no-any-return]

    @column("moved at Stripe", ordering="moved_to")
    def moved(self, change: PriceChange) -> int:
        return change.moved_to  # type: ignore[attr-defined,no-any-return]

    @column("not in time")
    def lapsed(self, change: PriceChange) -> int:
        return change.notices.filter(state=PriceNotice.State.LAPSED).count()

    @column("withdrawn")
    def withdrawn(self, change: PriceChange) -> int:
        return change.notices.filter(state=PriceNotice.State.WITHDRAWN).count()

    @column("pay another price still")
    def to_go(self, change: PriceChange) -> int:
        return price_changes.met(change.offer).count()

    # --- start ---

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> HttpResponse:
        if not self.has_add_permission(request):
            return refused(self, request, "Business")
        form = StartForm(request.POST or None, initial={"offer": request.GET.get("offer")})
        if request.method == "POST" and form.is_valid() and "confirm" in request.POST:
            return self._start(request, form)
        preview = price_changes.preview(form.cleaned_data["offer"]) if form.is_bound and form.is_valid() else None
        context = {
            **self.admin_site.each_context(request), "title": "Change the price of running subscriptions",
            "opts": self.opts, "form": form, "preview": preview, "days": price_changes.notice_days(),
        }  # fmt: skip
        return TemplateResponse(request, "admin/subscriptions/pricechange/start.html", context)

    def _start(self, request: HttpRequest, form: StartForm) -> HttpResponse:
        told = form.cleaned_data
        change = price_changes.start(told["offer"], request.user, told["reason"])  # type: ignore[arg-type]
        self.log_addition(request, change, "Started.")
        when = f"{price_changes.notice_days()} days before the renewal"
        said = f"Started. Each subscriber is told {when}, and pays the new price from it on."
        self.message_user(request, said, messages.SUCCESS)
        return redirect(admin_url(change))

    # --- stop ---

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        change = self.get_object(request, object_id)
        may = {"may_stop": change is not None and change.stopped_at is None and self.may_stop(request)}
        return super().change_view(request, object_id, form_url, {**may, **(extra_context or {})})

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.stop_view)
        return [path("<int:pk>/stop/", view, name="subscriptions_pricechange_stop"), *super().get_urls()]

    def stop_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        change = get_object_or_404(PriceChange.objects.select_related("offer"), pk=pk)
        if not self.may_stop(request):
            return refused(self, request, "Business")
        if request.method == "POST":
            kept = price_changes.stop(change)
            said = f"Stopped. {kept} who had been told keep their price and get a mail that says so."
            self.log_change(request, change, said)
            self.message_user(request, said, messages.SUCCESS)
            return redirect(admin_url(change))
        states = dict(change.notices.values_list("state").annotate(Count("pk")).order_by())
        context = {
            **self.admin_site.each_context(request), "title": "Stop the price change", "opts": self.opts,
            "original": change, "waiting": states.get(PriceNotice.State.TOLD, 0),
            "moved": states.get(PriceNotice.State.MOVED, 0),
        }  # fmt: skip
        return TemplateResponse(request, "admin/subscriptions/pricechange/stop.html", context)


@admin.register(PriceNotice)
class PriceNoticeAdmin(ReadOnlyAdmin):
    """Who was told of which price, and what became of it."""

    list_display = ("told_at", "person", "old_price", "price", "applies_at", "state")
    list_filter = ("state", "applies_at")
    list_select_related = ("subscription__user",)
    show_full_result_count = False
    search_fields = ("subscription__user__email", "=subscription__stripe_id")
    search_help_text = "Email address or Stripe id of the subscription"
    fieldsets = (
        (None, {"fields": ("person", "old_price", "price", "applies_at", "state", "told_at", "moved_at", "change")}),
    )

    @column("person")
    def person(self, notice: PriceNotice) -> str:
        return str(notice.subscription.user)  # no link: Business does not see people's pages
