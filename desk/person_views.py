"""The person's page."""

from itertools import groupby
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404

from accounts.models import User
from desk.actions import actions_for
from desk.admin.people import ExplainForm, desk_of
from desk.pages import desk_page, page

MAY_SEE = ("accounts.view_user", "subscriptions.view_entitlement")


@desk_page(*MAY_SEE)
def person(request: HttpRequest, user_id: int) -> HttpResponse:
    found = get_object_or_404(User, pk=user_id)
    context: dict[str, Any] = {
        "title": found.get_full_name(), "person": found, "original": found, "desk": desk_of(found),
        "explain_form": ExplainForm(), "actions": grouped_actions(request, found),
    }  # fmt: skip
    return page(request, "admin/desk/person.html", context)


def grouped_actions(request: HttpRequest, person: User) -> list[tuple[str, list[tuple[str, str]]]]:
    """What can be done, group by group, in the order in which `desk.actions` tells it."""
    told = groupby(actions_for(request, person), key=lambda action: action[2])
    return [(group, [(words, address) for words, address, _ in actions]) for group, actions in told]
