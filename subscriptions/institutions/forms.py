"""What librarians and staff type about an institution."""

from typing import Any, ClassVar

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from subscriptions.institutions import ranges
from subscriptions.institutions.range_lists import MOST_CHARACTERS
from subscriptions.models import Institution

MOST_BYTES = 4 * MOST_CHARACTERS
NOTATIONS = gettext_lazy(
    "One or several a line: 192.0.2.0/24, 192.0.2.10-192.0.2.40, 192.0.2.*, 2001:db8::/32. After # a remark."
)


class RangeListForm(forms.Form):
    """A list of networks, typed or as a file. First it is only looked at; `digest` names what was seen."""

    REPLACE, ADD = "replace", "add"
    listed = forms.CharField(
        label=gettext_lazy("Networks"), required=False, strip=False, help_text=NOTATIONS,
        widget=forms.Textarea(attrs={"rows": 12, "cols": 60, "spellcheck": "false", "autocomplete": "off"}),
    )  # fmt: skip
    file = forms.FileField(
        label=gettext_lazy("Or a text file with them"), required=False,
        widget=forms.ClearableFileInput(attrs={"accept": ".txt,.csv,text/plain"}),
    )  # fmt: skip
    mode = forms.ChoiceField(
        label=gettext_lazy("This list"),
        widget=forms.RadioSelect,
        initial=REPLACE,
        choices=[
            (REPLACE, gettext_lazy("is all networks of the institution: others disappear")),
            (ADD, gettext_lazy("adds to what is there")),
        ],
    )
    digest = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, institution: Institution, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.institution = institution

    def clean_file(self) -> str:
        file: Any = self.cleaned_data["file"]
        if not file:
            return ""
        if file.size > MOST_BYTES:
            raise forms.ValidationError(_("The file is too large for a list of networks."))
        raw = file.read()
        try:
            return str(raw.decode("utf-16" if raw[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"))
        except UnicodeDecodeError:
            raise forms.ValidationError(_("This is not a text file. Save the list as plain text (UTF-8).")) from None

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        text = cleaned.get("file") or cleaned.get("listed") or ""
        if not text.strip() and "file" not in self.errors:
            self.add_error("listed", _("Type the networks, or choose a file with them."))
        if "\x00" in text:
            self.add_error("file", _("This is not a text file. Save the list as plain text (UTF-8)."))
        cleaned["text"] = text
        return cleaned

    @property
    def replaces(self) -> bool:
        return bool(self.cleaned_data["mode"] == self.REPLACE)

    def plan(self) -> ranges.Plan:
        return ranges.plan(self.institution, self.cleaned_data["text"], replaces=self.replaces)

    def looked_at(self, plan: ranges.Plan) -> "RangeListForm":
        """The same form again, bound to what was read (also out of a file) and to the change that is shown."""
        data = {"listed": self.cleaned_data["text"], "mode": self.cleaned_data["mode"], "digest": plan.digest}
        return RangeListForm(data, institution=self.institution)


class InvitationForm(forms.Form):
    email = forms.EmailField(
        label=gettext_lazy("Email address of the reader"), widget=forms.EmailInput(attrs={"autocomplete": "off"})
    )


class ResolverForm(forms.ModelForm):  # type: ignore[type-arg]  # generic for mypy only
    class Meta:
        model = Institution
        fields: ClassVar[list[str]] = ["resolver_url", "resolver_label"]
        labels: ClassVar[dict[str, Any]] = {
            "resolver_url": gettext_lazy("Link resolver"), "resolver_label": gettext_lazy("Words of the link"),
        }  # fmt: skip
        help_texts: ClassVar[dict[str, Any]] = {
            "resolver_url": gettext_lazy(
                "Base address of its OpenURL link resolver. Its readers get a link beside each article."
            ),
            "resolver_label": gettext_lazy(
                "For example “Find it at Heron University”. Empty: “Find it at my library”."
            ),
        }

    def clean_resolver_url(self) -> str:
        url: str = self.cleaned_data["resolver_url"].strip()
        if "#" in url:
            raise forms.ValidationError(
                _("Leave out what begins with #: the article's data goes to the end of the address.")
            )
        return url
