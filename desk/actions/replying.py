"""A reply by mail, begun from what the decision says, finished by a person."""

import secrets
from typing import Any

from django import forms
from django.http import HttpRequest

from accounts.models import User
from desk.actions.frame import Action, ActionForm, Done, Preview
from desk.actions.reply_texts import TEXTS, text_for
from journal.doi import pasted_doi
from journal.models import Article
from subscriptions import mail


class BeginForm(forms.Form):
    """What the text is built from; sent by GET, so that it can be chosen again."""

    doi = forms.CharField(
        label="About the article with the DOI", required=False, max_length=300,
        widget=forms.TextInput(attrs={"size": 34, "placeholder": "10.1234/abc"}),
    )  # fmt: skip
    text = forms.ChoiceField(label="Text", choices=[(key, title) for key, (title, _) in TEXTS.items()], required=False)

    def clean_doi(self) -> Article | None:
        typed = self.cleaned_data["doi"]
        doi = pasted_doi(typed) if typed else None
        found = Article.objects.select_related("journal").by_doi(doi).first() if doi else None
        if typed and found is None:
            raise forms.ValidationError(f"There is no article with the DOI {typed} here.")
        return found


class ReplyForm(ActionForm):
    subject = forms.CharField(max_length=150, widget=forms.TextInput(attrs={"size": 60}))
    message = forms.CharField(max_length=8000, widget=forms.Textarea(attrs={"rows": 14}))

    def clean_subject(self) -> str:
        return " ".join(self.cleaned_data["subject"].split())


class Reply(Action):
    name, title, button = "reply", "Write a reply…", "Send it"
    intro = "Begun from what the decision says about an article; every word can be changed before it goes out."
    form_class, for_staff = ReplyForm, True

    def builder(self, request: HttpRequest, person: User) -> BeginForm:
        return BeginForm(request.GET or None)

    def begin(self, form: forms.Form, person: User) -> dict[str, str]:
        """What the fields below begin with."""
        told = form.cleaned_data if form.is_bound and form.is_valid() else {}
        subject, message = text_for(person, told.get("doi"), told.get("text") or "")
        return {"subject": subject, "message": message}

    def preview(self, person: User, told: dict[str, Any]) -> Preview:
        return Preview([f"The text below goes to {person.email} now. It stands under their mails afterwards."])

    def do(self, person: User, told: dict[str, Any], by: User) -> Done:
        paragraphs = [part.strip() for part in told["message"].replace("\r\n", "\n").split("\n\n") if part.strip()]
        context = {"subject": told["subject"], "paragraphs": paragraphs}
        mail.enqueue(f"reply:{secrets.token_hex(8)}", "desk/email/reply", person.email, context, person.pk)
        return Done(f"To {person.email}:\n{told['message']}", thing=person, about=told["subject"])
