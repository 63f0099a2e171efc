"""The pattern library: every component in every state, in the journal's own look."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from desk.pages import desk_page
from desk.patterns import samples


@desk_page("journal.view_journal", role="Editor")
def patterns(request: HttpRequest) -> HttpResponse:
    """In the readers' frame, because their styles are what it shows."""
    return render(request, "components/pattern_library.html", samples())
