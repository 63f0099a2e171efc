"""Credits, as support needs them: look one up by number or name, correct what its certificate says, revoke it."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.widgets import AdminDateWidget
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils import timezone

from accounts.admin_pages import ReadOnlyAdmin, ReadOnlyInline, admin_url, column, link_to, refused
from cme import claiming
from cme.certificate import certificate
from cme.models import Attempt, Commitment, Correction, Credit
from cme.scoring import in_words, steps


class CorrectionInline(ReadOnlyInline):
    model = Correction
    fields = ("at", "by", "reason", "what")
    verbose_name_plural = "Corrections"

    @column("what changed")
    def what(self, row: Correction) -> str:
        return "; ".join(f"{name}: {value} → {row.after[name]}" for name, value in row.before.items())


class CorrectForm(forms.Form):
    """What a certificate says. A reason is always asked."""

    name = forms.CharField(max_length=200)
    profession = forms.ChoiceField(choices=Credit.Profession)
    quarters = forms.TypedChoiceField(label="Credit", coerce=int)
    completed_on = forms.DateField(label="Completed on", widget=AdminDateWidget)
    reason = forms.CharField(max_length=300, help_text="Kept beside the correction, for good.")

    def __init__(self, *args: Any, credit: Credit, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.credit = credit
        self.initial = {name: getattr(credit, name) for name in claiming.CORRECTABLE}
        most = [(step, in_words(step)) for step in steps(credit.activity.quarters)]
        self.fields["quarters"].choices = most  # type: ignore[attr-defined]

    def clean_completed_on(self) -> Any:
        day, activity = self.cleaned_data["completed_on"], self.credit.activity
        if not activity.released_on <= day <= min(activity.expires_on, timezone.localdate()):
            raise forms.ValidationError("The day must lie between release and expiration, and not ahead.")
        return day

    def act(self, by: Any) -> str:
        told = dict(self.cleaned_data)
        reason = told.pop("reason")
        claiming.correct(self.credit, by, reason, **told)
        return f"Corrected: {reason}"


class StandingForm(forms.Form):
    """Revoke, or restore what was revoked."""

    reason = forms.CharField(max_length=300, help_text="The learner reads it when it is revoked.")

    def __init__(self, *args: Any, credit: Credit, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.credit = credit

    def act(self, by: Any) -> str:
        reason = self.cleaned_data["reason"]
        if self.credit.revoked_at:
            claiming.restore(self.credit, by, reason)
            return f"Restored: {reason}"
        claiming.revoke(self.credit, by, reason)
        return f"Revoked: {reason}"


class StandingFilter(admin.SimpleListFilter):
    title, parameter_name = "standing", "standing"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Any:
        return [("valid", "Valid"), ("revoked", "Revoked")]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        return queryset.filter(revoked_at__isnull=self.value() == "valid") if self.value() else queryset


@admin.register(Credit)
class CreditAdmin(ReadOnlyAdmin):
    list_display = ("number", "name", "learner", "activity", "credit_shown", "completed_on", "stands", "reported")
    list_filter = (StandingFilter, "profession", "report__state")
    list_select_related = ("user", "activity__article", "report")
    search_fields = ("number", "name", "user__email", "activity__article__title")
    search_help_text = "Number of the certificate, name, email address or title"
    date_hierarchy = "completed_on"
    inlines = (CorrectionInline,)
    change_form_template = "admin/cme/credit/change_form.html"
    fieldsets = (
        (None, {"fields": ("number", "learner", "activity_shown", "name", "profession", "credit_shown")}),
        ("When", {"fields": ("completed_on", "claimed_at")}),
        ("Standing", {"fields": ("stands", "by_whom", "revoke_reason")}),
    )
    readonly_fields = ("learner", "activity_shown", "credit_shown", "stands", "by_whom")

    @column("account", ordering="user__email")
    def learner(self, credit: Credit) -> str:
        return str(credit.user)

    @column("revoked by")
    def by_whom(self, credit: Credit) -> str | None:
        return str(credit.revoked_by) if credit.revoked_by else None

    @column("activity")
    def activity_shown(self, credit: Credit) -> str:
        return link_to(credit.activity)

    @column("credit", ordering="quarters")
    def credit_shown(self, credit: Credit) -> str:
        return credit.credit

    @column("reported", ordering="report__state")
    def reported(self, credit: Credit) -> str | None:
        report = getattr(credit, "report", None)
        return report.get_state_display() if report else None

    @column("standing")
    def stands(self, credit: Credit) -> str:
        return f"Revoked on {timezone.localtime(credit.revoked_at):%B %-d, %Y}" if credit.revoked_at else "Valid"

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        return [
            path("<int:pk>/correct/", view(self.correct_view), name="cme_credit_correct"),
            path("<int:pk>/standing/", view(self.standing_view), name="cme_credit_standing"),
            path("<int:pk>/certificate.pdf", view(self.certificate_view), name="cme_credit_certificate"),
            *super().get_urls(),
        ]

    def may_change(self, request: HttpRequest) -> bool:
        return request.user.has_perm("cme.change_credit")

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        may = {"may_change": self.may_change(request)}
        return super().change_view(request, object_id, form_url, {**may, **(extra_context or {})})

    def certificate_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        credit = get_object_or_404(Credit, pk=pk)
        if not self.has_view_permission(request, credit):
            return refused(self, request, "Support")
        return HttpResponse(certificate(credit), content_type="application/pdf")

    def correct_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        return self._do(request, pk, CorrectForm, "Correct the certificate")

    def standing_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        return self._do(request, pk, StandingForm, "Revoke or restore")

    def _do(self, request: HttpRequest, pk: int, form_class: Any, title: str) -> HttpResponse:
        credit = get_object_or_404(Credit.objects.select_related("activity__article"), pk=pk)
        if not self.may_change(request):
            return refused(self, request, "Support")
        form = form_class(request.POST or None, credit=credit)
        if request.method == "POST" and form.is_valid():
            try:
                said = form.act(request.user)
            except ValueError as error:
                form.add_error(None, str(error))
            else:
                self.log_change(request, credit, said)
                self.message_user(request, f"{credit.number}: {said}", messages.SUCCESS)
                return redirect(admin_url(credit))
        context = {
            **self.admin_site.each_context(request), "title": title, "opts": self.opts, "credit": credit, "form": form,
            "media": self.media + form.media,
        }  # fmt: skip
        return TemplateResponse(request, "admin/cme/credit/do.html", context)


@admin.register(Attempt)
class AttemptAdmin(ReadOnlyAdmin):
    list_display = ("user", "activity", "number", "state", "right", "started_at", "submitted_at")
    list_filter = ("state",)
    list_select_related = ("user", "activity__article")
    search_fields = ("user__email", "activity__article__title")
    search_help_text = "Email address or title"
    readonly_fields = ("learner",)
    fields = (
        "learner", "activity", "number", "state", "right", "minimum", "started_at", "saved_at", "attested_at",
        "attestation", "submitted_at",
    )  # fmt: skip

    @column("account")
    def learner(self, attempt: Attempt) -> str:
        """Without a link: the education desk does not look after accounts."""
        return str(attempt.user)


@admin.register(Commitment)
class CommitmentAdmin(ReadOnlyAdmin):
    """Without names: what was meant, and what came of it."""

    list_display = ("text", "made_at", "asked_at", "outcome", "answered_at")
    list_filter = ("outcome",)
    fields = ("text", "made_at", "ask_at", "asked_at", "outcome", "note", "answered_at")
