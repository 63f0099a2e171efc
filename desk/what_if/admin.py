"""The change pages that look first: articles, offers, institutions and their networks, licenses."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.utils import timezone

from accounts.admin_pages import admin_url
from desk.what_if import articles, embargo, licenses, networks, offers, publishing
from desk.what_if.effect import Effect
from desk.what_if.pages import LOOKED_AT, LooksFirst, carried, page, seen_by
from journal.admin.articles import ArticleAdmin
from journal.models import Article
from journal.publishing import obstacles
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

    @admin.action(description="Publish…", permissions=["publish"])
    def publish_selected(self, request: HttpRequest, queryset: "QuerySet[Article]") -> HttpResponse | None:
        return self._verb(request, list(queryset), publish=True) or super().publish_selected(request, queryset)

    @admin.action(description="Unpublish (back to draft)…", permissions=["publish"])
    def unpublish_selected(self, request: HttpRequest, queryset: "QuerySet[Article]") -> HttpResponse | None:
        return self._verb(request, list(queryset), publish=False) or super().unpublish_selected(request, queryset)

    def verb_view(self, request: HttpRequest, article_id: int, verb: str) -> HttpResponse:
        article = get_object_or_404(Article, pk=article_id)
        looked = None
        if self.has_change_permission(request, article):
            looked = self._verb(request, [article], publish=verb == "publish", original=article)
        return looked or super().verb_view(request, article_id, verb)

    def _verb(
        self, request: HttpRequest, articles: list[Article], *, publish: bool, original: Article | None = None
    ) -> HttpResponse | None:
        """What publishing or unpublishing would do, unless it was looked at, or there is nothing that can be done."""
        possible = [one for one in articles if not (publish and obstacles(one))]
        effect = publishing.effect(possible, publish=publish)
        looked_at = request.POST.get(LOOKED_AT)
        if effect is None or looked_at == effect.digest:
            return None
        if looked_at:
            messages.warning(request, "Nothing was done: it would do something else by now. Look again.")
        if len(possible) < len(articles):
            effect.limits.append(f"{len(articles) - len(possible):,} cannot be published; each will say what it lacks.")
        words = f"{'Publish' if publish else 'Unpublish'} {'it' if original else 'them'}"
        back = admin_url(original) if original else ""
        return page(self, request, effect, original, words, {LOOKED_AT: effect.digest}, back)

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
