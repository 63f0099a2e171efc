"""Withdrawals from contracts: what was declared, what the rules say about it, and the answer."""

from typing import Any

from django import forms
from django.contrib import admin

from accounts.admin_pages import column, link_to
from subscriptions import withdrawals
from subscriptions.admin.deciding import DecidableAdmin
from subscriptions.models import Withdrawal


class AnswerForm(forms.Form):
    ACCEPT, DECLINE = "accept", "decline"
    action = forms.ChoiceField(
        label="Decision", widget=forms.RadioSelect,
        choices=[(ACCEPT, "Accept: end the contract now and refund as proposed"), (DECLINE, "Decline")],
    )  # fmt: skip
    answer = forms.CharField(
        label="What the reader is told", required=False, widget=forms.Textarea(attrs={"rows": 3}),
        help_text="With a refusal: why there is no right of withdrawal.",
    )  # fmt: skip

    def __init__(self, *args: Any, row: Withdrawal, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.row, proposal = row, withdrawals.propose(row)
        self.initial["action"] = self.ACCEPT if proposal.is_right else self.DECLINE
        self.initial["answer"] = "" if proposal.is_right else proposal.why

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        if cleaned.get("action") == self.DECLINE and not cleaned.get("answer"):
            self.add_error("answer", "Write why: the reader gets it by mail.")
        return cleaned

    def act(self, by: Any) -> str:
        answer = self.cleaned_data["answer"]
        if self.cleaned_data["action"] == self.ACCEPT:
            amount = withdrawals.propose(self.row).amount
            withdrawals.accept(self.row, by, answer)
            return f"Accepted; {amount} is refunded."
        withdrawals.decline(self.row, by, answer)
        return f"Declined: {answer}"


@admin.register(Withdrawal)
class WithdrawalAdmin(DecidableAdmin):
    list_display = ("received_at", "name", "contract", "for_order", "state", "email")
    list_filter = ("state",)
    list_select_related = ("order",)
    search_fields = ("name", "email", "contract", "order__number")
    search_help_text = "Name, email address or order number"
    fieldsets = (
        (None, {"fields": ("received_at", "name", "email", "contract", "for_order", "state")}),
        ("Decision", {"fields": ("answer", "decided_by", "decided_at")}),
    )

    def is_open(self, row: Withdrawal) -> bool:
        return row.state == Withdrawal.State.RECEIVED

    def form_for(self, row: Withdrawal, data: Any) -> AnswerForm:
        return AnswerForm(data, row=row)

    def notes(self, row: Withdrawal) -> list[str]:
        proposal = withdrawals.propose(row)
        verdict = f"Accept, refunding {proposal.amount}." if proposal.is_right else "Decline."
        return [f"{row.name} <{row.email}>: {row.contract}", self.for_order(row), f"Proposed: {verdict} {proposal.why}"]

    @column("order")
    def for_order(self, row: Withdrawal) -> str:
        return link_to(row.order)
