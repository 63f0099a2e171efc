"""A library's own page: overview and the way to it."""

from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from subscriptions.institutions.permission import library_page, managed_by
from subscriptions.models import Institution


@never_cache
@login_required
@require_GET
def libraries(request: HttpRequest) -> HttpResponse:
    """The institutions a librarian looks after; the one, if it is one."""
    found = list(managed_by(request.user))
    if len(found) == 1:
        return redirect(found[0])
    return render(request, "subscriptions/library/list.html", {"libraries": found})


@library_page
@require_GET
def overview(request: HttpRequest, institution: Institution) -> HttpResponse:
    context: dict[str, Any] = {"institution": institution, "tab": "overview", "ranges": institution.ranges.count()}
    return render(request, "subscriptions/library/overview.html", context)
