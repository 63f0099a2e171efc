"""The pages of the desk's actions: a form, what would happen, doing it; and the same for undoing (actions/frame.py)."""

from collections.abc import Callable
from typing import Any, cast

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse

from accounts.admin_pages import admin_url
from accounts.models import User
from desk.actions import ACTIONS
from desk.actions.frame import (
    Action,
    ActionForm,
    Changed,
    Failed,
    Impossible,
    Outcome,
    Preview,
    Shown,
    newest,
    perform,
    perform_undo,
    quicker,
    read_token,
    token_for,
    typed,
)
from desk.models import AuditEntry
from desk.pages import desk_page, page
from subscriptions.support import moment

CORE = forms.Media(js=["admin/js/core.js"])  # what the admin's calendar stands on
CHANGED = "Things have changed since you looked: {who}. Nothing was done."
NOW = "This is what would happen now."
EDITED = "The form was changed after you looked, or the page is more than an hour old. This is what would happen now."
TWICE = "This was done already. Nothing was done twice."


@desk_page("accounts.view_user")
def act(request: HttpRequest, user_id: int, name: str) -> HttpResponse:
    action, person = ACTIONS.get(name), get_object_or_404(User, pk=user_id)
    if action is None:
        raise Http404
    if not request.user.has_perm(action.permission):
        return _refused(request)
    by = cast(User, request.user)
    last = newest(person, action.name) if request.method == "POST" else 0
    builder = action.builder(request, person)
    initial = {**request.GET.dict(), **(action.begin(builder, person) if builder else {})}
    form = action.form_class(request.POST or None, person=person, initial=initial)
    step = _Step(request, form, f"{name}:{person.pk}", by, typed(form), last)

    def look() -> Preview:
        action.check(person)
        return action.preview(person, form.cleaned_data)

    def do(shown: Shown) -> Outcome:
        return perform(action, person, form, by, shown)

    if earlier := step.done_before():
        return redirect(admin_url(earlier))
    step.notice_who_was_quicker(person)
    try:
        action.check(person)
        if step.is_sent and (address := action.leads_to(form.cleaned_data)):
            return redirect(address)
        if step.is_sent and (answer := step.take(look, do, person)):
            return action.answer(request, answer.entry) or redirect(admin_url(answer.entry))
    except Impossible as why:
        step.refuse(why)
    context = {
        "title": action.title.rstrip("…"), "action": action, "person": person, "builder": builder,
        "back": reverse("admin:desk:person", args=[person.pk]), "can_be_undone": action.can_be_undone,
        "next": action.button if step.preview else action.look, **step.context(),
    }  # fmt: skip
    return page(request, "admin/desk/act.html", context)


@desk_page("accounts.view_user", "desk.view_auditentry")
def undo(request: HttpRequest, pk: int) -> HttpResponse:
    """What undoing an entry would do, then doing it, once."""
    entry = get_object_or_404(AuditEntry.objects.select_related("person", "by", "undone_by"), pk=pk)
    action = ACTIONS.get(entry.action)
    if action is None or entry.person is None:
        raise Http404
    if not request.user.has_perm(action.permission):
        return _refused(request)
    person, by = entry.person, cast(User, request.user)
    form = ActionForm(request.POST or None, person=person)
    step = _Step(request, form, f"undo:{entry.pk}", by, "")

    def do(shown: Shown) -> Outcome:
        return perform_undo(action, entry, form.cleaned_data["reason"], by, shown)

    if earlier := step.done_before():
        return redirect(admin_url(earlier))
    try:
        if entry.follow_up:
            raise Impossible(f"This has been undone or ended already: {entry.follow_up}.")
        now = action.preview_undo(entry)
        if step.is_sent and (answer := step.take(lambda: action.preview_undo(entry), do, person)):
            return redirect(admin_url(answer.entry))
        step.preview = step.preview or now
    except Impossible as why:
        step.refuse(why)
    context = {
        "title": f"Undo: {entry.title}", "action": action, "person": person, "entry": entry, "back": admin_url(entry),
        "can_be_undone": False, "next": "Undo it", **step.context(),
    }  # fmt: skip
    return page(request, "admin/desk/act.html", context)


