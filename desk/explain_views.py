"""Why an article is open or closed: to a person, or to whoever comes from an address."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404

from accounts.admin_pages import admin_url
from accounts.models import User
from desk.explain_forms import ExplainForm
from desk.pages import desk_page, page
from desk.person_views import MAY_SEE
from subscriptions.explaining import Behind, Explanation, Question, explain
from subscriptions.next_steps import for_reader
from subscriptions.support import moment


@desk_page(*MAY_SEE)
def show(request: HttpRequest, user_id: int | None = None) -> HttpResponse:
    found = get_object_or_404(User, pk=user_id) if user_id else None
    form = ExplainForm(request.GET or None)
    context: dict[str, Any] = {"title": "Explain access", "person": found, "form": form, "found": None}
    if form.is_valid():
        asked = form.cleaned_data
        question = Question(asked["doi"], found, asked["ip"] or None, asked["representation"], asked["at"])
        context |= about(explain(question))
    return page(request, "admin/desk/explain.html", context)


def about(found: Explanation) -> dict[str, Any]:
    """The explanation as the page shows it."""
    question = found.question
    orders = {f"order:{one.row.pk}": one.row for one in found.orders}
    return {
        "found": found, "lines": [(line, orders.get(line.source)) for line in found.lines],
        "article": question.article, "reader_sentence": for_reader(found),
        "when": moment(question.at) if question.at else "at this moment",
        "orders": [_linked(one) for one in found.orders], "behind": [_linked(one) for one in found.behind],
    }  # fmt: skip


def _linked(one: Behind) -> tuple[str, str, str]:
    return moment(one.at), one.what, admin_url(one.row)
