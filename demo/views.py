"""Pages that only the demo has: who there is to sign in as, and the mail that was sent."""

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from demo.faults import COOKIE, COOKIE_SECONDS, FAULTS
from demo.mailbox import letters
from demo.sample_journal import PASSWORD, people


@require_safe
def sample_people(request: HttpRequest) -> HttpResponse:
    context = {"people": people(), "password": PASSWORD, "console_url": settings.STRIPE_CONSOLE_URL}
    return render(request, "demo/people.html", context)


@never_cache
@require_safe
def mail(request: HttpRequest) -> HttpResponse:
    return render(request, "demo/mail.html", {"letters": letters()})


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def faults(request: HttpRequest) -> HttpResponse:
    """Staff switch a fault on for their own browser, to see what a reader would. Another browser notices nothing."""
    if not request.user.is_staff:
        return redirect_to_login(request.get_full_path())
    if request.method == "POST":
        response = redirect("demo:faults")
        chosen = request.POST.get("fault", "")
        if chosen in FAULTS:
            response.set_cookie(COOKIE, chosen, max_age=COOKIE_SECONDS, httponly=True, samesite="Lax")
        else:
            response.delete_cookie(COOKIE, samesite="Lax")
        return response
    return render(request, "demo/faults.html", {"faults": FAULTS.items(), "chosen": request.COOKIES.get(COOKIE, "")})
