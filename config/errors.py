"""Error pages that know what was lost and what was kept."""

import sys

from django.conf import settings
from django.core.exceptions import DisallowedHost, RequestDataTooBig, TooManyFieldsSent, TooManyFilesSent
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest, UnreadablePostError
from django.shortcuts import render
from django.template.loader import render_to_string
from django.views import defaults

from accounts import errors
from accounts.away import DATABASE_AWAY, was_cut_off

SECRET = ("password", "code", "csrfmiddlewaretoken", "credential")
MOST_KEPT, LONGEST_KEPT = 60, 20_000
# Of a page that may come before the site's own policy is there.
POLICY = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; " + "; ".join(
    f"{kind}-src 'self'" for kind in ("font", "img", "script", "style")
)


class AskAgain(HttpResponse):
    """Nobody sees it: the page is made once more (config/middleware.py)."""

    status_code = 503


def server_error(request: HttpRequest) -> HttpResponse:
    """A database that went away in between (while the session was saved) is E1; the rest is our fault."""
    error = sys.exc_info()[1]
    if isinstance(error, DATABASE_AWAY):
        return database_away(request, error)
    return defaults.server_error(request)


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """What no page could make sense of. The page says why, repeats nothing of it, and needs no database.

    It leads to the site by its own name: another name may have been what was wrong.
    """
    too_much = isinstance(exception, RequestDataTooBig | TooManyFieldsSent | TooManyFilesSent)
    status = 413 if isinstance(exception, RequestDataTooBig) else 400
    why = "host" if isinstance(exception, DisallowedHost) else "size" if too_much else ""
    page = render_to_string("400.html", {"why": why, "status": status, "site_url": settings.SITE_URL})
    return HttpResponse(page, status=status, headers={"Cache-Control": "no-store", "Content-Security-Policy": POLICY})


def database_away(request: HttpRequest, error: BaseException) -> HttpResponse:
    if getattr(request, "asks_again", False) and was_cut_off(error):
        return AskAgain()
    return errors.cannot_sign_in(request, f"The database did not answer: {error}")


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """A form that was open too long or a browser without cookies: nothing was done, and what was typed is kept.

    It is shown again only when the browser says that the form was ours: otherwise another site could have filled it in.
    """
    try:
        request.POST  # noqa: B018  (is read here)
    except UnreadablePostError:
        return stopped()
    kept = typed(request) if is_ours(request) else []
    context = {
        "back": request.path, "kept": kept, "asks_password": "password" in request.POST,
        "has_files": bool(request.FILES) and bool(kept), "no_cookies": not request.COOKIES,
    }  # fmt: skip
    return render(request, "403_csrf.html", context, status=403)


def stopped() -> HttpResponse:
    """The client hung up, or was let go, before it had sent all: nobody reads it, and no fault of ours."""
    return HttpResponseBadRequest("The request stopped in the middle.", content_type="text/plain; charset=utf-8")


def is_ours(request: HttpRequest) -> bool:
    """Browsers name the origin of every form; what they cannot name is not shown again."""
    origin = request.headers.get("Origin", "")
    return origin in settings.CSRF_TRUSTED_ORIGINS or origin == f"{request.scheme}://{request.get_host()}"


def typed(request: HttpRequest) -> list[tuple[str, str]]:
    found = [
        (name, value)
        for name, values in request.POST.lists()
        for value in values
        if not any(word in name.lower() for word in SECRET)
    ]
    fits = len(found) <= MOST_KEPT and sum(len(value) for _, value in found) <= LONGEST_KEPT
    return [(name, str(value)) for name, value in found] if fits else []
