"""What a learner types: the claim with the evaluation, what is reported, a certificate's number, the follow-up."""

import re
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.incidents import SPEAKABLE
from cme import licenses
from cme.claiming import Claim, Learner
from cme.models import Activity, Commitment, Credit, Evaluation
from cme.models.credit import NUMBER_LETTERS
from cme.scoring import in_words, steps
from cme.states import STATES

_LONGEST = 1000


class LearnerFields(forms.Form):
    """What the accreditor matches a learner by. `birthday` without the year."""

    first_name = forms.CharField(label=gettext_lazy("First name, as on your license"), max_length=100, required=False)
    last_name = forms.CharField(label=gettext_lazy("Last name, as on your license"), max_length=100, required=False)
    birthday = forms.CharField(
        label=gettext_lazy("Month and day of birth"),
        max_length=7,
        required=False,
        help_text=gettext_lazy("As MM-DD. The year is not asked."),
    )
    license_state = forms.ChoiceField(
        label=gettext_lazy("State of your license"), choices=[("", gettext_lazy("Choose…")), *STATES], required=False
    )
    license_number = forms.CharField(label=gettext_lazy("License number"), max_length=20, required=False)
    npi = forms.CharField(
        label="NPI",
        max_length=12,
        required=False,
        help_text=gettext_lazy("Ten digits. Instead of the license, or with it."),
    )

    def is_wanted(self) -> bool:
        return True

    def clean(self) -> dict[str, Any]:
        told: dict[str, Any] = super().clean() or {}
        if not self.is_wanted():
            return told
        for name in ("first_name", "last_name", "birthday"):
            if not told.get(name) and name not in self.errors:
                self.add_error(name, _("Please fill this in, so that the accreditor finds you."))
        self._tidy(told, "birthday", licenses.clean_birthday)
        self._tidy(told, "npi", licenses.clean_npi)
        self._tidy(told, "license_number", lambda number: licenses.clean_license(told.get("license_state", ""), number))
        if not (told.get("license_number") or told.get("npi")) and not {"license_number", "npi"} & set(self.errors):
            self.add_error("license_number", _("Give your license with its state, or your NPI."))
        return told

    def _tidy(self, told: dict[str, Any], name: str, clean: Any) -> None:
        if told.get(name):
            try:
                told[name] = clean(told[name])
            except ValueError as error:
                self.add_error(name, str(error))

    def learner(self) -> Learner:
        told = self.cleaned_data
        return Learner(**{name: told[name] for name in LearnerFields.base_fields})


class ClaimForm(LearnerFields):
    """Evaluation, commitment, name, credit; and, only if the learner ticks it, what is reported."""

    objectives_met = forms.TypedChoiceField(
        label=gettext_lazy("Were the learning objectives met?"),
        choices=Evaluation.Answer,
        coerce=int,
        widget=forms.RadioSelect,
    )
    was_balanced = forms.ChoiceField(
        label=gettext_lazy("Was the activity balanced and free of commercial bias?"), choices=Evaluation.Balance,
        widget=forms.RadioSelect,
    )  # fmt: skip
    comment = forms.CharField(
        label=gettext_lazy("Comments"),
        required=False,
        max_length=_LONGEST,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=gettext_lazy("Optional."),
    )
    commitment = forms.CharField(
        label=gettext_lazy("A change you mean to make"), required=False, max_length=_LONGEST,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=gettext_lazy("Optional. What will you do differently? We ask you by mail after 90 days, once."),
    )  # fmt: skip
    name = forms.CharField(label=gettext_lazy("Your name, as it shall stand on the certificate"), max_length=200)
    profession = forms.ChoiceField(
        label=gettext_lazy("Your profession"), choices=Credit.Profession, widget=forms.RadioSelect,
        help_text=gettext_lazy("Physicians are awarded the credit; others get a certificate of participation."),
    )  # fmt: skip
    quarters = forms.TypedChoiceField(label=gettext_lazy("Credit you claim"), coerce=int)
    report = forms.BooleanField(
        label=gettext_lazy("Report my credit to the accreditor, and so to my board"), required=False
    )

    EVALUATION = ("objectives_met", "was_balanced", "comment", "commitment")
    CERTIFICATE = ("name", "profession", "quarters")
    field_order = [*EVALUATION, *CERTIFICATE, "report"]

    def __init__(self, *args: Any, activity: Activity, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        most = activity.quarters
        quarters = self.fields["quarters"]
        quarters.choices = [(step, in_words(step)) for step in steps(most)]  # type: ignore[attr-defined]
        quarters.help_text = _("Claim only what fits the time you spent, in quarter steps.")
        quarters.error_messages["invalid_choice"] = _("Claim from 0.25 to %(credit)s, in quarter steps.") % {
            "credit": activity.credit
        }

    def is_wanted(self) -> bool:
        return bool(self.cleaned_data.get("report"))

    @property
    def groups(self) -> dict[str, list[Any]]:
        """The fields as the page puts them together."""
        return {
            "evaluation": [self[name] for name in self.EVALUATION],
            "certificate": [self[name] for name in self.CERTIFICATE],
            "learner": [self[name] for name in LearnerFields.base_fields],
        }

    def claim(self) -> Claim:
        told = self.cleaned_data
        names = (*self.EVALUATION, *self.CERTIFICATE)
        return Claim(**{name: told[name] for name in names}, learner=self.learner() if told["report"] else None)


class NumberForm(forms.Form):
    number = forms.CharField(
        label=gettext_lazy("Number of the certificate"), max_length=40, help_text=gettext_lazy("16 letters and digits.")
    )

    def clean_number(self) -> str:
        letters = re.sub(r"[^A-Z0-9]", "", self.cleaned_data["number"].upper())
        if len(letters) != NUMBER_LETTERS or set(letters) - set(SPEAKABLE):
            raise forms.ValidationError(_("A number has 16 letters and digits, for example 7KQ4-9ACM-HXWT-34FJ."))
        return "-".join(letters[at : at + 4] for at in range(0, NUMBER_LETTERS, 4))


class FollowUpForm(forms.Form):
    outcome = forms.ChoiceField(
        label=gettext_lazy("Have you made this change?"), choices=Commitment.Outcome, widget=forms.RadioSelect
    )
    note = forms.CharField(
        label=gettext_lazy("What helped, or what stood in the way"), required=False, max_length=_LONGEST,
        widget=forms.Textarea(attrs={"rows": 3}),
    )  # fmt: skip
