"""Papers and truth: sending a receipt once more, reading Stripe again, and the way to a refund."""

import secrets
from typing import Any

from django import forms
from django.urls import reverse

from accounts.models import User
from desk.actions.frame import Action, ActionForm, Done, Failed, Impossible, OwnChoice, Preview
from subscriptions import mail, refunds, support
from subscriptions.models import CreditNote, Order, OutgoingMail, Payment, Receipt, Subscription, SyncTarget

MOST = 20


# --- sending again ---------------------------------------------------------------------------------------------------


def papers_of(person: User) -> dict[str, str]:
    """What can be sent again: receipts and credit notes as numbered, confirmations as they were written then."""
    receipts = Receipt.objects.filter(user=person).select_related("payment")[:MOST]
    notes = CreditNote.objects.filter(receipt__user=person).select_related("refund__payment")[:MOST]
    confirmed = OutgoingMail.objects.filter(user=person, template="subscriptions/email/confirmation")[:MOST]
    return {
        **{f"receipt:{one.pk}": f"Receipt {one.number}: {one.payment.price}, {one.description}" for one in receipts},
        **{f"note:{one.pk}": f"Credit note {one.number}: {one.refund.price}" for one in notes},
        **{f"mail:{one.pk}": f"Confirmation of order {one.context.get('order_number', '')}" for one in confirmed},
    }


class ResendForm(ActionForm):
    paper = forms.ChoiceField(label="What", error_messages={"required": "Choose what is sent again."})

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: forms.ChoiceField = self.fields["paper"]  # type: ignore[assignment]
        self.papers = papers_of(self.person)
        field.choices = list(self.papers.items())
        not_theirs = f"This is not a paper of {self.person}. Look for its owner by its number."
        field.error_messages["invalid_choice"] = not_theirs

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        return {**cleaned, "words": self.papers.get(cleaned.get("paper", ""), "")}


class Resend(Action):
    name, title, button = "resend", "Send a receipt or confirmation again…", "Send it again"
    intro = "To the account's address as it is now. Readers also find every receipt under My access."
    permission, form_class, for_staff = "subscriptions.change_outgoingmail", ResendForm, True

    def check(self, person: User) -> None:
        super().check(person)
        if person.email.endswith("@invalid.invalid"):
            raise Impossible("This account has no mailbox any more.")

    def preview(self, person: User, told: dict[str, Any]) -> Preview:
        return Preview([f"{told['words']} is mailed to {person.email}."])

    def do(self, person: User, told: dict[str, Any], by: User) -> Done:
        kind, _, pk = told["paper"].partition(":")
        again = secrets.token_hex(4)
        paper: Receipt | CreditNote | OutgoingMail
        if kind == "receipt":
            paper = Receipt.objects.select_related("payment__order", "payment__user").get(pk=pk, user=person)
            mail.receipt(paper, again)
        elif kind == "note":
            notes = CreditNote.objects.select_related("refund__payment__user", "receipt")
            paper = notes.get(pk=pk, receipt__user=person)
            mail.credit_note(paper, again)
        else:
            paper = OutgoingMail.objects.get(pk=pk, user=person)
            mail.send_copy(paper, person.email, again)
        return Done(f"Mailed to {person.email}.", thing=paper, about=told["words"])


# --- reading Stripe again --------------------------------------------------------------------------------------------

ALL = "all"


def targets_of(person: User) -> dict[str, tuple[str, str, str]]:
    """What can be read again: {choice: (kind, key, words)}, newest first."""
    orders = Order.objects.filter(user=person).exclude(session_id=None).defer("params")[:MOST]
    living = Subscription.objects.filter(user=person).select_related("journal", "user")[:MOST]
    return {
        **{
            f"order-{one.number}": (str(SyncTarget.Kind.ORDER), str(one.pk), f"{one}: {one.description}")
            for one in orders
        },
        **{f"sub-{one.pk}": (str(SyncTarget.Kind.SUBSCRIPTION), one.stripe_id, str(one)) for one in living},
    }  # fmt: skip


class RereadForm(ActionForm):
    what = forms.ChoiceField(label="What", initial=ALL)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: forms.ChoiceField = self.fields["what"]  # type: ignore[assignment]
        self.targets = targets_of(self.person)
        each = [(key, words) for key, (*_, words) in self.targets.items()]
        field.choices = [(ALL, "Everything of this person"), *each]
        field.error_messages["invalid_choice"] = f"This is not an order or a subscription of {self.person}."

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        chosen = cleaned.get("what")
        found = list(self.targets.values()) if chosen == ALL else [self.targets[chosen]] if chosen else []
        return {**cleaned, "targets": found[:MOST]}


class Reread(Action):
    name, title, button = "reread", "Read again from Stripe…", "Read it again"
    intro = "Where Stripe says paid and we do not. It charges nothing and can be done as often as you like."
    permission, form_class, for_staff = "subscriptions.view_order", RereadForm, True

    def preview(self, person: User, told: dict[str, Any]) -> Preview:
        if not told["targets"]:
            raise Impossible(f"Nothing of {person} ever reached Stripe.")
        return Preview([f"Read again: {words}." for _, _, words in told["targets"]])

    def do(self, person: User, told: dict[str, Any], by: User) -> Done:
        targets = told["targets"]
        about = targets[0][2] if len(targets) == 1 else f"{len(targets)} orders and subscriptions"
        return Done("Stripe is read again.", thing=person, about=about, then=lambda: _read(targets))


def _read(targets: list[tuple[str, str, str]]) -> str:
    problems = [f"{words}: {said}" for kind, key, words in targets if (said := support.re_read(kind, key))]
    if problems:
        raise Failed(" ".join(problems))
    return "Everything stands as Stripe says now."


# --- refunding -------------------------------------------------------------------------------------------------------


def _payment_words(payment: Payment) -> str:
    what = payment.order.description if payment.order else "subscription"
    card = f", card {payment.card_last4}" if payment.card_last4 else ""
    left = "" if refunds.left(payment) else ", nothing left to refund"
    return f"{payment}: {what}{card}{left}"


class PaymentForm(ActionForm):
    payment = OwnChoice("payment", _payment_words, label="Payment")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        del self.fields["reason"]  # the refund's own page asks for it
        paid = Payment.objects.filter(user=self.person).select_related("order", "subscription")
        self.fields["payment"].offer(paid, self.person, self.initial.get("payment"))  # type: ignore[attr-defined]


class Refund(Action):
    name, title, button = "refund", "Refund a payment…", "Refund it"
    look = "Look at the refund"
    intro = "The payment's own page says what goes back and what becomes of the access, before it is done."
    permission, form_class, for_staff = "subscriptions.add_refund", PaymentForm, True

    def leads_to(self, told: dict[str, Any]) -> str:
        return reverse("admin:subscriptions_payment_refund", args=[told["payment"].pk])
