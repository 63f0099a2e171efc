"""Activities: everything of one on one page, and the verbs publish, close, preview, versions, outcomes."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.views.decorators.http import require_POST

from accounts.admin_pages import ModelAdmin, PlainChoices, TabularInline, admin_url, column, refused
from cme import outcomes, publishing, questions
from cme.admin.preview import preview
from cme.admin.question_form import NAMES, QuestionForm
from cme.models import Activity, Provider, Question, Requirement

ROLE = "Education"


class QuestionInline(admin.StackedInline):  # type: ignore[type-arg]
    model = Question
    form = QuestionForm
    extra = 0
    fields = (("position", "passage"), "text", *NAMES, "preferred", "rationale")
    verbose_name_plural = "Questions"

    def get_formset(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> Any:
        passages = publishing.passage_choices(obj.article) if obj else []
        form = type("QuestionForm", (QuestionForm,), {"passages": passages})
        return super().get_formset(request, obj, **kwargs, form=form)

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).filter(replaced_at=None).prefetch_related("choices")


class RequirementInline(TabularInline):
    model = Requirement
    extra = 0
    verbose_name_plural = "Requirements it meets"


class ActivityForm(forms.ModelForm):  # type: ignore[type-arg]
    class Meta:
        model = Activity
        fields = (
            "article", "provider", "joint_with", "format", "quarters", "objectives", "target_audience", "disclosures",
            "commercial_support", "minimum", "attempts_allowed", "wait_hours", "audience", "takes_renters",
            "takes_networks", "released_on", "expires_on", "pars_id",
        )  # fmt: skip
        widgets = {
            "objectives": forms.Textarea(attrs={"rows": 4}), "disclosures": forms.Textarea(attrs={"rows": 4}),
            "target_audience": forms.Textarea(attrs={"rows": 2}),
            "commercial_support": forms.Textarea(attrs={"rows": 2}),
        }  # fmt: skip


@admin.register(Activity)
class ActivityAdmin(PlainChoices, ModelAdmin):
    form = ActivityForm
    list_display = ("article", "status", "credit_shown", "released_on", "expires_on", "taken", "provider")
    list_filter = ("status", "provider", "audience")
    list_select_related = ("article", "provider")
    search_fields = ("article__title", "article__doi", "provider__name")
    search_help_text = "Title or DOI of the article, or the provider"
    autocomplete_fields = ("article",)
    inlines = (RequirementInline, QuestionInline)
    change_form_template = "admin/cme/activity/change_form.html"
    fieldsets = (
        (None, {"fields": ("article", ("provider", "joint_with"), ("format", "quarters"))}),
        ("What the page says", {"fields": ("objectives", "target_audience", "disclosures", "commercial_support")}),
        ("The test", {"fields": (("minimum", "attempts_allowed", "wait_hours"),)}),
        ("Who may take part", {"fields": ("audience", "takes_renters", "takes_networks")}),
        ("When", {"fields": (("released_on", "expires_on"), "pars_id")}),
    )

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Only a draft nobody has met; what was published is closed instead."""
        never_offered = obj is None or obj.published_at is None
        return never_offered and super().has_delete_permission(request, obj)

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """The questions of a draft go with it."""
        found = super().get_deleted_objects([], request)
        return ([str(one) for one in objs], *found[1:])

    def delete_model(self, request: HttpRequest, obj: Activity) -> None:
        obj.questions.all().delete()
        super().delete_model(request, obj)

    def get_actions(self, request: HttpRequest) -> Any:
        actions = super().get_actions(request)
        actions.pop("delete_selected", None)
        return actions

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: bool) -> None:
        """Questions are written with their versions (cme/questions.py); everything else as usual."""
        if formset.model is not Question:
            super().save_formset(request, form, formset, change)
            return
        formset.new_objects, formset.changed_objects, formset.deleted_objects = [], [], []
        for one in formset.forms:
            self._write_question(form.instance, one, formset)

    def _write_question(self, activity: Activity, one: Any, formset: Any) -> None:
        removed = one in formset.deleted_forms
        if one.instance.pk and removed:
            questions.remove(one.instance)
            formset.deleted_objects.append(one.instance)
        elif one.instance.pk and one.has_changed():
            newer = questions.revise(Question.objects.get(pk=one.instance.pk), one.draft())
            formset.changed_objects.append((newer, one.changed_data))
        elif not one.instance.pk and one.has_changed() and not removed:
            formset.new_objects.append(questions.add(activity, one.draft()))

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        publishing.tell(form.instance)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        activity = self.get_object(request, object_id)
        found = publishing.problems(activity) if activity and activity.status != Activity.Status.CLOSED else []
        return super().change_view(request, object_id, form_url, {"problems": found, **(extra_context or {})})

    @column("credit", ordering="quarters")
    def credit_shown(self, activity: Activity) -> str:
        return activity.credit

    def get_queryset(self, request: HttpRequest) -> Any:
        claimed = Count("credits", filter=Q(credits__revoked_at=None))
        return super().get_queryset(request).annotate(claimed=claimed)

    @column("claimed", ordering="claimed")
    def taken(self, activity: Activity) -> int:
        return activity.claimed  # type: ignore[attr-defined,no-any-return]

    # --- verbs -------------------------------------------------------------------------------------------------------

    def get_urls(self) -> list[URLPattern]:
        verbs = {
            "publish": require_POST(self.publish_view), "close": self.close_view, "preview": self.preview_view,
            "versions": self.versions_view, "outcomes": self.outcomes_view,
        }  # fmt: skip
        own = [
            path(f"<int:pk>/{verb}/", self.admin_site.admin_view(view), name=f"cme_activity_{verb}")
            for verb, view in verbs.items()
        ]
        return [*own, *super().get_urls()]

    def _find(self, pk: int) -> Activity:
        return get_object_or_404(Activity.objects.select_related("article", "provider"), pk=pk)

    def publish_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        activity = self._find(pk)
        if not self.has_change_permission(request, activity):
            return refused(self, request, ROLE)
        found = publishing.publish(activity) if activity.status == Activity.Status.DRAFT else ["It is not a draft."]
        if found:
            self.message_user(request, f"Not published. {' '.join(found)}", messages.ERROR)
        else:
            self.log_change(request, activity, "Published.")
            self.message_user(request, "Published: the article’s page now leads to it.", messages.SUCCESS)
        return redirect(admin_url(activity))

    def close_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        activity = self._find(pk)
        if not self.has_change_permission(request, activity):
            return refused(self, request, ROLE)
        form = CloseForm(request.POST or None)
        if request.method == "POST" and form.is_valid() and activity.status == Activity.Status.PUBLISHED:
            publishing.close(activity, form.cleaned_data["reason"])
            self.log_change(request, activity, f"Closed: {activity.close_reason}")
            self.message_user(request, "Closed. Who has passed may claim for 30 days.", messages.SUCCESS)
            return redirect(admin_url(activity))
        return self._page(request, activity, "close", "Close the activity", form=form)

    def preview_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        activity = self._find(pk)
        if not self.has_view_permission(request, activity):
            return refused(self, request, ROLE)
        self.log_change(request, activity, "Previewed as a learner.")
        return preview(request, activity)

    def versions_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        activity = self._find(pk)
        if not self.has_view_permission(request, activity):
            return refused(self, request, ROLE)
        rows = activity.questions.prefetch_related("choices").order_by("position", "key", "-version")
        return self._page(request, activity, "versions", "Versions of the questions", rows=rows)

    def outcomes_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        activity = self._find(pk)
        if not self.has_view_permission(request, activity):
            return refused(self, request, ROLE)
        return self._page(request, activity, "outcomes", "Outcomes", outcomes=outcomes.of(activity))

    def _page(self, request: HttpRequest, activity: Activity, name: str, title: str, **more: Any) -> HttpResponse:
        context = {
            **self.admin_site.each_context(request), "title": title, "opts": self.opts, "activity": activity, **more
        }  # fmt: skip
        return TemplateResponse(request, f"admin/cme/activity/{name}.html", context)


class CloseForm(forms.Form):
    reason = forms.CharField(max_length=300, help_text="For the log. Learners read that the provider has closed it.")


@admin.register(Provider)
class ProviderAdmin(ModelAdmin):
    list_display = ("name", "accreditor", "pars_id")
    search_fields = ("name",)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_delete_permission(request, obj) and (obj is None or not obj.activities.exists())
