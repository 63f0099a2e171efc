"""The page where a reader in training sends a proof and sees how it stands."""

from datetime import timedelta
from typing import Any

from django import forms
from django.contrib.auth.decorators import login_required
from django.db import IntegrityError, transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme, urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from subscriptions.models import TraineeProof

MOST_BYTES = 10 * 1024 * 1024
# By their first bytes, whatever the file is called: staff open these.
KINDS = {b"%PDF-": "pdf", b"\xff\xd8\xff": "jpg", b"\x89PNG\r\n\x1a\n": "png"}
WRONG_FILE = gettext_lazy("Please send a PDF, JPEG or PNG file of at most 10 MB.")


class ProofForm(forms.Form):
    program = forms.CharField(label=gettext_lazy("Training program and institution"), max_length=200)
    ends_on = forms.DateField(
        label=gettext_lazy("Expected end of your training"),
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )
    document = forms.FileField(
        label=gettext_lazy("A document that shows it"),
        required=False,
        help_text=gettext_lazy(
            "A letter, contract or card: PDF, JPEG or PNG, at most 10 MB. It is deleted 30 days after we looked."
        ),
        widget=forms.ClearableFileInput(attrs={"accept": ".pdf,.jpg,.jpeg,.png"}),
    )
    attested = forms.BooleanField(
        required=False,
        label=gettext_lazy("I have no document at hand. I declare that I am in training, and name who can confirm it."),
    )
    contact = forms.CharField(
        label=gettext_lazy("Who can confirm it (name and email address)"), max_length=200, required=False,
        help_text=gettext_lazy("Only with the declaration: for example the director of your program."),
    )  # fmt: skip

    def clean_ends_on(self) -> Any:
        ends_on = self.cleaned_data["ends_on"]
        if not timezone.localdate() < ends_on < timezone.localdate() + timedelta(days=3660):
            raise forms.ValidationError(_("The end must lie in the next ten years."))
        return ends_on

    def clean_document(self) -> Any:
        document: Any = self.cleaned_data["document"]
        if document is None:
            return None
        start = document.read(16)
        document.seek(0)
        kind = next((kind for magic, kind in KINDS.items() if start.startswith(magic)), None)
        if kind is None or (document.size or 0) > MOST_BYTES:
            raise forms.ValidationError(WRONG_FILE)
        document.name = f"document.{kind}"
        return document

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        if "document" not in self.errors and not cleaned.get("document") and not cleaned.get("attested"):
            raise forms.ValidationError(_("Add a document, or tick the declaration and say who can confirm it."))
        if cleaned.get("attested") and not cleaned.get("document") and not cleaned.get("contact"):
            self.add_error("contact", _("Please say who can confirm it."))
        return cleaned


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def trainee_proof(request: HttpRequest) -> HttpResponse:
    """Send a proof; while one waits or is good, the page says so instead."""
    proofs = TraineeProof.objects.filter(user=request.user)  # type: ignore[misc]
    waiting = proofs.waiting().first()
    good = proofs.in_force().order_by("-valid_until").first()
    form = ProofForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and waiting is None and form.is_valid():
        _keep(request, form)
        return redirect(f"{reverse('subscriptions:trainee_proof')}?{urlencode({'next': _next(request)})}")
    refused = proofs.filter(state=TraineeProof.State.REFUSED).order_by("-decided_at").first()
    context = {"form": form, "waiting": waiting, "good": good, "refused": refused, "next": _next(request)}
    return render(request, "subscriptions/trainee_proof.html", context)


def _keep(request: HttpRequest, form: ProofForm) -> None:
    """One proof waits for a reader: a double click finds the first, which an index of the table holds."""
    told = {name: form.cleaned_data[name] for name in ("program", "ends_on", "attested", "contact")}
    try:
        with transaction.atomic():
            TraineeProof.objects.create(
                user_id=request.user.pk or 0, document=form.cleaned_data["document"] or "", **told
            )
    except IntegrityError:
        return


def _next(request: HttpRequest) -> str:
    wanted = request.POST.get("next") or request.GET.get("next") or ""
    return wanted if url_has_allowed_host_and_scheme(wanted, allowed_hosts=None) else ""
