"""Ending everywhere an account is signed in: a lost laptop, a shared computer."""

from typing import Any

from accounts import open_sessions
from accounts.devices import browser_named
from accounts.models import User
from desk.actions.frame import Action, Done, Impossible, Preview


class EndSessions(Action):
    name, title, button = "end_sessions", "End all sessions…", "End all sessions"
    intro = "Every browser is signed out at its next page. The password stays as it is."

    def preview(self, person: User, told: dict[str, Any]) -> Preview:
        found = open_sessions.of(person)
        if not found:
            raise Impossible(f"{person} is signed in nowhere.")
        where = [f"{browser_named(session.user_agent)} at {session.ip}" for session in found]
        return Preview([f"Signed out: {', '.join(where)}."], ["They sign in again with password or code as before."])

    def do(self, person: User, told: dict[str, Any], by: User) -> Done:
        return Done(f"{open_sessions.end_all(person)} sessions ended.", thing=person)
