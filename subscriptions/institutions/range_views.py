"""A library's networks: what they are, and the list a librarian proposes."""

from typing import Any

from django.contrib import messages
from django.db import IntegrityError, transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from subscriptions.institutions import letters
from subscriptions.institutions.forms import RangeListForm
from subscriptions.institutions.permission import library_page
from subscriptions.models import Institution, RangeProposal

SHOWN = 500


@library_page
@require_http_methods(["GET", "HEAD", "POST"])
def networks(request: HttpRequest, institution: Institution) -> HttpResponse:
    """The networks, the proposal that waits, and the form: look first, then send."""
    proposals = institution.proposals.select_related("proposed_by")
    waiting = proposals.filter(state=RangeProposal.State.WAITING).first()
    form = RangeListForm(request.POST or None, request.FILES or None, institution=institution)
    plan = None
    if request.method == "POST" and waiting is None and form.is_valid():
        plan = form.plan()
        if "send" in request.POST and plan.is_possible and form.cleaned_data["digest"] == plan.digest:
            _send(request, institution, form)
            return redirect("subscriptions:library_networks", institution.pk)
        form = form.looked_at(plan)
    ranges = institution.ranges.order_by("network")
    context: dict[str, Any] = {
        "institution": institution, "tab": "networks", "form": form, "plan": plan, "waiting": waiting,
        "ranges": ranges[:SHOWN], "more": max(ranges.count() - SHOWN, 0),
        "refused": _refused(institution) if waiting is None else None,
    }  # fmt: skip
    return render(request, "subscriptions/library/networks.html", context)


def _refused(institution: Institution) -> RangeProposal | None:
    """The latest answer, if it was a no."""
    latest = institution.proposals.order_by("-sent_at").first()
    return latest if latest and latest.state == RangeProposal.State.REFUSED else None


def _send(request: HttpRequest, institution: Institution, form: RangeListForm) -> None:
    """One proposal waits for an institution: a double click finds the first, which an index of the table holds."""
    try:
        with transaction.atomic():
            row = RangeProposal.objects.create(
                institution=institution, proposed_by=request.user, listed=form.cleaned_data["text"],  # type: ignore[misc]
                replaces=form.replaces,
            )  # fmt: skip
            letters.ranges_proposed(row)
    except IntegrityError:
        return
    messages.success(request, _("Sent. Staff look at the list, and we write to you when it is decided."))


@library_page
@require_POST
def take_back(request: HttpRequest, institution: Institution) -> HttpResponse:
    """A proposal that waits is taken back by its institution."""
    institution.proposals.filter(state=RangeProposal.State.WAITING).delete()
    messages.info(request, _("The proposal is taken back. Nothing was changed."))
    return redirect("subscriptions:library_networks", institution.pk)
