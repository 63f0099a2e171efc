"""Putting an account on hold (E3) and releasing it."""

from typing import Any

from django import forms

from accounts import holding, open_sessions
from accounts.models import User
from desk.actions.frame import Action, ActionForm, Done, Impossible, Preview, person_of
from desk.models import AuditEntry
from subscriptions.models import Subscription


class HoldForm(ActionForm):
    why = forms.ChoiceField(
        label="What the reader is told", choices=holding.REASONS, widget=forms.RadioSelect,
        initial=User.Hold.REVIEW, error_messages={"required": "Choose what the reader is told."},
    )  # fmt: skip


class Hold(Action):
    name, title, button = "hold", "Hold the account…", "Hold the account"
    intro = "Nobody can sign in to it until it is released. Nothing they own is touched."
    form_class = HoldForm
    can_be_undone = True

    def check(self, person: User) -> None:
        super().check(person)
        try:
            holding.check_hold(person)
        except holding.CannotHold as why:
            raise Impossible(str(why)) from None

    def preview(self, person: User, told: dict[str, Any]) -> Preview:
        open_now, why = len(open_sessions.of(person)), User.Hold(told["why"]).label
        sentences = [
            f"{person} is signed out everywhere ({open_now} open now) and cannot sign in.",
            f"Who signs in with the right password reads that it is on hold and whom to call (E3): {why}.",
            "Rights, orders and receipts stay as they are.",
        ]
        running = Subscription.objects.filter(user=person, status__in=Subscription.LIVE, ends_at=None).count()
        going_on = "A subscription goes on being charged meanwhile. Cancel it, too, if it should not."
        return Preview(sentences, [going_on] if running else [])

    def do(self, person: User, told: dict[str, Any], by: User) -> Done:
        ended = holding.hold(person, told["why"])
        return Done(f"On hold: {person.get_held_for_display()}. {ended} sessions ended.", thing=person)

    def preview_undo(self, entry: AuditEntry) -> Preview:
        return Release().preview(person_of(entry), {})

    def undo(self, entry: AuditEntry, by: User) -> Done:
        return Release().do(person_of(entry), {}, by)


class Release(Action):
    name, title, button = "release", "Release the account…", "Release the account"
    intro = "The person can sign in again."
    can_be_undone = True

    def check(self, person: User) -> None:
        super().check(person)
        _check_release(person)

    def preview(self, person: User, told: dict[str, Any]) -> Preview:
        _check_release(person)
        held = person.get_held_for_display() or "no reason given"
        return Preview([f"{person} can sign in again, with what they have. It was on hold because: {held}."])

    def do(self, person: User, told: dict[str, Any], by: User) -> Done:
        before = {"held_for": person.held_for}
        holding.release(person)
        return Done("Released: the account can sign in again.", undo=before, thing=person)

    def preview_undo(self, entry: AuditEntry) -> Preview:
        person = person_of(entry)
        Hold().check(person)
        return Hold().preview(person, {"why": entry.undo.get("held_for") or User.Hold.STAFF})

    def undo(self, entry: AuditEntry, by: User) -> Done:
        return Hold().do(person_of(entry), {"why": entry.undo.get("held_for") or User.Hold.STAFF}, by)


def _check_release(person: User) -> None:
    try:
        holding.check_release(person)
    except holding.CannotHold as why:
        raise Impossible(str(why)) from None
