"""Looking at the site as the reader sees it (desk/viewing_as.py)."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from procrastinate.contrib.django import app

from accounts.models import User
from desk import viewing_as
from desk.actions.frame import Action, Done, Impossible, Preview
from desk.models import AuditEntry


class ViewAs(Action):
    name, title, button = viewing_as.ACTION, "View the site as this reader…", "View the site as this reader"
    permission = viewing_as.PERMISSION
    intro = "To see what they see. You can read, and do nothing: every button answers that it was not done."

    def check(self, person: User) -> None:
        if why := viewing_as.objection(person):
            raise Impossible(why)

    def preview(self, person: User, told: dict[str, Any]) -> Preview:
        if viewing_as.has_powers(person):
            raise Impossible(f"{person} has a role or looks after a library. Only readers' pages can be looked at.")
        return Preview([
            f"For 15 minutes every page of the site is shown to you as {person} sees it, with a banner on top.",
            "Nothing counts as their reading: no usage, no rental's clock, no CME.",
            "Not shown: their account's own pages, downloads in their name, and what their network or browser adds.",
            "Beginning and end stand in the audit log.",
        ])  # fmt: skip

    def do(self, person: User, told: dict[str, Any], by: User) -> Done:
        until = int(viewing_as.LASTS.total_seconds())
        return Done(f"Looking at the site as {person}, for at most {until // 60} minutes.", thing=person)

    def answer(self, request: HttpRequest, entry: AuditEntry) -> HttpResponse:
        app.configure_task("desk.end_viewing", schedule_at=entry.at + viewing_as.LASTS).defer(entry=entry.pk)
        response = redirect("subscriptions:my_access")
        viewing_as.begin(request, response, entry)
        return response
