"""What a person does with the account, beside allauth's pages."""

from typing import Any

from allauth.usersessions.models import UserSession
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_POST


@login_required
@require_POST
def end_session(request: HttpRequest, pk: int) -> HttpResponse:
    """One of the other browsers this account is signed in with; it is out at its next page."""
    session: Any = get_object_or_404(UserSession, pk=pk, user=request.user)
    session.end()
    messages.success(request, "That session has ended.")
    return redirect("usersessions_list")
