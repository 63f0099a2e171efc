"""Error pages that know what was lost and what was kept."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """A form that was open too long or a browser without cookies: nothing was done, say so, offer the way back."""
    return render(request, "403_csrf.html", {"reason": reason, "back": request.path}, status=403)
