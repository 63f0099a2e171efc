"""Readers an institution knows by name: its librarians' page, and the page an invitation leads to."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from accounts.models import User
from accounts.rate_limits import is_allowed, is_allowed_for
from subscriptions.institutions import seats
from subscriptions.institutions.forms import InvitationForm
from subscriptions.institutions.permission import library_page
from subscriptions.models import Institution, InstitutionSignIn, Membership, SeatInvitation

SHOWN = 500


@library_page
@require_http_methods(["GET", "HEAD", "POST"])
def readers(request: HttpRequest, institution: Institution) -> HttpResponse:
    form = InvitationForm(request.POST or None)
    if request.method == "POST" and form.is_valid() and _invite(request, institution, form):
        return redirect("subscriptions:library_readers", institution.pk)
    members = institution.memberships.in_force().select_related("user")
    by_sign_in = members.filter(way=Membership.Way.SIGN_IN)
    context: dict[str, Any] = {
        "institution": institution, "tab": "readers", "form": form, "free": max(seats.free(institution), 0),
        "seated": members.filter(way=Membership.Way.SEAT), "invitations": institution.invitations.open(),
        "by_sign_in": by_sign_in[:SHOWN], "by_sign_in_count": by_sign_in.count(),
        "has_sign_in": InstitutionSignIn.objects.filter(institution=institution, active=True).exists(),
    }  # fmt: skip
    return render(request, "subscriptions/library/readers.html", context)


def _invite(request: HttpRequest, institution: Institution, form: InvitationForm) -> bool:
    email = form.cleaned_data["email"].lower()
    by: User = request.user  # type: ignore[assignment]  # library_page lets nobody else in
    if not is_allowed_for(f"{institution.pk} {email}", "seat", most=5, seconds=3600):
        form.add_error("email", _("We wrote to this address several times already. Please wait an hour."))
        return False
    try:
        seats.invite(institution, email, by)
    except seats.NoSeatFree:
        form.add_error(
            None, _("All seats are taken or kept for invitations. End a seat or withdraw an invitation first.")
        )
        return False
    messages.success(
        request, _("Invited: %(email)s. The link works for 30 days, and a seat is kept meanwhile.") % {"email": email}
    )
    return True


@library_page
@require_POST
def end_membership(request: HttpRequest, institution: Institution, membership_id: int) -> HttpResponse:
    member = get_object_or_404(institution.memberships, pk=membership_id)
    seats.end(member)
    messages.success(
        request,
        _("%(email)s reads through %(institution)s no longer. The seat is free.")
        % {"email": member.user.email, "institution": institution},
    )
    return redirect("subscriptions:library_readers", institution.pk)


@library_page
@require_POST
def withdraw_invitation(request: HttpRequest, institution: Institution, invitation_id: int) -> HttpResponse:
    seats.withdraw(get_object_or_404(institution.invitations, pk=invitation_id))
    messages.success(request, _("The invitation is withdrawn, and its seat is free."))
    return redirect("subscriptions:library_readers", institution.pk)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def accept_seat(request: HttpRequest, token: str) -> HttpResponse:
    """The page behind the link in the mail. Opening it does nothing (mail scanners open links); its button seats."""
    if not is_allowed(request, "seat_link", most=60, seconds=600):
        return _shown(request, None, "often", 429)
    invitation = seats.invitation_behind(token)
    if invitation is None:
        return _shown(request, None, "unknown", 404)
    if not SeatInvitation.objects.open().contains(invitation):
        return _shown(request, invitation, _ended(invitation, request.user))
    if request.method == "POST" and request.user.is_authenticated:
        return _accept(request, invitation)
    return _shown(request, invitation, "open")


def _ended(invitation: SeatInvitation, user: Any) -> str:
    mine = invitation.membership and invitation.membership.user_id == user.pk
    return "mine" if mine else "over"


@login_required
def _accept(request: HttpRequest, invitation: SeatInvitation) -> HttpResponse:
    try:
        seats.accept(invitation, request.user)  # type: ignore[arg-type]  # signed in
    except seats.InvitationOver:
        return _shown(request, invitation, "over")
    except seats.NoSeatFree:
        return _shown(request, invitation, "full")
    messages.success(request, _("You now read through %(institution)s.") % {"institution": invitation.institution})
    return redirect(reverse("subscriptions:my_access"))


def _shown(request: HttpRequest, invitation: SeatInvitation | None, state: str, status: int = 200) -> HttpResponse:
    context = {"invitation": invitation, "state": state}
    return render(request, "subscriptions/library/seat.html", context, status=status)
