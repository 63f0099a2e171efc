"""The button on the banner of staff who look as a reader."""

from typing import cast

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from accounts.models import User
from desk import viewing_as
from desk.models import AuditEntry
from desk.pages import desk_page


@require_POST
@desk_page("accounts.view_user")
def end(request: HttpRequest) -> HttpResponse:
    """Back to being oneself, at the page of the person one looked as."""
    number = request.session.get(viewing_as.STATE)
    entry = AuditEntry.objects.filter(pk=number, action=viewing_as.ACTION).first() if number else None
    if entry and viewing_as.end(entry.pk, viewing_as.BY_STAFF, cast(User, request.user)):
        messages.success(request, "You see the site as yourself again.")
    response = redirect("admin:desk:person", entry.person_id) if entry else redirect("admin:index")
    viewing_as.forget(request, response)
    return response
