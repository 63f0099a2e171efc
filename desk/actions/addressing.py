"""A new email address for somebody who cannot get into the old mailbox."""

import secrets
from typing import Any

from django import forms

from accounts import addresses, open_sessions
from accounts.models import User
from desk.actions.frame import Action, ActionForm, Done, Impossible, Preview, person_of
from desk.models import AuditEntry
from subscriptions import mail

KEEP, END = "keep", "end"


class AddressForm(ActionForm):
    email = forms.EmailField(
        label="New email address", max_length=254, error_messages={"required": "Write the new address."}
    )
    sessions = forms.ChoiceField(
        label="Where they are signed in", widget=forms.RadioSelect, initial=END,
        choices=[(END, "End every session: the old mailbox may be in other hands"), (KEEP, "Keep them")],
    )  # fmt: skip

    def clean_email(self) -> str:
        email: str = self.cleaned_data["email"].lower()
        try:
            addresses.check(self.person, email)
        except addresses.CannotChange as why:
            raise forms.ValidationError(str(why)) from None
        return email


class ChangeEmail(Action):
    name, title, button = "change_email", "Change the email address…", "Change the address"
    intro = (
        "Make sure who is calling first: whoever owns the new mailbox can get into the account. Ask for an order number"
        " and what was bought, or call back the number you know."
    )
    form_class = AddressForm
    can_be_undone = True

    def preview(self, person: User, told: dict[str, Any]) -> Preview:
        open_now = len(open_sessions.of(person))
        stay = f"{open_now} sessions are ended." if told["sessions"] == END else f"{open_now} sessions stay open."
        sentences = [
            f"{person.email} no longer signs in; {told['email']} does, with the password as it is.",
            f"{told['email']} is confirmed by a code that is mailed to it at the next sign-in.",
            f"{person.email} is told by mail, with whom to call if it was not them. {told['email']} is told, too.",
            stay,
        ]
        others = addresses.others_of(person)
        further = [f"Also signs in to this account, and stays: {', '.join(others)}."] if others else []
        return Preview(sentences + further)

    def do(self, person: User, told: dict[str, Any], by: User) -> Done:
        try:
            before = addresses.change(person, told["email"])
        except addresses.CannotChange as why:  # taken by another account since the form was read
            raise Impossible(str(why)) from None
        ended = open_sessions.end_all(person) if told["sessions"] == END else 0
        _tell(person, before["email"], person.email)
        effect = f"From {before['email']} to {person.email}; {ended} sessions ended. Both addresses are told."
        return Done(effect, undo={**before, "new": person.email}, thing=person)

    def preview_undo(self, entry: AuditEntry) -> Preview:
        person, back = person_of(entry), entry.undo.get("email", "")
        if not back or person.email != entry.undo.get("new"):
            raise Impossible("The address was changed again since, so there is no way straight back.")
        try:
            addresses.check(person, back)
        except addresses.CannotChange as why:
            raise Impossible(str(why)) from None
        return Preview([f"{back} signs in again; {person.email} does not. Both are told, and sessions are ended."])

    def undo(self, entry: AuditEntry, by: User) -> Done:
        person = person_of(entry)
        left = person.email
        try:
            addresses.put_back(person, entry.undo)
        except addresses.CannotChange as why:
            raise Impossible(str(why)) from None
        open_sessions.end_all(person)
        _tell(person, left, person.email)
        return Done(f"Back from {left} to {person.email}; sessions ended.", thing=person)


def _tell(person: User, old: str, new: str) -> None:
    """The old mailbox learns that it was changed, not to what: it may be in other hands."""
    happening = f"address:{person.pk}:{secrets.token_hex(4)}"
    name = person.get_short_name() if person.name else ""
    mail.enqueue(f"{happening}:old", "desk/email/address_left", old, {"name": name}, person.pk)
    mail.enqueue(f"{happening}:new", "desk/email/address_new", new, {"name": name, "email": new}, person.pk)
