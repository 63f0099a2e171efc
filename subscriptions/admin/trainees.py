"""The queue of trainees' proofs: look, then accept until a day or refuse with words for the reader."""

from datetime import date, timedelta
from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.admin.widgets import AdminDateWidget
from django.http import FileResponse, Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html

from accounts.admin_pages import column, link_to, refused
from subscriptions import trainees
from subscriptions.admin.deciding import DecidableAdmin
from subscriptions.models import TraineeProof


class DecisionForm(forms.Form):
    """Yes with a last day, or no with a reason."""

    ACCEPT, REFUSE = "accept", "refuse"
    action = forms.ChoiceField(
        label="Decision", widget=forms.RadioSelect, choices=[(ACCEPT, "Accept until the day below"), (REFUSE, "Refuse")]
    )
    valid_until = forms.DateField(
        required=False,
        widget=AdminDateWidget,
        help_text="The last day of the reduced price, at most two years from now.",
    )
    answer = forms.CharField(
        label="What the reader is told", required=False, widget=forms.Textarea(attrs={"rows": 3}),
        help_text="With a refusal: what is missing, in a sentence.",
    )  # fmt: skip

    def __init__(self, *args: Any, proof: TraineeProof, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.proof = proof
        a_year_on = timezone.localdate() + timedelta(days=365)
        self.fields["valid_until"].initial = min(proof.ends_on, a_year_on)

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        if cleaned.get("action") == self.ACCEPT and not cleaned.get("valid_until") and "valid_until" not in self.errors:
            self.add_error("valid_until", "Choose the last day of the reduced price.")
        if cleaned.get("action") == self.REFUSE and not cleaned.get("answer"):
            self.add_error("answer", "Write what is missing: the reader gets it by mail.")
        return cleaned

    def act(self, by: Any) -> str:
        """Decide, and say it in a sentence for the log. Raises ValueError with one for the page."""
        if self.cleaned_data["action"] == self.ACCEPT:
            until: date = self.cleaned_data["valid_until"]
            trainees.accept(self.proof, by, until)
            return f"Accepted until {until}."
        trainees.refuse(self.proof, by, self.cleaned_data["answer"])
        return f"Refused: {self.cleaned_data['answer']}"


@admin.register(TraineeProof)
class TraineeProofAdmin(DecidableAdmin):
    list_display = ("person", "program", "state", "sent_at", "ends_on", "valid_until")
    list_filter = ("state",)
    list_select_related = ("user",)
    search_fields = ("user__email", "user__name", "program")
    search_help_text = "Email address, name or program"
    ordering = ("-state", "sent_at")  # what waits stands first, oldest on top
    fieldsets = (
        (None, {"fields": ("person", "program", "ends_on", "state", "sent_at")}),
        ("Proof", {"fields": ("shown", "attested", "contact")}),
        ("Decision", {"fields": ("valid_until", "answer", "decided_by", "decided_at")}),
    )

    def is_open(self, row: TraineeProof) -> bool:
        return row.state == TraineeProof.State.WAITING

    def form_for(self, row: TraineeProof, data: Any) -> DecisionForm:
        return DecisionForm(data, proof=row)

    def notes(self, row: TraineeProof) -> list[str]:
        declared = f"Declared without a document. To confirm: {row.contact}" if row.attested else None
        said = [f"{row.user}: {row.program}, until {row.ends_on}", self.shown(row), declared]
        return [note for note in said if note]

    @column("person", ordering="user__email")
    def person(self, proof: TraineeProof) -> str:
        return link_to(proof.user)

    @column("document")
    def shown(self, proof: TraineeProof) -> str | None:
        if not proof.document:
            return "Deleted or never sent" if proof.decided_at else None
        address = reverse("admin:subscriptions_traineeproof_document", args=[proof.pk])
        return format_html('<a href="{}">Download the document</a>', address)

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.document_view)
        return [path("<int:pk>/document/", view, name="subscriptions_traineeproof_document"), *super().get_urls()]

    def document_view(self, request: HttpRequest, pk: int) -> HttpResponseBase:
        """Downloaded, never shown in the site's own pages: a stranger made it."""
        proof = get_object_or_404(TraineeProof, pk=pk)
        if not self.has_view_permission(request, proof):
            return refused(self, request, "Support")
        if not proof.document:
            raise Http404("There is no document (any more).")
        self.log_change(request, proof, "Document downloaded.")
        name = f"proof-{proof.pk}-{proof.document.name}"
        return FileResponse(proof.document.open("rb"), as_attachment=True, filename=name)
