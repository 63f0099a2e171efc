"""A question on the activity's page: its text, up to six choices, which one is preferred, why, and where it stands."""

from collections.abc import Sequence
from typing import Any

from django import forms

from accounts.admin_pages import ModelForm
from cme.models import Question
from cme.models.activity import LETTERS
from cme.questions import Draft

NAMES = [f"choice_{letter.lower()}" for letter in LETTERS]


class QuestionForm(ModelForm):
    """`passages` are those of the activity's article (`publishing.passage_choices`); none before it is chosen."""

    passages: Sequence[tuple[str, str]] = ()
    preferred = forms.ChoiceField(label="Preferred answer", choices=[("", "–"), *zip(LETTERS, LETTERS, strict=True)])

    class Meta:
        model = Question
        fields = ("position", "text", "rationale", "passage")
        help_texts = {"passage": "Where the answer stands. Save once with the article: then it is chosen from a list."}
        widgets = {"text": forms.Textarea(attrs={"rows": 3}), "rationale": forms.Textarea(attrs={"rows": 4})}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.passages:
            self.fields["passage"] = self._chooser()
        if self.instance.pk:
            for choice in self.instance.choices.all():
                self.initial[f"choice_{choice.letter.lower()}"] = choice.text
                if choice.is_preferred:
                    self.initial["preferred"] = choice.letter

    def _chooser(self) -> forms.ChoiceField:
        known, gone = [("", "None"), *self.passages], self.instance.passage
        if gone and gone not in dict(known):
            known.append((gone, f"{gone} (not in the article)"))
        return forms.ChoiceField(
            label="Passage in the article", choices=known, required=False, help_text="Where the answer stands."
        )

    def clean(self) -> dict[str, Any]:
        told: dict[str, Any] = super().clean() or {}
        texts = [" ".join((told.get(name) or "").split()) for name in NAMES]
        given = [text for text in texts if text]
        if texts[: len(given)] != given:
            self.add_error(NAMES[texts.index("")], "Leave no gap between the choices.")
        if len(given) < 2:
            self.add_error(NAMES[0], "Write two choices at least.")
        letter = told.get("preferred") or ""
        if letter and LETTERS.index(letter) >= len(given):
            self.add_error("preferred", f"There is no choice {letter}.")
        told["choices"] = given
        return told

    def draft(self) -> Draft:
        told = self.cleaned_data
        return Draft(
            told["text"], told["choices"], told["preferred"], told["rationale"], told["passage"], told["position"]
        )


for _letter, _name in zip(LETTERS, NAMES, strict=True):
    _field = forms.CharField(
        label=f"Choice {_letter}", max_length=500, required=False, widget=forms.TextInput(attrs={"class": "vTextField"})
    )
    QuestionForm.base_fields[_name] = _field
    QuestionForm.declared_fields[_name] = _field
