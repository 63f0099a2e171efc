"""A library's own page: overview and the way to it."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from journal.models import Article
from subscriptions.institutions import seats
from subscriptions.institutions.forms import ResolverForm
from subscriptions.institutions.open_url import open_url
from subscriptions.institutions.permission import library_page, managed_by
from subscriptions.models import Institution, InstitutionSignIn, Membership, RangeProposal, SiteLicense


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
def licenses(request: HttpRequest, institution: Institution) -> HttpResponse:
    """What is licensed, for which years, and the papers."""
    asked = institution.licenses.exclude(state=SiteLicense.State.DRAFT).select_related("journal")
    given = (
        institution.entitlements.in_force()
        .exclude(source__startswith="license:")
        .select_related("article", "issue", "journal")
    )
    context = {"institution": institution, "tab": "licenses", "licenses": asked, "given": given}
    return render(request, "subscriptions/library/licenses.html", context)


@library_page
@require_http_methods(["GET", "HEAD", "POST"])
def resolver(request: HttpRequest, institution: Institution) -> HttpResponse:
    """The library's link resolver, and an example of what its readers get."""
    form = ResolverForm(request.POST or None, instance=institution)
    if request.method == "POST" and form.is_valid():
        form.save()
        messages.success(request, _("Saved. Your readers see it beside each article from now on."))
        return redirect("subscriptions:library_resolver", institution.pk)
    institution = Institution.objects.get(pk=institution.pk)  # as it is stored, whatever the form was given
    article = Article.objects.published().newest().select_related("journal").first()
    base = institution.resolver_url
    example = open_url(base, article, article.journal) if article and base else ""
    context = {"institution": institution, "tab": "resolver", "form": form, "example": example, "article": article}
    return render(request, "subscriptions/library/resolver.html", context)


@library_page
@require_GET
def overview(request: HttpRequest, institution: Institution) -> HttpResponse:
    members = institution.memberships.in_force()
    context: dict[str, Any] = {
        "institution": institution, "tab": "overview", "ranges": institution.ranges.count(),
        "waiting": institution.proposals.filter(state=RangeProposal.State.WAITING).exists(),
        "taken": seats.taken(institution), "kept": institution.invitations.open().count(),
        "by_sign_in": members.filter(way=Membership.Way.SIGN_IN).count(),
        "rights": institution.entitlements.in_force().select_related("article", "issue", "journal"),
        "has_sign_in": InstitutionSignIn.objects.filter(institution=institution, active=True).exists(),
        "unpaid": institution.licenses.filter(state=SiteLicense.State.OPEN),
    }  # fmt: skip
    return render(request, "subscriptions/library/overview.html", context)
