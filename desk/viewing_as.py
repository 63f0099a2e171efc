"""Looking at the site as a reader sees it: for a quarter of an hour, without doing anything, and marked on every page.

Who looks stays signed in as themselves; only the answer to “who is reading?” is another one, for requests that read.
Nothing is gained by it: what asks for the reader's own proof (account, second factors, copies, downloads in the
reader's name) is not shown, and whom staff may look at has no rights beyond a reader's. The decisions behind each rule
are in docs/decisions/0032-viewing-as.md. The session names the entry in the audit log, and that entry is what counts:
ended there, by whomever, it is ended.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.contrib import admin
from django.contrib.auth.models import Permission
from django.db import IntegrityError, transaction
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from accounts.models import User
from desk import audit
from desk.models import AuditEntry
from subscriptions.models import LibraryManager

ACTION, PERMISSION = "view_as", "desk.view_as_reader"
STATE = "viewing_as"  # in the session: the entry's number
COOKIE = f"{settings.COOKIE_PREFIX}viewing-as"  # says only that the session is worth asking; opens nothing by itself
LASTS = timedelta(minutes=15)
BY_ITSELF, BY_STAFF = "Ended by itself after 15 minutes.", "Ended by the member of staff."
BEGUN_ANEW = "Ended because another one began."


@dataclass(frozen=True, slots=True)
class Viewing:
    """A look that is allowed at this moment."""

    entry: AuditEntry
    person: User
    until: datetime


def objection(person: User) -> str:
    """Why nobody may look as this person; empty where staff may."""
    if person.is_staff or person.is_superuser or not person.is_active:
        return "Only as a reader whose account is active, never as a colleague."
    return ""


def has_powers(person: User) -> bool:
    """Roles, permissions or a library to look after: more than a reader has, though not on the staff."""
    powers = Permission.objects.filter(user=person).exists() or person.groups.exists()
    return powers or LibraryManager.objects.filter(user=person).exists()


def begin(request: HttpRequest, response: HttpResponse, entry: AuditEntry) -> None:
    earlier = request.session.get(STATE)
    if earlier and earlier != entry.pk:
        end(earlier, BEGUN_ANEW)
    request.session[STATE] = entry.pk
    response.set_cookie(
        COOKIE, "1", max_age=int(LASTS.total_seconds()) + 3600, httponly=True, samesite="Lax",
        secure=settings.SESSION_COOKIE_SECURE,
    )  # fmt: skip


def current(request: HttpRequest) -> Viewing | None:
    """The look this request is part of. Asked anew each time: the entry, the member of staff, the reader."""
    number, staff = request.session.get(STATE), request.user
    if number is None or not isinstance(staff, User):
        return None
    entries = AuditEntry.objects.select_related("person", "undone_by")
    entry = entries.filter(pk=number, action=ACTION, by=staff).first()
    if entry is None or entry.person is None or entry.follow_up is not None:
        return None
    until = entry.at + LASTS
    allowed = staff.has_perm(PERMISSION) and admin.site.has_permission(request)
    if until <= timezone.now() or not allowed or objection(entry.person) or has_powers(entry.person):
        return None
    return Viewing(entry, entry.person, until)


def end(number: int, how: str, by: User | None = None) -> bool:
    """Write the end of a look once; False where it had ended."""
    entry = AuditEntry.objects.select_related("person", "undone_by").filter(pk=number, action=ACTION).first()
    if entry is None or entry.follow_up is not None:
        return False
    try:
        with transaction.atomic():
            audit.record("view_as_ended", by=by, person=entry.person, thing=entry.person, effect=how, undoes=entry)
    except IntegrityError:  # the clock and the button at the same moment
        return False
    return True


def forget(request: HttpRequest, response: Any) -> None:
    request.session.pop(STATE, None)
    response.delete_cookie(COOKIE, samesite="Lax")
