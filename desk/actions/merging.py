"""Two accounts of one person become one. Readers do it themselves; staff where the other mailbox is lost."""

from typing import Any

from allauth.account.models import EmailAddress
from django import forms

from accounts.models import User
from desk.actions.frame import Action, ActionForm, Done, Impossible, Preview
from subscriptions import merging
from subscriptions.models import Subscription


class OtherForm(ActionForm):
    email = forms.EmailField(
        label="Email address of the other account", error_messages={"required": "Write the other account's address."}
    )

    def clean_email(self) -> str:
        email: str = self.cleaned_data["email"].lower()
        other = _owner_of(email)
        if other is None:
            raise forms.ValidationError(f"There is no account with the address {email}.")
        if other.pk == self.person.pk:
            raise forms.ValidationError("This is the same account. An account cannot be merged with itself.")
        return email


class Merge(Action):
    name, title, button = "merge", "Merge another account into this one…", "Merge the accounts"
    intro = (
        "Make sure that both are the same person's: ask for an order number from each. Where both mailboxes work, send"
        " them to Account → Merge accounts instead, which asks for proof."
    )
    form_class = OtherForm

    def check(self, person: User) -> None:
        super().check(person)
        if not person.is_active:
            raise Impossible(f"{person} is not active: nothing can come into it. Release it, or merge the other way.")

    def locks(self, person: User, told: dict[str, Any]) -> list[int]:
        return [person.pk, _other(told).pk]

    def preview(self, person: User, told: dict[str, Any]) -> Preview:
        other = _other(told)
        try:
            merging.check(person, other)
        except merging.CannotMerge as why:
            raise Impossible(str(why)) from None
        here, there = ({part.words: part.count for part in merging.preview(one)} for one in (person, other))
        kinds = list(dict.fromkeys([*there, *here]))
        table = [(kind, str(here.get(kind, 0)), str(there.get(kind, 0))) for kind in kinds]
        sentences = [
            f"Everything of {other} comes into the account {person}, as in the table.",
            f"{other} signs in to this account from then on, with its password. The other account is closed.",
            "Both addresses are told by mail. The log of what staff did stays with each account.",
        ]
        cautions = []
        running = Subscription.objects.filter(user__in=[person, other], status__in=Subscription.LIVE).count()
        if running > 1:
            cautions.append(f"Together they have {running} running subscriptions: cancel what is too many afterwards.")
        return Preview(sentences, cautions, table, ("What", f"{person} (stays)", f"{other} (comes along)"))

    def do(self, person: User, told: dict[str, Any], by: User) -> Done:
        other = _other(told)
        try:
            record = merging.merge(person, other)
        except merging.CannotMerge as why:
            raise Impossible(str(why)) from None
        merging.tell(record)
        moved = ", ".join(f"{kind} ({count})" for kind, count in record.moved.items()) or "nothing"
        stayed = ", ".join(f"{kind} ({count})" for kind, count in record.stayed.items())
        effect = f"Came along: {moved}." + (f" Stayed, having its like here: {stayed}." if stayed else "")
        return Done(effect, thing=record)


def _owner_of(email: str) -> User | None:
    found = EmailAddress.objects.filter(email__iexact=email).select_related("user").order_by("-verified").first()
    return found.user if found else User.objects.filter(email__iexact=email).first()


def _other(told: dict[str, Any]) -> User:
    other = _owner_of(told["email"])
    if other is None:
        raise Impossible("The other account is not there any more.")
    return other
