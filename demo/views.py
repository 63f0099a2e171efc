"""Pages that only the demo has: who there is to sign in as, and the mail that was sent."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from demo.mailbox import letters
from demo.patterns import samples
from demo.sample_journal import PASSWORD, people


@require_safe
def sample_people(request: HttpRequest) -> HttpResponse:
    context = {"people": people(), "password": PASSWORD, "console_url": settings.STRIPE_CONSOLE_URL}
    return render(request, "demo/people.html", context)


@never_cache
@require_safe
def mail(request: HttpRequest) -> HttpResponse:
    return render(request, "demo/mail.html", {"letters": letters()})


@require_safe
def patterns(request: HttpRequest) -> HttpResponse:
    """Every component in every state, for whoever changes the design."""
    return render(request, "components/pattern_library.html", samples())
