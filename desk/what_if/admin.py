"""The change pages that look first: articles, offers, institutions and their networks, licenses."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.utils import timezone

from desk.what_if import articles, embargo, licenses, networks, offers
from desk.what_if.effect import Effect
from desk.what_if.pages import LOOKED_AT, LooksFirst, carried, page, seen_by
from journal.admin.articles import ArticleAdmin
from journal.models import Article
from subscriptions.admin.institutions import InstitutionAdmin
from subscriptions.admin.licenses import SiteLicenseAdmin
from subscriptions.admin.offers import OfferAdmin
from subscriptions.admin.proposals import RangeProposalAdmin, plan_of
from subscriptions.institutions.ranges import Plan
from subscriptions.models import Institution, IPRange, Offer, RangeProposal, SiteLicense


class LookingArticleAdmin(LooksFirst, ArticleAdmin):
    actions: Any = (*ArticleAdmin.actions, "change_free_day")

    def effect_of(self, before: Article, form: Any, formsets: list[Any]) -> Effect | None:
        return articles.effect(before, form.instance)

    @admin.action(description="Change when they become free…", permissions=["publish"])
    def change_free_day(self, request: HttpRequest, queryset: "QuerySet[Article]") -> HttpResponse | None:
        """Months for all that are chosen: asked, looked at, done."""
        form = embargo.EmbargoForm(request.POST if "months" in request.POST else None)
        if not form.is_valid():
            context = {
                **self.admin_site.each_context(request), "title": "When they become free", "opts": self.opts,
                "form": form, "count": queryset.count(),
                "carried": carried(request, "months"),
            }  # fmt: skip
            return TemplateResponse(request, "admin/desk/overview_embargo.html", context)
        rule = embargo.Embargo(queryset, form.cleaned_data["months"])
        effect = rule.effect(timezone.localdate())
        if request.POST.get(LOOKED_AT) != effect.digest:
            return page(self, request, effect, None, "Change them", {LOOKED_AT: effect.digest})
        done = rule.apply(request.user.pk)  # type: ignore[arg-type]
        self.message_user(request, f"{done:,} articles got another day.", messages.SUCCESS)
        return None


class LookingOfferAdmin(LooksFirst, OfferAdmin):
    def effect_of(self, before: Offer, form: Any, formsets: list[Any]) -> Effect | None:
        return offers.effect(before, form.instance)


class LookingLicenseAdmin(LooksFirst, SiteLicenseAdmin):
    def effect_of(self, before: SiteLicense, form: Any, formsets: list[Any]) -> Effect | None:
        return licenses.effect(before, form.instance)

    def step_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """The page of the next step says what paying and making void would do."""
        answer = super().step_view(request, pk)
        if isinstance(answer, TemplateResponse) and "notes" in (answer.context_data or {}):
            row = get_object_or_404(SiteLicense.objects.select_related("institution", "journal"), pk=pk)
            answer.context_data["notes"] = [*answer.context_data["notes"], *licenses.next_step(row)]  # type: ignore[index]
        return answer


class LookingInstitutionAdmin(LooksFirst, InstitutionAdmin):
    def effect_of(self, before: Institution, form: Any, formsets: list[Any]) -> Effect | None:
        rows = next((one for one in formsets if one.model is IPRange), None)
        if rows is None:
            return None
        was = list(before.ranges.values_list("network", flat=True))
        kept = [one for one in rows.forms if one not in rows.deleted_forms and one.cleaned_data.get("network")]
        return networks.effect(before, was, [one.cleaned_data["network"] for one in kept])

    def networks_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """A list of networks is looked at anyway; beside what comes and goes it says what that opens and closes."""
        answer = super().networks_view(request, pk)
        told = answer.context_data if isinstance(answer, TemplateResponse) else None
        plan = told.get("plan") if told else None
        if told and plan and plan.is_possible:
            found = _of_plan(told["original"], plan)
            told["effect"] = seen_by(request, found) if found else None
        return answer


class LookingProposalAdmin(RangeProposalAdmin):
    """What a librarian asks for is looked at like what staff type."""

    def decide_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        answer = super().decide_view(request, pk)
        told = answer.context_data if isinstance(answer, TemplateResponse) else None
        if told and told["is_open"]:
            row: RangeProposal = told["original"]
            plan = plan_of(row)
            found = _of_plan(row.institution, plan) if plan.is_possible else None
            told["effect"] = seen_by(request, found) if found else None
        return answer


def _of_plan(institution: Institution, plan: Plan) -> Effect | None:
    was = set(institution.ranges.values_list("network", flat=True))
    return networks.effect(institution, was, (was | set(plan.appear)) - set(plan.disappear))


for model, looking in (
    (Article, LookingArticleAdmin),
    (Offer, LookingOfferAdmin),
    (Institution, LookingInstitutionAdmin),
    (SiteLicense, LookingLicenseAdmin),
    (RangeProposal, LookingProposalAdmin),
):
    admin.site.unregister(model)
    admin.site.register(model, looking)
