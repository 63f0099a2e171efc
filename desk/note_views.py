"""Notes on a person: written on their page, struck on a page of their own, never edited."""

from typing import cast

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_POST

from accounts.models import User
from desk import audit
from desk.models import Note
from desk.pages import desk_page, page

LONGEST = 4000


class NoteForm(forms.Form):
    text = forms.CharField(
        label="New note", max_length=LONGEST, widget=forms.Textarea(attrs={"rows": 3}),
        error_messages={"required": "Write something, or leave the note."},
    )  # fmt: skip


class StrikeForm(forms.Form):
    reason = forms.CharField(
        max_length=300, widget=forms.Textarea(attrs={"rows": 2}),
        error_messages={"required": "Write why it is struck: the note stays readable, with your reason."},
    )  # fmt: skip


def notes_of(person: User) -> list[Note]:
    """For the person's page, newest first, in one statement."""
    return list(Note.objects.filter(person=person).select_related("by", "struck_by")[:20])


@require_POST
@desk_page("accounts.view_user", "desk.add_note")
def write(request: HttpRequest, user_id: int) -> HttpResponse:
    person, form = get_object_or_404(User, pk=user_id), NoteForm(request.POST)
    if form.is_valid():
        note = Note.objects.create(person=person, by=cast(User, request.user), text=form.cleaned_data["text"])
        audit.record("note", by=note.by, person=person, thing=note)
        messages.success(request, "The note is kept.")
    else:
        messages.error(request, " ".join(map(str, form.errors["text"])))
    return redirect("admin:desk:person", person.pk)


@desk_page("accounts.view_user", "desk.change_note")
def strike(request: HttpRequest, pk: int) -> HttpResponse:
    note = get_object_or_404(Note.objects.select_related("person", "by", "struck_by"), pk=pk)
    form = StrikeForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        by, reason = cast(User, request.user), form.cleaned_data["reason"]
        if note.strike(by, reason):
            audit.record("strike_note", by=by, person=note.person, thing=note, reason=reason)
            messages.success(request, "The note is struck. It stays readable, crossed out.")
        else:
            messages.info(request, "This note was struck already, by somebody quicker.")
        return redirect("admin:desk:person", note.person_id)
    return page(request, "admin/desk/strike.html", {"title": "Strike a note", "note": note, "form": form})
