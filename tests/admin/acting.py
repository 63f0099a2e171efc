"""What staff do on the desk's pages, step by step: open, look at what happens, do it, undo it."""

import re
from typing import Any

from django.test import Client

from accounts.models import User
from desk.models import AuditEntry
from tests.admin.said import text_of

WHY = "Called; knew the order number"


def address(person: User, name: str) -> str:
    return f"/admin/desk/people/{person.pk}/do/{name}/"


def token_in(response: Any) -> str:
    found = re.search(r'name="token" value="([^"]*)"', response.content.decode())
    assert found
    return found[1]


def look(client: Client, person: User, name: str, **typed: Any) -> Any:
    return client.post(address(person, name), {"reason": WHY, **typed})


def confirm(client: Client, person: User, name: str, shown: Any, **typed: Any) -> Any:
    sent = {"reason": WHY, **typed, "token": token_in(shown), "confirm": "yes"}
    return client.post(address(person, name), sent, follow=True)


def do(client: Client, person: User, name: str, **typed: Any) -> AuditEntry:
    """Look, then do; the entry that came of it."""
    shown = look(client, person, name, **typed)
    assert "Nothing has been done yet" in text_of(shown), text_of(shown)
    before = AuditEntry.objects.count()
    answer = confirm(client, person, name, shown, **typed)
    assert AuditEntry.objects.count() > before, text_of(answer)
    entry = AuditEntry.objects.filter(action=name).latest("pk")
    assert (entry.reason, entry.person_id) == (WHY, person.pk)
    return entry


def undo(client: Client, entry: AuditEntry, reason: str = "A mistake") -> Any:
    page = client.get(f"/admin/desk/log/{entry.pk}/undo/")
    sent = {"reason": reason, "token": token_in(page), "confirm": "yes"}
    return client.post(f"/admin/desk/log/{entry.pk}/undo/", sent, follow=True)
