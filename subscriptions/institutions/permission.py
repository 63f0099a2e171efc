"""Who looks after an institution. Everybody else is told that its page does not exist."""

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import QuerySet
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.views.decorators.cache import never_cache

from accounts import second_factor
from subscriptions.models import Institution, LibraryManager

STAFF = "subscriptions.change_institution"
SET_UP_FIRST = (
    "A library's pages need a second factor. Set up an authenticator app or a passkey here, then open them again."
)
P = ParamSpec("P")
LibraryView = Callable[Concatenate[HttpRequest, Institution, P], HttpResponseBase]


def manages(user: Any, institution: Institution) -> bool:
    """Its librarians, and staff who may change institutions."""
    if not user.is_authenticated:
        return False
    if LibraryManager.objects.filter(user=user, institution=institution).exists():
        return True
    return bool(user.is_staff and user.has_perm(STAFF))


def is_librarian(user: Any) -> bool:
    """Whoever looks after any institution needs a second factor for it, as staff do."""
    return LibraryManager.objects.filter(user=user).exists()


def managed_by(user: Any) -> "QuerySet[Institution]":
    """The institutions a librarian looks after (not all those staff may see)."""
    return Institution.objects.filter(library_managers__user=user)


def library_page(view: "LibraryView[P]") -> Callable[..., HttpResponseBase]:
    """A page of one institution: signed in with a second factor, one of its librarians, never cached; else 404."""

    @never_cache
    @login_required
    @wraps(view)
    def page(request: HttpRequest, institution_id: int, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        institution = Institution.objects.filter(pk=institution_id).first()
        if institution is None or not manages(request.user, institution):
            raise Http404
        if second_factor.is_missing(request.user):
            messages.warning(request, SET_UP_FIRST)
            return redirect("mfa_index")
        return view(request, institution, *args, **kwargs)

    return page
