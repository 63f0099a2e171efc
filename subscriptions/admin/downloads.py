"""Who was asked about many downloads, what they answered, and telling their library."""

from typing import Any

from django import forms
from django.contrib import admin
from django.utils import timezone

from accounts.admin_pages import column, is_there, link_to
from subscriptions import downloads, mail
from subscriptions.admin.deciding import DecidableAdmin
from subscriptions.models import DownloadQuestion


class LookForm(forms.Form):
    SETTLE, TELL = "settle", "tell"
    action = forms.ChoiceField(label="What to do", widget=forms.RadioSelect)
    note = forms.CharField(
        label="Note", required=False, max_length=300, help_text="For other staff; nobody else sees it."
    )

    def __init__(self, *args: Any, question: DownloadQuestion, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.question = question
        library = question.institution
        to_library = []
        if library and can_be_told(question):
            to_library = [(self.TELL, f"Write to {library}, {library.contact_email}")]
        self.fields["action"].choices = [(self.SETTLE, "Nothing more: it was looked at"), *to_library]  # type: ignore[attr-defined]

    def act(self, by: Any) -> str:
        question, now = self.question, timezone.now()
        if is_told := self.cleaned_data["action"] == self.TELL:
            mail.many_downloads(question)
            question.told_at = now
        question.settled_at, question.settled_by, question.note = now, by, self.cleaned_data["note"]
        question.save(update_fields=["told_at", "settled_at", "settled_by", "note"])
        return f"Written to {question.institution}." if is_told else "Looked at."


def can_be_told(question: DownloadQuestion) -> bool:
    return bool(question.institution and question.institution.contact_email and not question.told_at)


@admin.register(DownloadQuestion)
class DownloadQuestionAdmin(DecidableAdmin):
    list_display = ("__str__", "who", "library", "asked_at", "purpose", "answered_at", "settled_at")
    list_filter = (is_there("settled_at", "state", "Looked at", "To be looked at"), "purpose")
    list_select_related = ("user", "institution", "settled_by")
    search_fields = ("user__email", "institution__name")
    search_help_text = "Email address or institution"
    ordering = ("-asked_at",)
    fieldsets = (
        (None, {"fields": ("who", "library", "texts", "hours", "is_shared", "asked_at", "open_until")}),
        ("Answer", {"fields": ("purpose", "answered_at", "answers")}),
        ("Looked at", {"fields": ("settled_at", "settled_by", "told_at", "note")}),
    )

    def is_open(self, row: DownloadQuestion) -> bool:
        return row.settled_at is None or can_be_told(row)

    def form_for(self, row: DownloadQuestion, data: Any) -> LookForm:
        return LookForm(data, question=row)

    def notes(self, row: DownloadQuestion) -> list[str]:
        answered = f"The answer: {row.get_purpose_display()}." if row.purpose else "There is no answer yet."
        others = DownloadQuestion.objects.filter(reader=row.reader).exclude(pk=row.pk).count()
        before = [f"The same reader was asked {others} times before or since."] if others else []
        shared = ["Nobody of this address has a session: it may be several people."] if row.is_shared else []
        return [f"{row}. {answered}", *before, *shared, *downloads.advice(row)]

    @column("who", ordering="user__email")
    def who(self, row: DownloadQuestion) -> str:
        return link_to(row.user, row.user.email) if row.user else "Without an account"

    @column("institution", ordering="institution__name")
    def library(self, row: DownloadQuestion) -> str | None:
        return link_to(row.institution) if row.institution else None
