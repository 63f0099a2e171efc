"""Networks that librarians propose: staff look at what would change, and take the list or say why not."""

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils.safestring import SafeString, mark_safe

from accounts.admin_pages import column, link_to
from subscriptions.admin.deciding import DecidableAdmin
from subscriptions.institutions import ranges
from subscriptions.models import RangeProposal


class ProposalForm(forms.Form):
    ACCEPT, REFUSE = "accept", "refuse"
    action = forms.ChoiceField(
        label="Decision", widget=forms.RadioSelect, choices=[(ACCEPT, "Take the list"), (REFUSE, "Refuse")]
    )
    answer = forms.CharField(
        label="What the librarian is told", required=False, widget=forms.Textarea(attrs={"rows": 3}),
        help_text="With a refusal: what to correct, in a sentence.",
    )  # fmt: skip
    digest = forms.CharField(widget=forms.HiddenInput)

    def __init__(self, *args: Any, proposal: RangeProposal, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.proposal = proposal
        self.fields["digest"].initial = plan_of(proposal).digest

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        if cleaned.get("action") == self.REFUSE and not cleaned.get("answer"):
            self.add_error("answer", "Write what to correct: the librarian gets it by mail.")
        return cleaned

    def act(self, by: Any) -> str:
        told = self.cleaned_data
        if told["action"] == self.ACCEPT:
            return ranges.in_words(ranges.accept(self.proposal, by, told["digest"]))
        ranges.refuse(self.proposal, by, told["answer"])
        return f"Refused: {told['answer']}"


def plan_of(proposal: RangeProposal) -> ranges.Plan:
    return ranges.plan(proposal.institution, proposal.listed, replaces=proposal.replaces)


@admin.register(RangeProposal)
class RangeProposalAdmin(DecidableAdmin):
    list_display = ("where", "state", "proposer", "sent_at", "decided_at")
    list_filter = ("state",)
    list_select_related = ("institution", "proposed_by", "decided_by")
    search_fields = ("institution__name", "proposed_by__email")
    search_help_text = "Institution or email address"
    ordering = ("-state", "sent_at")  # what waits stands first, oldest on top
    fieldsets = (
        (None, {"fields": ("where", "proposer", "sent_at", "replaces", "listed", "state")}),
        ("Decision", {"fields": ("answer", "decider", "decided_at")}),
    )
    role = "Business"

    def is_open(self, row: RangeProposal) -> bool:
        return row.state == RangeProposal.State.WAITING

    def form_for(self, row: RangeProposal, data: Any) -> ProposalForm:
        return ProposalForm(data, proposal=row)

    def notes(self, row: RangeProposal) -> list[str]:
        kind = "all networks of the institution" if row.replaces else "networks to add"
        who = f"{row.proposed_by}, for {row.institution}: {kind}."
        return [who, row.remark] if row.remark else [who]

    def preview(self, row: RangeProposal) -> SafeString:
        return mark_safe(render_to_string("subscriptions/library/_plan.html", {"plan": plan_of(row)}))  # noqa: S308

    def may_decide(self, request: HttpRequest) -> bool:
        return super().may_decide(request) and request.user.has_perm("subscriptions.add_iprange")

    @column("proposed by", ordering="proposed_by__email")
    def proposer(self, row: RangeProposal) -> str:
        """A name, and no link: who decides need not see readers' pages."""
        return row.proposed_by.email

    @column("decided by")
    def decider(self, row: RangeProposal) -> str | None:
        return row.decided_by.email if row.decided_by else None

    @column("institution", ordering="institution__name")
    def where(self, row: RangeProposal) -> str:
        return link_to(row.institution)