class _Step:
    """Where a form is on its way: first shown, looked at, done, or in between two agents."""

    def __init__(self, request: HttpRequest, form: ActionForm, what: str, by: User, words: str, last: int = 0) -> None:
        self.request, self.form, self.what, self.by, self.words, self.last = request, form, what, by, words, last
        self.preview: Preview | None = None
        self.problem = self.note = ""
        self.is_sent = request.method == "POST" and form.is_valid()

    def done_before(self) -> AuditEntry | None:
        """The button pressed twice: by now there may be nothing left to do it to, and that is no error."""
        if "confirm" not in self.request.POST:
            return None
        shown = self._shown()
        earlier = AuditEntry.objects.filter(key=shown.key).first() if shown else None
        if earlier:
            messages.info(self.request, TWICE)
        return earlier

    def notice_who_was_quicker(self, person: User) -> None:
        """Said first, because it may be why the choice is gone or the deed is impossible by now."""
        shown = self._shown() if "confirm" in self.request.POST else None
        if shown and shown.newest != self.last:
            self._say_who_was_quicker(person, shown)

    def take(self, look: Callable[[], Preview], do: Callable[[Shown], Outcome], person: User) -> Outcome | None:
        """Do it when it was confirmed and is still what was shown; else show it. None: the page is shown (again)."""
        self.preview = look()
        if "confirm" not in self.request.POST:
            return None
        shown = self._shown()
        if shown is None:
            self.note = EDITED
            return None
        try:
            outcome = do(shown)
        except Changed:
            self._look_again(look, person, shown)
            return None
        except Failed as failure:
            self.note, self.preview = str(failure), None
            return None
        self._tell(outcome)
        return outcome

    def _look_again(self, look: Callable[[], Preview], person: User, shown: Shown) -> None:
        """As things are now: it may have become impossible, or what was chosen may be gone."""
        self._say_who_was_quicker(person, shown)
        self.preview = None
        person.refresh_from_db()
        self.form.person = person
        self.form.full_clean()
        if self.form.is_valid():
            self.note += " " + NOW
            self.preview = look()

    def _shown(self) -> Shown | None:
        return read_token(self.request.POST.get("token", ""), self.what, self.by, self.words)

    def _say_who_was_quicker(self, person: User, shown: Shown) -> None:
        self.note = CHANGED.format(who=_who(quicker(person, self.what.partition(":")[0], shown)))

    def _tell(self, outcome: Outcome) -> None:
        if not outcome.is_new:
            messages.info(self.request, TWICE)
            return
        said = outcome.said or outcome.entry.effect.partition("\n")[0]
        messages.success(self.request, f"{outcome.entry.title}: {said}")

    def refuse(self, why: Impossible) -> None:
        self.preview, self.problem = None, str(why)

    def context(self) -> dict[str, Any]:
        token = token_for(self.what, self.by, self.words, self.preview, self.last) if self.preview else ""
        return {
            "form": self.form, "preview": self.preview, "token": token, "problem": self.problem, "note": self.note,
            "media": CORE + self.form.media if self.form.media.render_js() else self.form.media,
        }  # fmt: skip


def _who(other: AuditEntry | None) -> str:
    """Who was quicker, and with what."""
    if other is None:
        return "what is shown here reads differently now"
    return f"{other.by or 'the clock'} was quicker at {moment(other.at)} ({other.title.lower()})"


def _refused(request: HttpRequest) -> HttpResponse:
    return page(request, "admin/refused.html", {"title": "Not with your role", "role": "Support"}, status=403)


def undoable(entry: AuditEntry, by: Any) -> Action | None:
    """The action that could undo an entry, for the button on its page."""
    action = ACTIONS.get(entry.action)
    may = action is not None and action.can_be_undone and by.has_perm(action.permission)
    return action if may and entry.person_id and not entry.follow_up else None
