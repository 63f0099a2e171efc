"""The one search: straight to the only thing it can be, else a list that says what each hit is and why."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from desk import finding
from desk.finding import places
from desk.pages import desk_page, page


@desk_page()
def search(request: HttpRequest) -> HttpResponse:
    typed = request.GET.get("q", "")
    may = request.user.has_perm
    found = finding.find(typed, may) if typed else None
    if found and found.only:
        return redirect(found.only.url)
    context: dict[str, Any] = {
        "title": "Search", "found": found, "typed": found.typed if found else "",
        "examples": [one for one in finding.table() if one.example and may(one.permission)],
        "network": places.hint(found.typed) if found and not found.hits and may(places.SEES) else "",
    }  # fmt: skip
    return page(request, "admin/desk/search.html", context)
