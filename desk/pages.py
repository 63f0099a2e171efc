"""A page of the desk: in the admin's frame, for staff whose role it is, and 403 in words for the others."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse

View = Callable[..., HttpResponse]


def desk_page(*permissions: str, role: str = "Support") -> Callable[[View], View]:
    """Staff who have all of `permissions`; signing in and the second factor are the admin's."""

    def wrap(view: View) -> View:
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if not request.user.has_perms(permissions):
                return refused(request, role)
            return view(request, *args, **kwargs)

        @wraps(view)
        def inside(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            answer: HttpResponse = admin.site.admin_view(guarded)(request, *args, **kwargs)
            return answer

        return inside

    return wrap


def page(request: HttpRequest, template: str, context: dict[str, Any], status: int = 200) -> HttpResponse:
    return TemplateResponse(request, template, {**admin.site.each_context(request), **context}, status=status)


def refused(request: HttpRequest, role: str) -> HttpResponse:
    """403 in words: which role the page needs, and who gives it."""
    return page(request, "admin/refused.html", {"title": "Not with your role", "role": role}, status=403)
