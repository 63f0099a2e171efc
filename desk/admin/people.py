"""A person as support needs to see them: what they have, what they paid, and why an article is open or closed."""

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path

from accounts.admin import AccountAdmin
from accounts.admin_pages import refused
from accounts.models import SignInIncident, User
from journal.doi import pasted_doi
from journal.models import Article
from subscriptions import access, support
from subscriptions.admin.sales import stripe_link
from subscriptions.models import Entitlement, Order, Receipt, StripeCustomer, Subscription

NEWEST = 20
MAY_SEE = "subscriptions.view_entitlement"


class ExplainForm(forms.Form):
    doi = forms.CharField(
        label="DOI", max_length=300, widget=forms.TextInput(attrs={"size": 40, "placeholder": "10.1234/abc"})
    )
    ip = forms.GenericIPAddressField(
        label="IP address (optional)", required=False,
        help_text="Of the reader's network, to see an institution's right.",
        error_messages={"invalid": "This is not an IP address. Write it like 192.0.2.7, or leave it empty."},
    )  # fmt: skip

    def clean_doi(self) -> Article:
        doi = pasted_doi(self.cleaned_data["doi"])
        if doi is None:
            raise forms.ValidationError(
                "This is not a DOI. Write it like 10.1234/abc, or paste the https://doi.org/ link."
            )
        article = Article.objects.by_doi(doi).first()
        if article is None:
            raise forms.ValidationError(f"There is no article with the DOI {doi} here.")
        return article


class PersonAdmin(AccountAdmin):
    """Found by e-mail, name, or anything a person can read out: order, receipt, error reference, Stripe id."""

    change_form_template = "admin/accounts/user/change_form.html"
    search_help_text = "E-mail, name, order or receipt number, error reference (E2-7KQ4M) or Stripe id"

    def get_search_results(self, request: HttpRequest, queryset: "QuerySet[Any]", search_term: str) -> Any:
        found, may_repeat = super().get_search_results(request, queryset, search_term)
        behind = support.people_behind(search_term) if request.user.has_perm(MAY_SEE) else set()
        return (queryset.filter(Q(pk__in=found) | Q(pk__in=behind)), may_repeat) if behind else (found, may_repeat)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The account's own fields are for those who may change them; everybody else is at the person's page."""
        if request.user.has_perm(MAY_SEE) and not self.has_change_permission(request) and object_id.isdigit():
            return redirect("admin:desk:person", object_id)
        return super().change_view(request, object_id, form_url, extra_context)

    def explain_view(self, request: HttpRequest, user_id: int) -> HttpResponse:
        person = get_object_or_404(User, pk=user_id)
        if not (self.has_view_permission(request, person) and request.user.has_perm(MAY_SEE)):
            return refused(self, request, "Support")
        form = ExplainForm(request.GET)
        context = {
            **self.admin_site.each_context(request), "title": "Explain access", "opts": self.opts, "person": person,
            "form": form, "article": None, "access": None,
        }  # fmt: skip
        if form.is_valid():
            article = form.cleaned_data["doi"]
            answer = access.look_up(person.pk, form.cleaned_data["ip"] or None, [article.pk])[article.pk]
            context |= {"article": article, "access": answer, "reason": str(answer.reason).replace("_", " ")}
        return TemplateResponse(request, "admin/accounts/user/explain.html", context)

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.explain_view)
        return [path("<int:user_id>/explain/", view, name="accounts_user_explain"), *super().get_urls()]


def desk_of(person: User) -> dict[str, Any]:
    """The newest of everything a person has, and how many more there are: a person may hold thousands of rights."""
    rights = Entitlement.objects.filter(user=person).select_related("user", "article", "issue", "journal")
    orders = list(Order.objects.filter(user=person).defer("params")[:NEWEST])
    brought = support.rights_by_source(orders)
    customers = StripeCustomer.objects.filter(user=person, deleted_at=None)
    return {
        "rights": [(right, support.state_of(right)) for right in rights[:NEWEST]],
        "rights_count": rights.count(),
        "orders": [(order, _state(brought.get(order.pk))) for order in orders],
        "orders_count": Order.objects.filter(user=person).count(),
        "subscriptions": Subscription.objects.filter(user=person).select_related("journal")[:NEWEST],
        "receipts": Receipt.objects.filter(user=person).select_related("payment")[:NEWEST],
        "incidents": SignInIncident.objects.filter(user=person)[:NEWEST],
        "customers": [stripe_link(customer.stripe_id) for customer in customers],
    }


def _state(right: Entitlement | None) -> str:
    return support.state_of(right) if right else "Nothing"


admin.site.unregister(User)
admin.site.register(User, PersonAdmin)
