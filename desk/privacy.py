"""What the desk knows of a person: its share of the copy, and of being forgotten (accounts/privacy.py).

Notes go. The audit log stays, because it says what the staff did: when, who and which deed, on an account that is only
a number then; its words go. Merging moves notes along and leaves the log where it happened (`merging.STAYS`).
"""

from collections.abc import Iterable

from django.utils import timezone

from accounts.models import User
from accounts.privacy import Part, Rows, values
from desk.models import AuditEntry, Note

KEEPS_LOG = (
    "That our staff did something for your account, and when, so that it can be checked; without any words about you."
)


def tables(user: User) -> dict[str, Rows]:
    """What was done and written about them; not by whom."""
    return {
        "done_by_staff": values(AuditEntry.objects.filter(person=user), "at", "action", "about", "reason", "effect"),
        "notes_of_staff": values(Note.objects.filter(person=user), "at", "text", "struck_at", "strike_reason"),
    }


def keeps(user: User) -> Iterable[str]:
    return [KEEPS_LOG] if AuditEntry.objects.filter(person=user).exists() else []


def erase(user: User) -> Iterable[str]:
    kept = list(keeps(user))
    Note.objects.filter(person=user).delete()
    spoken = AuditEntry.objects.filter(person=user, erased_at=None)
    spoken.update(erased_at=timezone.now(), about="", reason="", effect="", undo={})
    return kept


PART = Part(tables=tables, erase=erase, keeps=keeps)
